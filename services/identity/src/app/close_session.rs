//! Ends a session before its time.

use aval_domain::event::{Event, EventKind, Outcome, Subject};
use aval_domain::id::SessionId;
use aval_runtime::context::RequestContext;

use super::App;
use super::list_sessions::{SessionView, person_of};
use crate::error::Error;
use crate::session::{Closed, Closing, Session};
use crate::store::CloseSessions;

impl App {
    /// Ends one of the person's own sessions, and answers it as it is; one that has
    /// ended is answered as it ended.
    pub async fn close_session(
        &self,
        cx: &RequestContext,
        session_id: SessionId,
    ) -> Result<SessionView, Error> {
        let actor = cx.person()?;
        let closing = CloseSessions {
            person: person_of(actor),
            closed: Closed {
                at: cx.now,
                why: Closing::ByPerson,
            },
            trace: &|session| closing_event(cx, session, Closing::ByPerson),
        };
        let closed = self.store.close_session(session_id, &closing).await?;
        let session = closed.ok_or(Error::SessionNotFound)?;
        self.verifier.close_session(session_id);
        Ok(SessionView {
            ended_at: session.ended_at(cx.now),
            current: session_id == actor.session_id(),
            suspicious: false,
            session,
        })
    }

    /// Ends this session, whoever's it is.
    pub(super) async fn close(
        &self,
        cx: &RequestContext,
        session: &Session,
        why: Closing,
    ) -> Result<(), Error> {
        let closing = CloseSessions {
            person: session.bearer.person.id(),
            closed: Closed { at: cx.now, why },
            trace: &|session| closing_event(cx, session, why),
        };
        self.store
            .close_session(session.session_id, &closing)
            .await?;
        self.verifier.close_session(session.session_id);
        Ok(())
    }
}

/// The trace of a session's closing.
pub(super) fn closing_event(cx: &RequestContext, session: &Session, why: Closing) -> Event {
    let mut event = cx.event(EventKind::SessionClosed, Outcome::Success);
    event.patient_id = session.bearer.person.patient_id();
    event.subject = Some(Subject::new("session", &session.session_id));
    event.after = [("closing".to_owned(), why.code().to_owned())].into();
    event
}
