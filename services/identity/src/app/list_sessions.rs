//! Lists a person's own sessions.

use aval_domain::id::SessionId;
use aval_domain::page::PageSize;
use aval_domain::time::Timestamp;
use aval_runtime::context::{Actor, RequestContext};
use uuid::Uuid;

use super::App;
use crate::error::Error;
use crate::session::Session;
use crate::store::SessionQuery;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct ListSessions {
    /// How many at most.
    pub page_size: PageSize,
    /// From the previous page; empty: the first.
    pub page_token: String,
    /// Whether sessions that have ended are listed too.
    pub include_ended: bool,
}

/// A page of sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionsPage {
    /// The newest first.
    pub sessions: Vec<SessionView>,
    /// For the next page; empty: this was the last.
    pub next_page_token: String,
}

/// A session, as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// The session.
    pub session: Session,
    /// When it ended; absent while it goes on.
    pub ended_at: Option<Timestamp>,
    /// Whether it is the session of this very call.
    pub current: bool,
    /// Whether it runs beside another from a different certificate.
    pub suspicious: bool,
}

impl App {
    /// A page of the sessions of the person who calls, the newest first.
    pub async fn list_sessions(
        &self,
        cx: &RequestContext,
        command: &ListSessions,
    ) -> Result<SessionsPage, Error> {
        let actor = cx.person()?;
        let person = person_of(actor);
        let mut filter = person.as_bytes().to_vec();
        filter.push(u8::from(command.include_ended));
        let before = self.opened_position(cx, &filter, &command.page_token)?;
        let query = SessionQuery {
            person,
            before: before.map(SessionId::from_uuid),
            open_at: (!command.include_ended).then_some(cx.now),
            limit: command.page_size.with_one_more(),
        };
        let mut sessions = self.store.sessions(&query).await?;
        let has_more = sessions.len() > command.page_size.get();
        sessions.truncate(command.page_size.get());
        let last = sessions
            .last()
            .filter(|_| has_more)
            .map(|last| last.session_id);
        let next_page_token = last.map(|last| {
            self.page_tokens()
                .seal(&filter, last.as_uuid().as_bytes(), cx.now)
        });
        let is_shared = self.store.open_certificates(person, cx.now).await? > 1;
        let view = |session: Session| SessionView {
            ended_at: session.ended_at(cx.now),
            current: session.session_id == actor.session_id(),
            suspicious: is_shared && session.is_open(cx.now),
            session,
        };
        Ok(SessionsPage {
            sessions: sessions.into_iter().map(view).collect(),
            next_page_token: next_page_token.unwrap_or_default(),
        })
    }
}

/// Whose sessions are meant: the human's who signed in.
pub(super) fn person_of(actor: &Actor) -> Uuid {
    match actor {
        Actor::Patient(patient) => match &patient.representative {
            Some(representative) => representative.patient_id.as_uuid(),
            None => patient.patient_id.as_uuid(),
        },
        Actor::Practitioner(practitioner) => practitioner.practitioner_id.as_uuid(),
    }
}
