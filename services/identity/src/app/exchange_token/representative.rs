//! Somebody who acts for a patient: they sign in as themselves first.

use aval_domain::id::PatientId;
use aval_domain::ins::InsStatus;
use aval_domain::time::Timestamp;
use aval_runtime::context::RequestContext;
use aval_runtime::token::RepresentationKind;

use super::{App, Concerned};
use crate::error::Error;
use crate::provider::ProvenSignIn;
use crate::refusal::SessionRefused;
use crate::representation::{Representation, comes_of_age};
use crate::session::{Bearer, Person};

impl App {
    /// Who acts, for whom, and until when they may.
    pub(super) async fn representative_bearer(
        &self,
        cx: &RequestContext,
        proven: &ProvenSignIn,
        patient_id: PatientId,
        concerned: &mut Concerned,
    ) -> Result<(Bearer, Option<Timestamp>), Error> {
        let themselves = self.patient_bearer(proven, concerned).await?;
        let Some(representative) = themselves.person.patient_id() else {
            return Err(SessionRefused::MandateInsufficient.into());
        };
        let found = self
            .store
            .representation_between(patient_id, representative, cx.now)
            .await?;
        let representation = found.ok_or(SessionRefused::MandateInsufficient)?;
        // From here on it is the represented patient's history that this belongs to.
        concerned.patient_id = Some(patient_id);
        let until = self.until_when_it_holds(cx, &representation).await?;
        let bearer = Bearer {
            person: Person::Patient {
                patient_id,
                representative: Some(representation.claims()),
            },
            ..themselves
        };
        Ok((bearer, until))
    }

    /// Until when a representation holds if nobody removes it. It is for a patient whose
    /// identity is qualified, under the identifier that it was given for. A parent's ends when the
    /// child comes of age by today's traits and rule, whatever was kept when it was
    /// added.
    pub(in crate::app) async fn until_when_it_holds(
        &self,
        cx: &RequestContext,
        representation: &Representation,
    ) -> Result<Option<Timestamp>, Error> {
        if !representation.holds(cx.now) {
            return Err(SessionRefused::MandateInsufficient.into());
        }
        let patient = self.store.patient(representation.patient_id).await?;
        let patient = patient.filter(|patient| patient.merged_into.is_none());
        let patient = patient.ok_or(SessionRefused::MandateInsufficient)?;
        if patient.status != InsStatus::Qualified {
            return Err(SessionRefused::IdentityNotQualified.into());
        }
        if representation.kind != RepresentationKind::Parent {
            return Ok(representation.end_at);
        }
        let patient = self.opened(&patient)?;
        let birth_date = patient.identity.traits.birth_date;
        let of_age = comes_of_age(birth_date, self.settings.age_of_majority);
        if of_age <= cx.now {
            return Err(SessionRefused::MandateInsufficient.into());
        }
        Ok(Some(
            representation.end_at.map_or(of_age, |end| end.min(of_age)),
        ))
    }
}
