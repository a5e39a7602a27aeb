//! Whose events a call may read, and on what ground.

use aval_domain::access::GroundKind;
use aval_domain::id::PatientId;
use aval_domain::time::Timestamp;
use aval_runtime::context::{Actor, Denied, PractitionerActor, RequestContext};

use super::{App, PRODUCERS, may_read};
use crate::entry::StoredEntry;
use crate::error::Error;
use crate::query::Scope;
use crate::standing::{Doctor, Standing, Told};
use crate::store::Store;
use crate::withholding::Audience;

/// What a call may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// Whose events.
    pub(super) scope: Scope,
    /// The professional who reads as the patient's treating doctor; none: whoever reads,
    /// reads their own.
    pub(super) treating_doctor: Option<Doctor>,
    /// As whom somebody reads from whom documents may be hidden; none: from nobody who reads
    /// on this ground.
    pub(super) audience: Option<Audience>,
}

impl Reading {
    /// Whose history is read, if it is one patient's.
    pub(super) const fn patient_id(&self) -> Option<PatientId> {
        match self.scope {
            Scope::Patient(patient_id) => Some(patient_id),
            Scope::Practitioner(_) => None,
        }
    }

    /// The ground beside that of reading one's own.
    pub(super) fn ground(&self) -> Option<GroundKind> {
        self.treating_doctor.map(|_| GroundKind::TreatingDoctor)
    }
}

impl App {
    /// Whose events the call may read: a patient's own, what a professional did, or, of a
    /// patient whom a professional names, the whole history while they are the treating
    /// doctor (CSP R.1111-43). That nobody is declared, and that there is no such patient,
    /// is one answer.
    pub(super) async fn reading(
        &self,
        cx: &RequestContext,
        patient_id: Option<PatientId>,
    ) -> Result<Reading, Error> {
        let named = match (cx.actor.as_deref(), patient_id) {
            (Some(Actor::Practitioner(practitioner)), Some(patient_id)) => {
                Some((Doctor::from(practitioner), patient_id))
            }
            _ => None,
        };
        let Some((doctor, patient_id)) = named else {
            let scope = may_read(cx, patient_id)?;
            return Ok(Reading {
                scope,
                treating_doctor: None,
                audience: audience(cx),
            });
        };
        if PRODUCERS.contains(&cx.caller.as_str()) {
            return Err(Denied::CallerNotAllowed.into());
        }
        require_treating_doctor(self.store.as_ref(), doctor, patient_id, cx.now).await?;
        Ok(Reading {
            scope: Scope::Patient(patient_id),
            treating_doctor: Some(doctor),
            audience: None,
        })
    }
}

/// From whom documents may be hidden; from no professional, whose own acts these are.
fn audience(cx: &RequestContext) -> Option<Audience> {
    match cx.actor.as_deref()? {
        Actor::Patient(patient) if patient.representative.is_some() => {
            Some(Audience::Representative)
        }
        Actor::Patient(_) => Some(Audience::Holder),
        Actor::Practitioner(_) => None,
    }
}

/// Refuses a professional who is not the patient's treating doctor, as the log says.
pub(super) async fn require_treating_doctor(
    store: &dyn Store,
    doctor: Doctor,
    patient_id: PatientId,
    now: Timestamp,
) -> Result<(), Error> {
    let mut standing = Standing::of(patient_id);
    for told in store.standing(patient_id).await? {
        let entry = told.entry.map(StoredEntry::open);
        let entry = entry.transpose()?;
        standing.take(Told {
            source: &told.source,
            under: told.under,
            kind: told.kind,
            event: entry.as_ref().map(|entry| &entry.event),
        });
    }
    let known_as = store.professional(doctor.practitioner_id).await?;
    if standing.is_treating_doctor(doctor, &known_as, now) {
        Ok(())
    } else {
        Err(Denied::ActorNotAllowed.into())
    }
}

impl From<&PractitionerActor> for Doctor {
    fn from(practitioner: &PractitionerActor) -> Self {
        Self {
            practitioner_id: practitioner.practitioner_id,
            organization_id: practitioner.activity.organization_id,
        }
    }
}
