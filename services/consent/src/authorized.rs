//! Who can see a record, or a document of it, and why.
//!
//! Nothing here decides: whoever may be authorised is asked about as they would ask
//! themselves, so that the list says what a check would say.

use aval_domain::access::{AccessMode, Action, Ground};
use aval_domain::document::{DocumentClasses, DocumentRef};
use aval_domain::id::{ActivityId, OrganizationId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use uuid::Uuid;

use crate::decision::{
    AccessBasis, Asker, Capacity, Policy, Question, Verdict, decide, next_change,
};
use crate::directory::KnownPractitioner;
use crate::grantee::Grantee;
use crate::policies::Policies;

/// Somebody who can see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorized {
    /// Who.
    pub grantee: Grantee,
    /// On what ground.
    pub ground: Ground,
    /// Which classes.
    pub classes: DocumentClasses,
    /// Until when, if nothing but time changes; `None`: no end.
    pub until: Option<Timestamp>,
}

/// Somebody who may be authorised, in every capacity in which they may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub grantee: Grantee,
    capacities: Vec<Capacity>,
}

impl Candidate {
    /// A professional, who asks in one of their practice situations.
    #[must_use]
    pub fn practitioner(known: &KnownPractitioner) -> Self {
        let activities = known.activities.iter();
        Self {
            grantee: Grantee::Practitioner(known.practitioner_id),
            capacities: activities
                .filter_map(|activity| known.capacity(activity.activity_id))
                .collect(),
        }
    }

    /// Everybody acting for an organization: somebody of each profession, and of each
    /// function of it, to which the matrix gives something. Whom the patient authorised
    /// or restricted by name is a candidate of their own.
    #[must_use]
    pub fn organization(organization_id: OrganizationId, policy: &Policy) -> Self {
        let anybody = |(profession, function)| Capacity {
            practitioner_id: PractitionerId::from_uuid(Uuid::nil()),
            activity_id: ActivityId::from_uuid(Uuid::nil()),
            profession,
            function,
            organization_id: Some(organization_id),
            active: true,
            regulation_access: false,
            directly_authenticated: true,
        };
        Self {
            grantee: Grantee::Organization(organization_id),
            capacities: policy.matrix().capacities().map(anybody).collect(),
        }
    }

    /// Its place in lists.
    #[must_use]
    pub fn place(&self) -> Uuid {
        place(self.grantee)
    }

    /// What they would ask in each capacity: to consult the record, or this document.
    #[must_use]
    pub fn questions(
        &self,
        patient_id: PatientId,
        document: Option<&DocumentRef>,
    ) -> Vec<Question> {
        let question = |capacity: &Capacity| Question {
            asker: Asker::Practitioner(capacity.clone()),
            patient_id,
            action: Action::Consult,
            mode: AccessMode::Normal,
            documents: document.cloned().into_iter().collect(),
            emergency_reason: None,
        };
        self.capacities.iter().map(question).collect()
    }
}

impl Authorized {
    /// What all capacities together permit; `None` when none permits anything. The
    /// ground is that of the first that permits.
    #[must_use]
    pub fn of<'a>(
        grantee: Grantee,
        asked: impl Iterator<Item = (&'a Question, &'a AccessBasis)>,
        policies: &Policies,
        now: Timestamp,
    ) -> Option<Self> {
        let mut all: Option<Self> = None;
        for (question, basis) in asked {
            let decision = decide(question, basis, policies.in_force(now), now);
            let Verdict::Permit(ground) = decision.verdict else {
                continue;
            };
            let classes = decision.permitted_classes;
            let until = permitted_until(question, basis, policies, now);
            all = Some(match all {
                None => Self {
                    grantee,
                    ground,
                    classes,
                    until,
                },
                Some(before) => Self {
                    classes: before.classes.union(classes),
                    until: before.until.zip(until).map(|(one, other)| one.max(other)),
                    ..before
                },
            });
        }
        all
    }

    /// Its place in lists.
    #[must_use]
    pub fn place(&self) -> Uuid {
        place(self.grantee)
    }
}

/// The instant at which time alone ends the permission that there is `now`. The patient may
/// know all that begins or ends: there are as many decisions as there are bounds in the
/// basis, and policies to come.
fn permitted_until(
    question: &Question,
    basis: &AccessBasis,
    policies: &Policies,
    now: Timestamp,
) -> Option<Timestamp> {
    let next_after = |instant| next_change(basis, policies.in_force(instant), instant);
    let mut next = next_after(now);
    while let Some(instant) = next {
        let decision = decide(question, basis, policies.in_force(instant), instant);
        if !decision.is_permit() {
            return Some(instant);
        }
        next = next_after(instant);
    }
    None
}

/// The identifiers of professionals, organizations and numbers never meet.
fn place(grantee: Grantee) -> Uuid {
    match grantee {
        Grantee::Practitioner(id) => id.as_uuid(),
        Grantee::Organization(id) => id.as_uuid(),
        // Nobody asks under a number alone.
        Grantee::Rpps(_) => Uuid::nil(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aval_domain::code::Profession;
    use aval_domain::document::DocumentClass;
    use aval_domain::id::GrantId;
    use aval_domain::period::Period;

    use super::*;
    use crate::decision::{BlockBasis, BlockTarget, GrantBasis, GrantTarget, RecordBasis};
    use crate::matrix::Matrix;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn hours(hours: u64) -> Timestamp {
        NOW.saturating_add(Duration::from_secs(3_600 * hours))
    }

    fn grant(number: u128, from: Timestamp, until: Option<Timestamp>) -> GrantBasis {
        GrantBasis {
            grant_id: GrantId::from_uuid(Uuid::from_u128(number)),
            target: GrantTarget::Organization,
            declared: false,
            classes: DocumentClasses::only(DocumentClass::Report),
            period: Period::new(from, until).unwrap(),
            since: from,
        }
    }

    fn basis(grants: Vec<GrantBasis>, blocks: Vec<BlockBasis>) -> AccessBasis {
        AccessBasis {
            record: Some(RecordBasis {
                open: true,
                opposes_break_glass: false,
                opposes_regulation_center: false,
            }),
            grants,
            blocks,
            ..AccessBasis::default()
        }
    }

    fn of_organization(basis: &AccessBasis) -> Option<Authorized> {
        let policy = Policy::new(Matrix::example());
        let id = OrganizationId::from_uuid(Uuid::from_u128(3));
        let candidate = Candidate::organization(id, &policy);
        let patient_id = PatientId::from_uuid(Uuid::from_u128(1));
        let questions = candidate.questions(patient_id, None);
        let asked = questions.iter().map(|question| (question, basis));
        Authorized::of(candidate.grantee, asked, &Policies::always(policy), NOW)
    }

    #[test]
    fn access_lasts_as_long_as_grants_follow_each_other() {
        let grants = vec![
            grant(1, NOW, Some(hours(2))),
            grant(2, hours(1), Some(hours(5))),
            grant(3, hours(6), None),
        ];
        let found = of_organization(&basis(grants, Vec::new())).unwrap();
        assert_eq!(found.until, Some(hours(5)));
        let endless = basis(vec![grant(1, NOW, None)], Vec::new());
        assert_eq!(of_organization(&endless).unwrap().until, None);
    }

    #[test]
    fn a_block_to_come_ends_access_and_one_that_holds_leaves_none() {
        let block = |begins_at| BlockBasis {
            target: BlockTarget::Organization,
            begins_at,
            until: None,
        };
        let blocked_later = basis(vec![grant(1, NOW, None)], vec![block(Some(hours(3)))]);
        let found = of_organization(&blocked_later).unwrap();
        assert_eq!(found.until, Some(hours(3)));
        let blocked = basis(vec![grant(1, NOW, None)], vec![block(None)]);
        assert_eq!(of_organization(&blocked), None);
        assert_eq!(of_organization(&basis(Vec::new(), Vec::new())), None);
    }

    #[test]
    fn an_organization_is_asked_about_for_every_row_of_the_matrix() {
        let policy = Policy::new(Matrix::example());
        let id = OrganizationId::from_uuid(Uuid::from_u128(3));
        let candidate = Candidate::organization(id, &policy);
        let doctors = candidate.capacities.iter();
        assert!(
            doctors
                .clone()
                .any(|one| one.profession == Profession::Doctor)
        );
        assert!(doctors.len() > 1);
    }
}
