//! Channels to other services.

mod hold_back;
mod instances;
mod repeat;
mod transport;

use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aval_proto::common::v1::ErrorReason;
use http::{Request, Response};
use tokio::time::{Instant, sleep_until};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Service, ServiceExt};
use tracing::Instrument;

use crate::answer::{self, Limits};
use crate::caller::is_open_to_all;
use crate::config::PeerConfig;
use crate::methods::Methods;
use crate::status::{Causes, Refusal};
use crate::telemetry::{self, CallRecord, Callee, MethodLabel, TRACEPARENT, TraceParent};
use crate::{call, deadline};

pub use crate::answer::AnswerBody;
use hold_back::HoldBack;
use instances::{AtWork, Instances, SystemNames};
use repeat::{Budget, MOST_ATTEMPTS, Repeatable, Rounds, causes, pause, was_not_worked_on};

pub use hold_back::HELD_BACK;
pub use instances::Names;
pub use repeat::SOON;
pub use transport::ChannelError;
pub(crate) use transport::Transport;

/// A channel to another service, for generated clients: `TrailServiceClient::new(channel)`.
/// Cheap to clone; clones share the connections.
///
/// The calls are spread over the instances that the peer's name leads to, which is looked
/// up again every few seconds and whenever one of them does not answer. A unary call that
/// did not get through is made again, at another instance where there is one, as long as
/// its deadline and a budget shared by all calls last. What would be something else the
/// second time, as `RefreshToken` is, is made again only where nobody can have worked on it.
///
/// Any other unary call that an instance answers with `UNAVAILABLE` is made at each of the
/// others, and at all of them again after pauses, if none says (`RetryInfo`) to wait for
/// longer. That instance is passed over for a while, so that calls which only one serves soon go
/// there.
///
/// A peer that has no room for calls (`OVERLOADED`) is sent about twice what it takes; the rest
/// is refused here, with the same reason.
///
/// A call carries the trace of the call that it is made for, and no more time than
/// that one has left. A unary call has at most the peer's configured deadline; one
/// that runs out of time answers `DEADLINE_EXCEEDED`, and one that does not get
/// through `UNAVAILABLE` with the reason `DEPENDENCY_UNAVAILABLE`.
#[derive(Debug, Clone)]
pub struct Channel {
    peer: Arc<Peer>,
    unary_deadline: Duration,
}

#[derive(Debug)]
struct Peer {
    callee: Callee,
    instances: Instances,
    budget: Budget,
    hold_back: HoldBack,
}

/// A channel that connects when it is first used, and again when a connection is
/// lost; the peer need not be there yet. Call it inside the asynchronous run time.
pub fn connect_lazy(peer: &PeerConfig) -> Result<Channel, ChannelError> {
    connect_with(peer, Arc::new(SystemNames))
}

/// The same where something else than the system knows the addresses of names.
pub fn connect_with(peer: &PeerConfig, names: Arc<dyn Names>) -> Result<Channel, ChannelError> {
    let unary_deadline = peer.deadline.get();
    let transport = Transport::new(peer)?;
    let peer = Arc::new(Peer {
        callee: Callee::new(transport.host(), transport.port()),
        instances: Instances::of(transport, names),
        budget: Budget::full(),
        hold_back: HoldBack::new(),
    });
    Ok(Channel {
        peer,
        unary_deadline,
    })
}

type AnswerFuture =
    Pin<Box<dyn Future<Output = Result<Response<AnswerBody>, tonic::transport::Error>> + Send>>;

impl Service<Request<Body>> for Channel {
    type Response = Response<AnswerBody>;
    type Error = tonic::transport::Error;
    type Future = AnswerFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> AnswerFuture {
        let method = Methods::known().find(request.uri().path());
        let label = method.map_or(MethodLabel::OTHER, |method| method.label);
        let is_streaming = method.is_some_and(|method| method.is_streaming);
        // What is not known may be a stream, which is sent once.
        let is_unary = method.is_some_and(|method| !method.is_streaming);
        let may_repeat = method.is_some_and(|method| method.may_repeat);
        let may_be_held_back =
            !is_streaming && method.is_some_and(|one| !is_open_to_all(&one.service));
        let peer = Arc::clone(&self.peer);
        let span = enter_trace(&mut request, label, &peer.callee);
        let deadline = self.limit(&mut request, is_streaming);
        let record = CallRecord::of_made(label, peer.callee.clone(), span.clone());
        Box::pin(
            async move {
                let mut limits = Limits {
                    deadline: deadline.map(|deadline| Box::pin(sleep_until(deadline))),
                    ..Limits::default()
                };
                let asking = async {
                    if may_be_held_back {
                        peer.hold_back.may_send(Instant::now())?;
                    }
                    if is_unary {
                        let asking = peer.ask_until_it_gets_through(request, may_repeat, deadline);
                        asking.await
                    } else {
                        peer.ask_once(request).await
                    }
                };
                let answered = match &mut limits.deadline {
                    None => asking.await,
                    Some(deadline) => tokio::select! {
                        biased;
                        () = deadline => Err(deadline::exceeded().into()),
                        answer = asking => answer,
                    },
                };
                let answer = answered.unwrap_or_else(|status: Status| status.into_http());
                Ok(answer::watch(answer, record, limits))
            }
            .instrument(span),
        )
    }
}

impl Peer {
    async fn ask_once(&self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let Some(instance) = self.instances.choose(&[]).await else {
            return Err(not_answering().into());
        };
        self.ask(&instance, request)
            .await
            .map_err(|error| not_through(&error).into())
    }

    /// Asks one instance after the other, as often as it makes sense before the deadline: of
    /// a call that may not be repeated, while none of them can have worked on it.
    async fn ask_until_it_gets_through(
        &self,
        request: Request<Body>,
        may_repeat: bool,
        deadline: Option<Instant>,
    ) -> Result<Response<Body>, Status> {
        let request = Repeatable::read(request).await?;
        let (mut tried, mut sent_on, mut lost) = (Vec::new(), 0, 0);
        let mut rounds = Rounds::until(deadline);
        let mut chosen = self.instances.choose(&tried).await;
        // What was answered last by an instance that cannot serve.
        let mut told = None;
        loop {
            let instance = chosen.ok_or_else(not_answering)?;
            let begun = Instant::now();
            let asked = self.ask(&instance, request.again(deadline)).await;
            let address = instance.address();
            tried.push(address);
            // It is done with this call before the next is chosen.
            drop(instance);
            match asked {
                Ok(answer) if is_unavailable(&answer) => {
                    if !may_repeat {
                        return Ok(answer);
                    }
                    rounds.was_told(answer.headers());
                    told = Some(answer);
                }
                Ok(answer) => {
                    self.budget.got_through(sent_on);
                    return Ok(answer);
                }
                Err(error) if ran_out_of_time(&error) => return Err(not_through(&error).into()),
                Err(error) => {
                    rounds.was_lost_at(address, begun.elapsed());
                    if told.is_none() || rounds.are_ruled_out() {
                        lost += 1;
                        let again = lost < MOST_ATTEMPTS
                            && (may_repeat || was_not_worked_on(&error))
                            && self.budget.allows_another();
                        if !again {
                            return Err(not_through(&error).into());
                        }
                        chosen = self.instance_after(&tried).await;
                        continue;
                    }
                }
            }
            chosen = self.one_that_may_serve(&mut tried, &mut rounds).await;
            if chosen.is_none() || !self.budget.allows_another() {
                return told.ok_or_else(|| not_answering().into());
            }
            sent_on += 1;
        }
    }

    /// The one to ask where one answered that it cannot serve: it does not write the log, or
    /// lost its database. Each of the others may; and once none of them did, any of them if this
    /// is soon over.
    async fn one_that_may_serve(
        &self,
        tried: &mut Vec<SocketAddr>,
        rounds: &mut Rounds,
    ) -> Option<AtWork> {
        let next = self.instances.choose(tried).await?;
        if !tried.contains(&next.address()) {
            return Some(next);
        }
        drop(next);
        if self.budget.is_spent() {
            return None;
        }
        *tried = rounds.next().await?;
        self.instances.choose(tried).await
    }

    /// The one to ask after these: another one at once, the same one after a pause.
    async fn instance_after(&self, tried: &[SocketAddr]) -> Option<AtWork> {
        let next = self.instances.choose(tried).await?;
        if !tried.contains(&next.address()) {
            return Some(next);
        }
        drop(next);
        tokio::time::sleep(pause(tried.len())).await;
        self.instances.choose(tried).await
    }

    async fn ask(
        &self,
        instance: &AtWork,
        request: Request<Body>,
    ) -> Result<Response<Body>, tonic::transport::Error> {
        let mut channel = instance.channel();
        let answered = match channel.ready().await {
            Ok(ready) => ready.call(request).await,
            Err(error) => Err(error),
        };
        match &answered {
            Ok(answer) if is_unavailable(answer) => instance.does_not_serve(),
            Ok(answer) => {
                instance.serves();
                self.hold_back.was_answered(answer);
            }
            Err(error) if !ran_out_of_time(error) => self.instances.did_not_answer(instance),
            Err(_) => {}
        }
        answered
    }
}

impl Channel {
    /// Bounds the call by what its client set, by the call that it is made for, and, if
    /// it is unary, by the configuration.
    fn limit(&self, request: &mut Request<Body>, is_streaming: bool) -> Option<Instant> {
        let wait = [
            deadline::requested(request.headers()),
            call::remaining(),
            (!is_streaming).then_some(self.unary_deadline),
        ]
        .into_iter()
        .flatten()
        .min()?;
        request
            .headers_mut()
            .insert(deadline::GRPC_TIMEOUT, deadline::header(wait));
        Some(Instant::now() + wait)
    }
}

/// Puts the call into the trace that its client names, or else into that of the call
/// which it is made for.
fn enter_trace(request: &mut Request<Body>, label: MethodLabel, callee: &Callee) -> tracing::Span {
    let named = TraceParent::in_headers(request.headers());
    let above = named.or_else(|| Some(call::current()?.trace_parent));
    let is_recorded = above.map_or_else(telemetry::records_unasked, telemetry::records_below);
    let (span, place) = if is_recorded {
        // The span of the call being served is the parent of this one by itself.
        telemetry::enter_made(label, callee, named)
    } else {
        (tracing::Span::none(), above)
    };
    if let Some(place) = place {
        request.headers_mut().insert(TRACEPARENT, place.header());
    }
    span
}

/// Whether it answers that it cannot serve the call.
fn is_unavailable(answer: &Response<Body>) -> bool {
    answer::code_in(answer.headers()) == Some(Code::Unavailable)
}

/// What the caller learns of a call that did not get through. The cause goes to the
/// log, not on.
fn not_through(error: &tonic::transport::Error) -> Refusal {
    tracing::debug!(error = %Causes(error), "a call to another service did not get through");
    // The transport keeps the same deadline, and may notice first.
    if ran_out_of_time(error) {
        return deadline::exceeded();
    }
    not_answering()
}

fn not_answering() -> Refusal {
    Refusal::new(
        ErrorReason::DependencyUnavailable,
        "another service does not answer; nothing was decided",
    )
    .retry_after(Duration::from_secs(1))
}

fn ran_out_of_time(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(<dyn Error>::is::<tonic::TimeoutExpired>)
}
