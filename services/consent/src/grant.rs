//! A patient's authorisation: its states and how it changes.

mod request;

pub use request::{Approval, GrantRequest, Purpose};

use std::collections::BTreeMap;

use aval_domain::document::{DocumentClass, DocumentClasses};
use aval_domain::etag::{Etag, Version};
use aval_domain::id::{GrantId, PatientId, PractitionerId};
use aval_domain::period::{Period, PeriodPosition};
use aval_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::asked_period;
use crate::error::Error;
use crate::grantee::{Grantee, GranteeName, NamedGrantee};

/// A patient's authorisation, a professional's request for one, or a declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Its name; later ones sort later.
    pub grant_id: GrantId,
    /// Whose record.
    pub patient_id: PatientId,
    /// Who may open it.
    pub grantee: Grantee,
    /// What they are called, as the directory had it when the grant was made.
    pub grantee_name: Option<GranteeName>,
    /// For which classes; never none.
    pub classes: DocumentClasses,
    /// From when to when.
    pub period: Period,
    /// How it came about.
    pub origin: GrantOrigin,
    /// What was last done with it.
    pub status: GrantStatus,
    /// The professional who requested or declared it.
    pub created_by: Option<PractitionerId>,
    /// What the professional said when they requested it.
    pub request: Option<GrantRequest>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was revoked or declined, or ended because another one stays.
    pub ended_at: Option<Timestamp>,
    /// How often it was written.
    pub version: Version,
}

/// How a grant came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantOrigin {
    /// The patient gave it.
    Patient,
    /// A professional asked for it.
    Request,
    /// A professional declared having collected the patient's consent.
    Declaration,
}

/// What was last done with a grant. Together with the time it makes the [`GrantState`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantStatus {
    /// Asked for, not answered.
    Requested,
    /// Given. At most one grant of a patient to the same grantee is.
    Given,
    /// Given once, over, and replaced by a newer one.
    Lapsed,
    /// Ended by the patient.
    Revoked,
    /// Refused by the patient.
    Declined,
}

/// Where a grant stands at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// Asked for; opens nothing.
    Requested,
    /// For a professional whom the directory does not know yet; opens nothing.
    Waiting,
    /// Its period has not begun.
    Scheduled,
    /// In force.
    Active,
    /// Its period is over, or nobody answered the request in time.
    Expired,
    /// Ended by the patient.
    Revoked,
    /// Refused by the patient.
    Declined,
}

/// What of a grant is to be changed; `None` leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantPatch {
    /// The new classes.
    pub classes: Option<DocumentClasses>,
    /// The new end; `Some(None)` takes the end away.
    pub until: Option<Option<Timestamp>>,
}

impl GrantOrigin {
    /// Every origin.
    pub const ALL: [Self; 3] = [Self::Patient, Self::Request, Self::Declaration];

    /// Its name in rows.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Request => "request",
            Self::Declaration => "declaration",
        }
    }

    /// The origin of that name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.code() == code)
    }
}

impl GrantStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Requested,
        Self::Given,
        Self::Lapsed,
        Self::Revoked,
        Self::Declined,
    ];

    /// Its name in rows.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Given => "given",
            Self::Lapsed => "lapsed",
            Self::Revoked => "revoked",
            Self::Declined => "declined",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

impl GrantState {
    /// Its name in the trail.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Waiting => "waiting",
            Self::Scheduled => "scheduled",
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Declined => "declined",
        }
    }
}

impl Grant {
    /// A grant that the patient gives at `now`.
    #[must_use]
    pub fn given(
        grant_id: GrantId,
        patient_id: PatientId,
        to: NamedGrantee,
        classes: DocumentClasses,
        period: Period,
        now: Timestamp,
    ) -> Self {
        Self {
            grant_id,
            patient_id,
            grantee: to.grantee,
            grantee_name: to.name,
            classes,
            period,
            origin: GrantOrigin::Patient,
            status: GrantStatus::Given,
            created_by: None,
            request: None,
            created_at: now,
            updated_at: now,
            ended_at: None,
            version: Version::FIRST,
        }
    }

    /// Where it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> GrantState {
        match self.status {
            GrantStatus::Requested if self.awaits_answer(now) => GrantState::Requested,
            GrantStatus::Revoked => GrantState::Revoked,
            GrantStatus::Declined => GrantState::Declined,
            GrantStatus::Requested | GrantStatus::Lapsed => GrantState::Expired,
            GrantStatus::Given => match (self.period.position(now), self.grantee) {
                (PeriodPosition::After, _) => GrantState::Expired,
                (_, Grantee::Rpps(_)) => GrantState::Waiting,
                (PeriodPosition::Before, _) => GrantState::Scheduled,
                (PeriodPosition::Within, _) => GrantState::Active,
            },
        }
    }

    /// Whether it was given and is not over: in force, to come, or waiting.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.status == GrantStatus::Given && self.period.position(now) != PeriodPosition::After
    }

    /// The grant with these changes, `None` when they change nothing. The patient
    /// saw `etag`; only a live grant is changed.
    pub fn update(
        &self,
        patch: GrantPatch,
        etag: Etag,
        now: Timestamp,
    ) -> Result<Option<Self>, Error> {
        self.require_etag(etag)?;
        if !self.is_live(now) {
            return Err(Error::StateConflict("the grant is not live"));
        }
        let classes = patch.classes.unwrap_or(self.classes);
        let period = match patch.until {
            Some(until) => asked_period::with_end(self.period, until, self.grantee, now)?,
            None => self.period,
        };
        if (classes, period) == (self.classes, self.period) {
            return Ok(None);
        }
        Ok(Some(Self {
            classes,
            period,
            ..self.written(now)
        }))
    }

    /// Whether it covers something, or a time, that `before` did not.
    #[must_use]
    pub fn opens_more_than(&self, before: &Self) -> bool {
        let longer = match (self.period.until(), before.period.until()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(until), Some(before)) => until > before,
        };
        longer
            || self.period.from() < before.period.from()
            || !before.classes.contains_all(self.classes)
    }

    /// The grant, ended at `now`; `None` when somebody ended it already. One whose time
    /// is over is ended all the same: a clock that runs ahead may say so too early, and
    /// where clocks are right it would permit again. An etag, if one was sent, must be the
    /// present one.
    pub fn revoke(&self, etag: Option<Etag>, now: Timestamp) -> Result<Option<Self>, Error> {
        match self.status {
            GrantStatus::Given | GrantStatus::Requested => {}
            GrantStatus::Lapsed | GrantStatus::Revoked | GrantStatus::Declined => return Ok(None),
        }
        if let Some(etag) = etag {
            self.require_etag(etag)?;
        }
        Ok(Some(Self {
            status: GrantStatus::Revoked,
            ended_at: Some(now),
            ..self.written(now)
        }))
    }

    /// The grant, given to the professional whom the directory now knows; `None` when
    /// it does not wait for one.
    #[must_use]
    pub fn give_to(&self, known: &NamedGrantee, now: Timestamp) -> Option<Self> {
        (self.state(now) == GrantState::Waiting).then(|| Self {
            grantee: known.grantee,
            grantee_name: known.name.clone(),
            ..self.written(now)
        })
    }

    /// Which of two grants to one human is the patient's word, where only one can stand: a
    /// professional's declaration never ends what the patient gave, and of two of a kind the
    /// one that was made later counts.
    #[must_use]
    pub fn outweighs(&self, other: &Self) -> bool {
        let weight = |grant: &Self| {
            let by_patient = grant.origin != GrantOrigin::Declaration;
            (by_patient, grant.created_at, grant.grant_id)
        };
        weight(self) > weight(other)
    }

    /// The grant, ended at `now` because another one to the same human stays.
    #[must_use]
    pub fn lapse(&self, now: Timestamp) -> Self {
        Self {
            status: GrantStatus::Lapsed,
            ended_at: Some(now),
            ..self.written(now)
        }
    }

    /// What the trail keeps of it.
    #[must_use]
    pub fn trail_fields(&self, now: Timestamp) -> BTreeMap<String, String> {
        let classes: Vec<_> = self.classes.iter().map(DocumentClass::code).collect();
        let mut fields = BTreeMap::from([
            ("state".to_owned(), self.state(now).code().to_owned()),
            ("document_classes".to_owned(), classes.join(",")),
        ]);
        self.grantee.write_trail_field(&mut fields);
        GranteeName::write_trail_field(self.grantee_name.as_ref(), &mut fields);
        asked_period::write_trail_fields(self.period, &mut fields);
        fields
    }

    fn require_etag(&self, etag: Etag) -> Result<(), Error> {
        if etag.version() == self.version {
            return Ok(());
        }
        Err(Error::EtagMismatch)
    }

    fn written(&self, now: Timestamp) -> Self {
        Self {
            updated_at: now,
            version: self.version.next(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests;
