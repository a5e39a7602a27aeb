//! Ends the sessions of professionals who no longer practise as they did when they signed
//! in.

use aval_domain::id::PractitionerId;
use aval_runtime::context::RequestContext;
use uuid::Uuid;

use super::App;
use crate::directory::{DirectoryPractitioner, Told};
use crate::error::Error;
use crate::session::{Closing, Person, Session};
use crate::store::SessionQuery;

/// So many of a person's sessions are read at once.
const READ_AT_ONCE: usize = 100;

impl App {
    /// Closes every session that no longer rests on what the directory says, each with
    /// its trace, and says how many. Telling it twice closes nothing more. Most of those who
    /// change are not signed in: that is asked once about all who are told of.
    ///
    /// The sessions under an identifier that leads to another one now are closed, not
    /// carried over: the tokens name it, and other services keep what they know under the
    /// identifier that is left. Whoever it is signs in again.
    pub async fn directory_changed(
        &self,
        cx: &RequestContext,
        told: &[Told],
    ) -> Result<usize, Error> {
        let person = |told: &Told| Some(told.about()?.as_uuid());
        let people: Vec<Uuid> = told.iter().filter_map(person).collect();
        let signed_in = self.store.signed_in(&people, cx.now).await?;
        let mut closed = 0;
        for told in told {
            if person(told).is_some_and(|person| signed_in.contains(&person)) {
                closed += self.close_what_it_ends(cx, told).await?;
            }
        }
        Ok(closed)
    }

    async fn close_what_it_ends(&self, cx: &RequestContext, told: &Told) -> Result<usize, Error> {
        match told {
            Told::Practitioner(practitioner) => {
                let why = Closing::PractitionerInactive;
                let ended = |session: &Session| !is_practised(practitioner, session);
                self.close_of_practitioner(cx, practitioner.practitioner_id, why, ended)
                    .await
            }
            Told::Absorbed(practitioner_id) => {
                let why = Closing::PractitionerMerged;
                self.close_of_practitioner(cx, *practitioner_id, why, |_| true)
                    .await
            }
            Told::Other | Told::Nothing => Ok(0),
        }
    }

    async fn close_of_practitioner(
        &self,
        cx: &RequestContext,
        practitioner_id: PractitionerId,
        why: Closing,
        ended: impl Fn(&Session) -> bool,
    ) -> Result<usize, Error> {
        let mut query = SessionQuery {
            person: practitioner_id.as_uuid(),
            before: None,
            open_at: Some(cx.now),
            limit: READ_AT_ONCE as u64,
        };
        let mut closed = 0;
        loop {
            let open = self.store.sessions(&query).await?;
            for session in open.iter().filter(|session| ended(session)) {
                self.close(cx, session, why).await?;
                closed += 1;
            }
            if open.len() < READ_AT_ONCE {
                return Ok(closed);
            }
            query.before = open.last().map(|last| last.session_id);
        }
    }
}

/// Whether the professional practises in the situation that the session was opened in.
fn is_practised(practitioner: &DirectoryPractitioner, session: &Session) -> bool {
    let Person::Practitioner(bearer) = &session.bearer.person else {
        return true;
    };
    let mut activities = practitioner.activities.iter();
    practitioner.active
        && activities.any(|one| one.claims.activity_id == bearer.activity.activity_id)
}
