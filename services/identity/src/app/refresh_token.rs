//! Gives the next Aval token of a session.

use aval_domain::event::{EventKind, Outcome, Subject};
use aval_domain::id::{PatientId, RepresentationId};
use aval_domain::ins::InsStatus;
use aval_domain::time::Timestamp;
use aval_runtime::caller::CertificateThumbprint;
use aval_runtime::context::RequestContext;

use super::close_session::closing_event;
use super::{App, serve_sessions};
use crate::error::Error;
use crate::refresh_token::RefreshToken;
use crate::refusal::{RefreshRefused, SessionRefused};
use crate::session::{Bearer, Closing, Person, PractitionerBearer, Session};
use crate::store::{Refresh, Refreshed};

/// The next tokens of a session.
#[derive(Clone)]
pub struct NextTokens {
    /// The Aval token.
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The next refresh token.
    pub refresh_token: String,
    /// The session.
    pub session: Session,
}

impl App {
    /// Gives the next tokens for a refresh token that was not used before, to the
    /// software that it was given to. Whoever is behind the session is looked up again:
    /// what the first token said must still hold.
    pub async fn refresh_token(
        &self,
        cx: &RequestContext,
        refresh_token: &str,
    ) -> Result<NextTokens, Error> {
        serve_sessions(cx)?;
        let shown = self.refresh_tokens.read(refresh_token);
        let shown = shown.ok_or(RefreshRefused::Unknown)?;
        let session = self.store.session(shown.session_id).await?;
        let session = session.ok_or(RefreshRefused::Unknown)?;
        if session.thumbprint != cx.thumbprint.map(CertificateThumbprint::to_base64url) {
            return self
                .refuse_refresh(cx, &session, RefreshRefused::BoundElsewhere)
                .await;
        }
        if !session.is_open(cx.now) {
            return Err(RefreshRefused::Ended.into());
        }
        // Whoever copied a token learns nothing of whom it speaks.
        if shown.generation != session.generation {
            return self.next_tokens(cx, shown, session).await;
        }
        let session = Session {
            bearer: self.still_holds(cx, &session).await?,
            ..session
        };
        self.next_tokens(cx, shown, session).await
    }

    async fn next_tokens(
        &self,
        cx: &RequestContext,
        shown: RefreshToken,
        session: Session,
    ) -> Result<NextTokens, Error> {
        let generation = shown.generation.checked_add(1);
        let next = Session {
            generation: generation.ok_or(RefreshRefused::Ended)?,
            last_used_at: cx.now,
            lapses_at: session.lapses_after(cx.now, self.settings.sessions),
            ..session
        };
        let refresh = Refresh {
            next: &next,
            now: cx.now,
            reused: &|session| closing_event(cx, session, Closing::RefreshReused),
        };
        match self.store.refresh_session(&refresh).await? {
            Refreshed::Next => Ok(self.tokens_of(cx, next)),
            Refreshed::Ended => Err(RefreshRefused::Ended.into()),
            Refreshed::Reused => {
                self.verifier.close_session(next.session_id);
                tracing::warn!(session.id = %next.session_id, "a refresh token came twice");
                Err(RefreshRefused::Reused.into())
            }
        }
    }

    /// The tokens of a session as it is.
    pub(super) fn tokens_of(&self, cx: &RequestContext, session: Session) -> NextTokens {
        NextTokens {
            token: self
                .issuer
                .issue(&session, cx.thumbprint, cx.now, cx.random.as_ref()),
            expires_at: self.issuer.end_of_token(&session, cx.now),
            refresh_token: self.refresh_tokens.issue(RefreshToken {
                session_id: session.session_id,
                generation: session.generation,
            }),
            session,
        }
    }

    /// Who is behind the session, as they are now. Who no longer practises in this
    /// situation, or may no longer act for this patient, has none any more.
    async fn still_holds(&self, cx: &RequestContext, session: &Session) -> Result<Bearer, Error> {
        match &session.bearer.person {
            Person::Practitioner(known) => {
                let Some(practitioner) = self.as_in_the_directory(known).await? else {
                    let why = Closing::PractitionerInactive;
                    self.close(cx, session, why).await?;
                    return Err(SessionRefused::PractitionerInactive.into());
                };
                Ok(Bearer {
                    person: Person::Practitioner(Box::new(practitioner)),
                    ..session.bearer.clone()
                })
            }
            Person::Patient {
                patient_id,
                representative,
            } => {
                self.is_still_qualified(cx, session, *patient_id).await?;
                if let Some(representative) = representative {
                    let id = representative.representation_id;
                    self.still_represents(cx, session, id).await?;
                }
                Ok(session.bearer.clone())
            }
        }
    }

    async fn is_still_qualified(
        &self,
        cx: &RequestContext,
        session: &Session,
        patient_id: PatientId,
    ) -> Result<(), Error> {
        let patient = self.store.patient(patient_id).await?;
        let holds = patient.is_some_and(|patient| {
            patient.merged_into.is_none() && patient.status == InsStatus::Qualified
        });
        if holds {
            return Ok(());
        }
        self.close(cx, session, Closing::IdentityChanged).await?;
        Err(SessionRefused::IdentityNotQualified.into())
    }

    async fn still_represents(
        &self,
        cx: &RequestContext,
        session: &Session,
        representation_id: RepresentationId,
    ) -> Result<(), Error> {
        let known = self.store.representation(representation_id).await?;
        let holds = match known {
            Some(known) => self.until_when_it_holds(cx, &known).await.map(|_| ()),
            None => Err(SessionRefused::MandateInsufficient.into()),
        };
        if let Err(Error::SessionRefused(_)) = holds {
            let why = Closing::RepresentationEnded;
            self.close(cx, session, why).await?;
        }
        holds
    }

    async fn as_in_the_directory(
        &self,
        known: &PractitionerBearer,
    ) -> Result<Option<PractitionerBearer>, Error> {
        let found = self
            .directory
            .practitioner_by_id(known.practitioner_id)
            .await?;
        let Some(practitioner) = found.filter(|practitioner| practitioner.active) else {
            return Ok(None);
        };
        let activities = practitioner.activities.into_iter();
        let mut same = activities
            .map(|activity| activity.claims)
            .filter(|claims| claims.activity_id == known.activity.activity_id);
        Ok(same.next().map(|mut activity| {
            activity.regulation_access = known.activity.regulation_access;
            PractitionerBearer {
                practitioner_id: practitioner.practitioner_id,
                display_name: practitioner.display_name,
                direct: known.direct,
                activity,
            }
        }))
    }

    /// Refuses, and traces it: the token is in hands that it was not given to.
    async fn refuse_refresh(
        &self,
        cx: &RequestContext,
        session: &Session,
        refused: RefreshRefused,
    ) -> Result<NextTokens, Error> {
        let mut event = cx.event(EventKind::SessionRefused, Outcome::Refused);
        event.patient_id = session.bearer.person.patient_id();
        event.subject = Some(Subject::new("session", &session.session_id));
        event.after = [("reason".to_owned(), refused.code().to_owned())].into();
        self.store.trace(&event).await?;
        Err(refused.into())
    }
}

impl std::fmt::Debug for NextTokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("NextTokens")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
