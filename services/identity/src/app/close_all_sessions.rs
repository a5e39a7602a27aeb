//! Ends every session of a person.

use aval_database::requests::{RequestKey, fingerprint};
use aval_domain::id::RequestId;
use aval_runtime::context::RequestContext;

use super::App;
use super::close_session::closing_event;
use super::list_sessions::person_of;
use crate::error::Error;
use crate::session::{Closed, Closing};
use crate::store::CloseSessions;

impl App {
    /// Ends every session of the person, the one of this very call too, and says how
    /// many went on.
    pub async fn close_all_sessions(
        &self,
        cx: &RequestContext,
        request_id: RequestId,
    ) -> Result<u32, Error> {
        let person = person_of(cx.person()?);
        let request = RequestKey {
            actor: person.to_string(),
            request_id,
            operation: "identity.close_all_sessions",
            fingerprint: fingerprint([person.as_bytes().as_slice()]),
        };
        let closing = CloseSessions {
            person,
            closed: Closed {
                at: cx.now,
                why: Closing::ByPerson,
            },
            trace: &|session| closing_event(cx, session, Closing::ByPerson),
        };
        let closed = self.store.close_all_sessions(&request, &closing).await?;
        for session in closed.closed_now {
            self.verifier.close_session(session);
        }
        Ok(closed.count)
    }
}
