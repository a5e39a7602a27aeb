//! What is unusual between a professional and one patient.

use std::collections::{BTreeMap, BTreeSet};

use aval_domain::id::{OrganizationId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;

use super::{Access, Basis, Relation, Rules, Unusual, UnusualKind, Who, Window};
use crate::sentence::paris_time::ParisTime;

type Pair = (PractitionerId, PatientId);

pub(super) fn unusual(
    accesses: &BTreeSet<Access>,
    relations: &BTreeSet<Relation>,
    window: Window,
    rules: &Rules,
) -> Vec<Unusual> {
    // In the order in which they happened, as the set has them.
    let mut pairs: BTreeMap<Pair, Vec<Access>> = BTreeMap::new();
    // Who fed a record has not turned to it: they saw nothing.
    let turned = accesses.iter();
    for access in turned.filter(|access| access.basis != Basis::Contribution) {
        let pair = (access.practitioner_id, access.patient_id);
        pairs.entry(pair).or_default().push(*access);
    }
    let joined = Joined::of(accesses, relations);
    let mut found = Vec::new();
    for accesses in pairs.values() {
        found.extend(first_access(accesses, &joined, window));
        found.extend(emergencies(accesses, &joined, window, rules));
    }
    found
}

/// Since when somebody is joined to a patient, by what was declared or by an access that
/// explains itself.
struct Joined(BTreeMap<(PatientId, Who), Timestamp>);

impl Joined {
    fn of(accesses: &BTreeSet<Access>, relations: &BTreeSet<Relation>) -> Self {
        let mut since = BTreeMap::new();
        let mut join = |patient_id, who, at: Timestamp| {
            let first = since.entry((patient_id, who)).or_insert(at);
            *first = at.min(*first);
        };
        for relation in relations {
            join(relation.patient_id, relation.who, relation.at);
        }
        let explained = accesses.iter();
        for access in explained.filter(|access| access.basis == Basis::Explained) {
            for who in those_of(access.practitioner_id, access.organization_id) {
                join(access.patient_id, who, access.at);
            }
        }
        Self(since)
    }

    /// Whether whoever asked for this access is joined to its patient at that moment.
    fn joins(&self, access: &Access, at: Timestamp) -> bool {
        those_of(access.practitioner_id, access.organization_id).any(|who| {
            let since = self.0.get(&(access.patient_id, who));
            since.is_some_and(|since| *since <= at)
        })
    }
}

fn those_of(
    practitioner_id: PractitionerId,
    organization_id: Option<OrganizationId>,
) -> impl Iterator<Item = Who> {
    let organization = organization_id.map(Who::Organization);
    std::iter::once(Who::Practitioner(practitioner_id)).chain(organization)
}

fn first_access(accesses: &[Access], joined: &Joined, window: Window) -> Option<Unusual> {
    let first = accesses.first()?;
    let is_unexplained = matches!(first.basis, Basis::BrokenGlass | Basis::Refused);
    let is_first = is_unexplained && window.has(first) && !joined.joins(first, first.at);
    is_first.then(|| {
        let kind = UnusualKind::FirstAccessWithoutRelation;
        let day = ParisTime::of(first.at).day;
        Unusual::of(kind, &[*first], day, Some(first.patient_id))
    })
}

/// One for each day on which the glass was broken.
fn emergencies(
    accesses: &[Access],
    joined: &Joined,
    window: Window,
    rules: &Rules,
) -> Vec<Unusual> {
    let mut days: BTreeMap<i64, Vec<Access>> = BTreeMap::new();
    let broken = accesses.iter();
    for access in broken.filter(|access| access.basis == Basis::BrokenGlass) {
        let day = ParisTime::of(access.at).day;
        days.entry(day).or_default().push(*access);
    }
    let lacks_follow_up = |broken: &[Access]| {
        let (Some(first), Some(last)) = (broken.first(), broken.last()) else {
            return false;
        };
        let due = last.at.saturating_add(rules.follow_up);
        window.has(first) && due <= window.known_until && !joined.joins(first, due)
    };
    let unusual = days.iter().filter(|(_, broken)| lacks_follow_up(broken));
    unusual
        .map(|(day, broken)| {
            let kind = UnusualKind::EmergencyWithoutFollowUp;
            Unusual::of(kind, broken, *day, Some(broken[0].patient_id))
        })
        .collect()
}
