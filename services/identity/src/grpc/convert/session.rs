//! Sessions and who they speak of.

use aval_domain::id::{RequestId, SessionId};
use aval_domain::time::Timestamp;
use aval_proto::common::v1 as common;
use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::bearer::Person as ProtoPerson;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::page;
use aval_runtime::status::{FieldErrors, Refusal};
use aval_runtime::token::AuthenticationStrength;

use crate::app::{Introspected, ListSessions, NextTokens, SessionView, SessionsPage};
use crate::session::{Bearer, Closing, Person, Session};

const LONGEST_TOKEN: usize = 16 * 1024;

/// The token that is asked about.
pub(in crate::grpc) fn token_to_introspect(
    message: &proto::IntrospectTokenRequest,
) -> Result<&str, Refusal> {
    if !(1..=LONGEST_TOKEN).contains(&message.token.len()) {
        return Err(Refusal::field("token", "must be 1 to 16384 characters"));
    }
    Ok(&message.token)
}

/// What is known of a token; of one that is not good, nothing.
pub(in crate::grpc) fn introspected(
    introspected: Option<Introspected>,
) -> proto::IntrospectTokenResponse {
    let Some(good) = introspected else {
        return proto::IntrospectTokenResponse::default();
    };
    proto::IntrospectTokenResponse {
        active: true,
        session_id: good.session.session_id.to_string(),
        bearer: Some(bearer(good.session.bearer)),
        expire_at: Some(timestamp_to_proto(good.expires_at)),
    }
}

/// The refresh token that is shown.
pub(in crate::grpc) fn refresh_token(
    message: &proto::RefreshTokenRequest,
) -> Result<&str, Refusal> {
    if !(1..=LONGEST_TOKEN).contains(&message.refresh_token.len()) {
        return Err(Refusal::field(
            "refresh_token",
            "must be 1 to 16384 characters",
        ));
    }
    Ok(&message.refresh_token)
}

/// The next tokens of a session.
pub(in crate::grpc) fn refreshed(next: NextTokens) -> proto::RefreshTokenResponse {
    proto::RefreshTokenResponse {
        access_token: next.token,
        expire_at: Some(timestamp_to_proto(next.expires_at)),
        refresh_token: next.refresh_token,
        session_expire_at: Some(timestamp_to_proto(next.session.expires_at)),
    }
}

/// Which session to close. It is closed once whatever the request is called.
pub(in crate::grpc) fn session_to_close(
    message: &proto::CloseSessionRequest,
) -> Result<SessionId, Refusal> {
    let mut fields = FieldErrors::new();
    let session_id = fields.parse("session_id", &message.session_id);
    let request_id: Option<RequestId> = fields.parse("request_id", &message.request_id);
    fields.build(|| request_id.and(session_id))
}

/// What the closing of all sessions is called.
pub(in crate::grpc) fn close_all_request(
    message: &proto::CloseAllSessionsRequest,
) -> Result<RequestId, Refusal> {
    let mut fields = FieldErrors::new();
    let request_id = fields.parse("request_id", &message.request_id);
    fields.build(|| request_id)
}

/// Which sessions are asked for.
pub(in crate::grpc) fn list_command(
    message: proto::ListSessionsRequest,
) -> Result<ListSessions, Refusal> {
    Ok(ListSessions {
        page_size: page::parse_size(message.page_size)?,
        page_token: message.page_token,
        include_ended: message.include_ended,
    })
}

/// A page of sessions.
pub(in crate::grpc) fn page(page: SessionsPage) -> proto::ListSessionsResponse {
    proto::ListSessionsResponse {
        sessions: page.sessions.into_iter().map(session).collect(),
        next_page_token: page.next_page_token,
    }
}

/// A session, as its person sees it.
pub(in crate::grpc) fn session(view: SessionView) -> proto::Session {
    let session = view.session;
    let at = |instant: Timestamp| Some(timestamp_to_proto(instant));
    let closing = closing(&session, view.ended_at.is_some());
    proto::Session {
        session_id: session.session_id.to_string(),
        bearer: Some(bearer(session.bearer)),
        software: session.software,
        opened_at: at(session.opened_at),
        last_used_at: at(session.last_used_at),
        expire_at: at(session.expires_at),
        closed_at: view.ended_at.and_then(at),
        closing: closing.into(),
        current: view.current,
        suspicious: view.suspicious,
    }
}

fn closing(session: &Session, has_ended: bool) -> proto::SessionClosing {
    match session.closed.map(|closed| closed.why) {
        Some(Closing::ByPerson) => proto::SessionClosing::ByPerson,
        Some(Closing::ByProvider) => proto::SessionClosing::ByProvider,
        Some(Closing::RefreshReused) => proto::SessionClosing::RefreshReused,
        // Under an identifier that leads elsewhere nobody practises any more.
        Some(Closing::PractitionerInactive | Closing::PractitionerMerged) => {
            proto::SessionClosing::PractitionerInactive
        }
        Some(Closing::IdentityChanged) => proto::SessionClosing::IdentityChanged,
        Some(Closing::RepresentationEnded) => proto::SessionClosing::RepresentationEnded,
        None if has_ended => proto::SessionClosing::Expired,
        None => proto::SessionClosing::Unspecified,
    }
}

/// Who a token speaks of.
pub(super) fn bearer(bearer: Bearer) -> proto::Bearer {
    let person = match bearer.person {
        Person::Patient {
            patient_id,
            representative,
        } => ProtoPerson::Patient(proto::PatientBearer {
            patient_id: patient_id.to_string(),
            representation_id: text(representative.map(|by| by.representation_id)),
        }),
        Person::Practitioner(practitioner) => {
            let activity = practitioner.activity;
            ProtoPerson::Practitioner(proto::PractitionerBearer {
                practitioner_id: practitioner.practitioner_id.to_string(),
                activity_id: activity.activity_id.to_string(),
                profession_code: activity.profession.code().to_owned(),
                speciality_code: text(activity.speciality),
                function_code: text(activity.function),
                organization_id: text(activity.organization_id),
                organization_name: activity.organization_name.unwrap_or_default(),
                display_name: practitioner.display_name,
            })
        }
    };
    proto::Bearer {
        person: Some(person),
        strength: strength(bearer.strength).into(),
    }
}

fn strength(strength: AuthenticationStrength) -> common::AuthenticationStrength {
    match strength {
        AuthenticationStrength::Low => common::AuthenticationStrength::Low,
        AuthenticationStrength::Substantial => common::AuthenticationStrength::Substantial,
        AuthenticationStrength::High => common::AuthenticationStrength::High,
    }
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
