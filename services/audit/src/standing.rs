//! Who is a patient's treating doctor now, as the log itself says.
//!
//! Consent declares and ends treating doctors, closes records and blocks people, and each
//! stands in the patient's history as an event. So nobody has to be asked whether a
//! professional may read that history as treating doctor (CSP R.1111-43): the few events
//! that say so are read with it. What cannot be read never opens anything: whoever is a
//! treating doctor then has to be declared anew.

use std::collections::{BTreeMap, BTreeSet};

use aval_domain::event::{Event, EventKind, Outcome};
use aval_domain::id::{OrganizationId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;

use crate::aliases::{self, PatientChange};
use crate::professionals::Identifiers;

/// The producer that knows treating doctors, records and blocks. Nobody else's events of
/// these kinds have an effect.
pub const TELLER: &str = "consent";

/// The kinds of events that say how people stand to a patient; those of who is whom among
/// them, which are identity's to tell.
pub const KINDS: [EventKind; 8] = [
    EventKind::TreatingDoctorAdded,
    EventKind::TreatingDoctorRemoved,
    EventKind::RecordClosed,
    EventKind::RecordReopened,
    EventKind::BlockCreated,
    EventKind::BlockRemoved,
    EventKind::PatientsMerged,
    EventKind::PatientsUnmerged,
];

/// A professional who wants to read as treating doctor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doctor {
    /// Who.
    pub practitioner_id: PractitionerId,
    /// The organization in which they act.
    pub organization_id: Option<OrganizationId>,
}

/// How people stand to a patient, after the events that were taken in.
#[derive(Debug, Clone)]
pub struct Standing {
    patient_id: PatientId,
    treating: BTreeSet<PractitionerId>,
    closed: BTreeSet<PatientId>,
    blocks: BTreeMap<String, Block>,
    /// A block of whom nothing is known any more.
    somebody_is_blocked: bool,
    /// Those who were merged into another of the human's identifiers.
    joined: BTreeSet<PatientId>,
    leads_elsewhere: bool,
}

/// One event of [`KINDS`], in the order of the log.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Which producer delivered it.
    pub source: &'a str,
    /// Under which of the human's identifiers it stands.
    pub under: PatientId,
    /// What happened.
    pub kind: EventKind,
    /// The event; none: its payload was erased.
    pub event: Option<&'a Event>,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    practitioner_id: Option<PractitionerId>,
    organization_id: Option<OrganizationId>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Standing {
    /// Of a patient of whom nothing is known: they have no treating doctor.
    #[must_use]
    pub const fn of(patient_id: PatientId) -> Self {
        Self {
            patient_id,
            treating: BTreeSet::new(),
            closed: BTreeSet::new(),
            blocks: BTreeMap::new(),
            somebody_is_blocked: false,
            joined: BTreeSet::new(),
            leads_elsewhere: false,
        }
    }

    /// Takes in the next event.
    pub fn take(&mut self, told: Told<'_>) {
        let of_identity = aliases::KINDS.contains(&told.kind);
        let teller = if of_identity { aliases::TELLER } else { TELLER };
        let had_no_effect = |event: &Event| event.outcome != Outcome::Success;
        if told.source != teller || told.event.is_some_and(had_no_effect) {
            return;
        }
        match told.kind {
            EventKind::TreatingDoctorAdded => {
                self.treating.extend(
                    told.event
                        .and_then(|event| doctors(&event.after))
                        .into_iter()
                        .flatten(),
                );
            }
            EventKind::TreatingDoctorRemoved => self.remove(told.event),
            EventKind::RecordClosed => {
                self.closed.insert(told.under);
            }
            EventKind::RecordReopened => {
                // Whoever reopens the human's record reopens it under all identifiers.
                let joined = &self.joined;
                self.closed
                    .retain(|closed| *closed != told.under && !joined.contains(closed));
            }
            EventKind::BlockCreated => match told.event.and_then(block) {
                Some((id, block)) => {
                    self.blocks.insert(id, block);
                }
                None => self.somebody_is_blocked = true,
            },
            EventKind::BlockRemoved => {
                if let Some(subject) = told.event.and_then(|event| event.subject.as_ref()) {
                    self.blocks.remove(&subject.id);
                }
            }
            EventKind::PatientsMerged => self.merged(told.event),
            EventKind::PatientsUnmerged => self.unmerged(told.event),
            _ => {}
        }
    }

    /// Whether this professional is the patient's treating doctor at that moment, and
    /// neither shut out nor kept out by a closed record. Whoever was declared under another of
    /// their own identifiers is; a block of any of the human's shuts them out.
    #[must_use]
    pub fn is_treating_doctor(
        &self,
        doctor: Doctor,
        known_as: &Identifiers,
        now: Timestamp,
    ) -> bool {
        let blocked = self.somebody_is_blocked
            || self
                .blocks
                .values()
                .any(|block| block.names(doctor, &known_as.of_human) && block.holds(now));
        let is_declared = |id| self.treating.contains(id);
        known_as.own.iter().any(is_declared)
            && self.closed.is_empty()
            && !self.leads_elsewhere
            && !blocked
    }

    fn remove(&mut self, event: Option<&Event>) {
        let sides = event.and_then(|event| {
            let before = doctors(&event.before)?;
            Some((before, doctors(&event.after)?))
        });
        match sides {
            Some((before, after)) => {
                let removed: BTreeSet<_> = before.difference(&after).collect();
                self.treating.retain(|doctor| !removed.contains(doctor));
            }
            None => self.treating.clear(),
        }
    }

    /// Whoever leads elsewhere has their treating doctors there.
    fn merged(&mut self, event: Option<&Event>) {
        match event.and_then(aliases::in_event) {
            Some(PatientChange::Merged { source, .. }) if source != self.patient_id => {
                self.joined.insert(source);
            }
            _ => {
                self.treating.clear();
                self.leads_elsewhere = true;
            }
        }
    }

    /// Of two who were one, what was declared meanwhile cannot be told apart.
    fn unmerged(&mut self, event: Option<&Event>) {
        self.treating.clear();
        if let Some(PatientChange::Unmerged { source }) = event.and_then(aliases::in_event) {
            self.joined.remove(&source);
            if source == self.patient_id {
                self.leads_elsewhere = false;
            }
        }
    }
}

impl Block {
    fn names(&self, doctor: Doctor, of_human: &[PractitionerId]) -> bool {
        let of_person = self
            .practitioner_id
            .is_some_and(|id| of_human.contains(&id));
        let of_organization = self.organization_id.is_some();
        of_person || (of_organization && self.organization_id == doctor.organization_id)
    }

    fn holds(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

type Fields = BTreeMap<String, String>;

/// The treating doctors that one side of a change names; none where it does not say.
fn doctors(side: &Fields) -> Option<BTreeSet<PractitionerId>> {
    let names = side.get("treating_doctor_ids")?.split(',');
    let names = names.filter(|name| !name.is_empty());
    names.map(|name| name.parse().ok()).collect()
}

/// A block and its name; none where the event does not say clearly who is blocked when.
fn block(event: &Event) -> Option<(String, Block)> {
    let subject = event.subject.as_ref()?;
    let fields = &event.after;
    let block = Block {
        practitioner_id: read(fields, "practitioner_id", |id| id.parse().ok())?,
        organization_id: read(fields, "organization_id", |id| id.parse().ok())?,
        from: read(fields, "from_at", |at| Timestamp::parse_rfc3339(at).ok())?,
        until: read(fields, "until_at", |at| Timestamp::parse_rfc3339(at).ok())?,
    };
    let names_somebody = block.practitioner_id.is_some() || block.organization_id.is_some();
    names_somebody.then(|| (subject.id.clone(), block))
}

/// A field that may be absent; none where it is there and not readable.
#[expect(
    clippy::option_option,
    reason = "the outer option says whether the field is readable, the inner one whether it is there"
)]
fn read<T>(fields: &Fields, name: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match fields.get(name) {
        None => Some(None),
        Some(text) => parse(text).map(Some),
    }
}

#[cfg(test)]
mod tests;
