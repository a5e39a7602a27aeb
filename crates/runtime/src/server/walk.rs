//! The walk of one request.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use aval_proto::common::v1::ErrorReason;
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::Status;
use tonic::body::Body;
use tower::Service;
use tracing::{Instrument, Span};

use super::connection::Peer;
use super::load::Slot;
use super::message_limit::LimitedBody;
use super::{Shared, refused_call, unread_request};
use crate::answer::{self, AnswerBody, Limits};
use crate::call::Call;
use crate::caller::{CallerId, is_open_to_all};
use crate::context::RequestContext;
use crate::deadline;
use crate::environment::Environment;
use crate::methods::{Method, Methods};
use crate::status::{Refusal, not_implemented};
use crate::telemetry::{self, CallRecord, MethodLabel, TraceParent};
use crate::token::{TokenError, VerifiedToken};

/// The header of refusals that finds the call in the logs: its trace.
const REQUEST_ID: &str = "aval-request-id";

/// Room → trace and metrics → deadline → admission → handler. It always answers.
pub(super) async fn walk(
    shared: Arc<Shared>,
    peer: Arc<Peer>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let method = Methods::known().find(request.uri().path());
    let label = method.map_or(MethodLabel::OTHER, |method| method.label);
    let slot = match enter(&shared, &peer, method) {
        Ok(slot) => slot,
        Err(no_room) => {
            let (parts, body) = request.into_parts();
            let answer = turn_away(&shared, label, &parts.headers, *no_room);
            drop(parts);
            refused_call::read_out(&shared.waiting_room, body).await;
            return Ok(answer);
        }
    };
    let (trace_parent, span) = enter_trace(&shared.environment, label, request.headers());
    let deadline = deadline_of(&shared, method, request.headers());
    let call = Call {
        method: label,
        trace_parent,
        deadline,
    };
    let record = CallRecord::of_served(call, span.clone());

    // Boxed: what is around it is moved several times before it runs, and is small so.
    let handling = admit_and_handle(&shared, &peer, method, call, slot, request);
    let admitted = Box::pin(call.scope(handling));
    let answered = async {
        match deadline {
            Some(deadline) => timeout_at(deadline, admitted)
                .await
                .unwrap_or_else(|_| Err(deadline::exceeded().into())),
            None => admitted.await,
        }
    }
    .instrument(span)
    .await;

    let (mut answer, record, unread) = match answered {
        Ok(answer) => (answer, record, None),
        Err(Refused { refusal, unread }) => {
            let record = record.refused_for(refusal.reason());
            (Status::from(refusal).into_http(), record, unread)
        }
    };
    if answer::code_in(answer.headers()).is_some() {
        let id = request_id(trace_parent);
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    let answer = answer::watch(answer, record, limits(&peer, method, deadline));
    if let Some(body) = unread {
        refused_call::read_out(&shared.waiting_room, body).await;
    }
    Ok(answer)
}

/// A call that is refused, and its request if nobody has read it.
struct Refused {
    refusal: Refusal,
    unread: Option<Incoming>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            unread: None,
        }
    }
}

/// Rate → load: whether there is room for a call, before anything is made of it. Health and
/// reflection always have room, and take none; what is refused anyway does not, either.
///
/// What there is no room for is most of what arrives in an overload: each is looked at no
/// longer than it takes to say so, once what it sends is there.
fn enter<'shared>(
    shared: &'shared Shared,
    peer: &Peer,
    method: Option<&Arc<Method>>,
) -> Result<Option<Slot<'shared>>, Box<NoRoom>> {
    let takes_room = method.is_some_and(|method| !is_open_to_all(&method.service));
    if !takes_room || peer.caller.is_err() {
        return Ok(None);
    }
    if let Some(rate) = &peer.rate {
        let taken = rate.take();
        taken.map_err(|refusal| Box::new((refusal.reason(), Status::from(refusal).into_http())))?;
    }
    let slot = shared.load.enter();
    slot.map(Some)
        .map_err(|full| Box::new((ErrorReason::Overloaded, full.answer())))
}

/// Why there is no room for a call, and the answer that says so.
type NoRoom = (ErrorReason, Response<Body>);

/// Answers a call for which there is no room: it is measured as every other and has its
/// request id, but no span.
fn turn_away(
    shared: &Shared,
    label: MethodLabel,
    headers: &HeaderMap,
    (reason, mut answer): NoRoom,
) -> Response<AnswerBody> {
    let trace_parent = TraceParent::in_headers(headers)
        .unwrap_or_else(|| TraceParent::begin(shared.environment.random.as_ref()));
    let id = request_id(trace_parent);
    answer.headers_mut().insert(REQUEST_ID, id);
    let call = Call {
        method: label,
        trace_parent,
        deadline: None,
    };
    let record = CallRecord::of_served(call, Span::none()).refused_for(reason);
    answer::watch(answer, record, Limits::default())
}

/// Not for the table of headers that both ends of a connection keep: it is another one each
/// time, and would push out of it what is always the same.
fn request_id(trace_parent: TraceParent) -> HeaderValue {
    let id = HeaderValue::from_str(&trace_parent.trace_id.to_string());
    let mut id = id.expect("hexadecimal digits are a header");
    id.set_sensitive(true);
    id
}

/// Caller → allowlist → token → context → handler, with this room.
async fn admit_and_handle(
    shared: &Shared,
    peer: &Peer,
    method: Option<&Arc<Method>>,
    call: Call,
    _slot: Option<Slot<'_>>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refused> {
    let context = match admit(shared, peer, method, call, request.headers()).await {
        Ok(context) => context,
        Err(refusal) => {
            let unread = Some(request.into_body());
            return Err(Refused { refusal, unread });
        }
    };
    let largest = shared.config.max_message_bytes;
    let mut request = request.map(|body| Body::new(LimitedBody::new(body, largest)));
    request.extensions_mut().insert(Arc::new(context));

    let handled = AssertUnwindSafe(shared.routes.clone().call(request))
        .catch_unwind()
        .await;
    let is_open = method.is_some_and(|method| is_open_to_all(&method.service));
    match handled {
        Ok(Ok(answer)) if is_open => Ok(answer),
        Ok(Ok(answer)) => Ok(unread_request::with_reason(answer)?),
        Err(_) => Err(answer::panicked().into()),
    }
}

/// Caller → allowlist → token → context.
async fn admit(
    shared: &Shared,
    peer: &Peer,
    method: Option<&Arc<Method>>,
    call: Call,
    headers: &HeaderMap,
) -> Result<RequestContext, Refusal> {
    let caller = peer.caller.as_ref().map_err(|unknown| *unknown)?;
    let method = method.ok_or_else(not_implemented)?;
    let is_open = is_open_to_all(&method.service);
    if !is_open && !shared.allowlist.allows(&method.service, caller) {
        return Err(Refusal::new(
            ErrorReason::CallerNotAllowed,
            "this caller may not call this service",
        ));
    }
    // Health and reflection serve nobody in particular: they look at no token.
    let token = if is_open {
        None
    } else {
        verified_token(shared, peer, caller, headers).await?
    };
    Ok(RequestContext {
        now: shared.environment.clock.now(),
        caller: caller.clone(),
        thumbprint: peer.thumbprint,
        actor: token.as_ref().map(|token| Arc::clone(&token.actor)),
        token_expires_at: token.as_ref().map(|token| token.expires_at),
        trace_id: Some(call.trace_parent.trace_id),
        random: Arc::clone(&shared.environment.random),
        clock: Arc::clone(&shared.environment.clock),
    })
}

/// The verified token of the person for whom the call is made, if one came with it.
/// A token that is there and wrong is never taken for none.
async fn verified_token(
    shared: &Shared,
    peer: &Peer,
    caller: &CallerId,
    headers: &HeaderMap,
) -> Result<Option<Arc<VerifiedToken>>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let malformed = || {
        Refusal::new(
            ErrorReason::TokenInvalid,
            "the authorization must be one bearer token",
        )
    };
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") || values.next().is_some() {
        return Err(malformed());
    }
    let token = token.trim_start();
    let verified = shared.verifier.verify(token, peer.thumbprint).await;
    if let Err(TokenError::BoundElsewhere) = verified {
        tracing::warn!(%caller, "a token that is bound to another certificate was refused");
    }
    Ok(Some(verified?))
}

/// The call's place in its trace: below the caller's, or at the beginning of one.
fn enter_trace(
    environment: &Environment,
    label: MethodLabel,
    headers: &HeaderMap,
) -> (TraceParent, Span) {
    let named = TraceParent::in_headers(headers);
    let place = named.unwrap_or_else(|| TraceParent::begin(environment.random.as_ref()));
    let is_recorded = match named {
        Some(parent) => telemetry::records_below(parent),
        None => telemetry::records_from(place),
    };
    if !is_recorded {
        return (place, Span::none());
    }
    // A recorded span begins a trace of its own where the caller names none.
    let (span, own) = telemetry::enter_served(label, named);
    (own.unwrap_or(place), span)
}

/// What the caller asked for, within the configured bounds; a stream without a
/// deadline goes on.
fn deadline_of(
    shared: &Shared,
    method: Option<&Arc<Method>>,
    headers: &HeaderMap,
) -> Option<Instant> {
    let requested = deadline::requested(headers);
    let wait = if method.is_some_and(|method| method.is_streaming) {
        requested
    } else {
        let default = shared.config.default_deadline.get();
        Some(requested.map_or(default, |wait| {
            wait.min(shared.config.longest_deadline.get())
        }))
    };
    wait.map(|wait| Instant::now() + wait)
}

/// What ends a stream early. A unary answer is whole when it leaves its handler.
fn limits(peer: &Peer, method: Option<&Arc<Method>>, deadline: Option<Instant>) -> Limits {
    let Some(method) = method.filter(|method| method.is_streaming) else {
        return Limits::default();
    };
    let stop = if is_open_to_all(&method.service) {
        &peer.over_or_draining
    } else {
        &peer.over
    };
    Limits {
        deadline: deadline.map(|deadline| Box::pin(sleep_until(deadline))),
        stop: Some(Box::pin(stop.clone().cancelled_owned())),
    }
}
