//! Compares a file with the directory, row by row.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::id::{ActivityId, OrganizationId, PractitionerId};
use aval_domain::random::Random;
use aval_domain::time::Timestamp;

use super::QuarantinedRow;
use super::facts::{
    FactKey, RowFacts, Wording, establishment_key, establishment_wording, holder_of, mailbox_key,
    person_skill_key, qualification_key,
};
use super::founding::Founding;
use super::known::{Known, Standing};
use super::staged::{
    Batch, StagedEstablishment, StagedMailbox, StagedOrganization, StagedPersonSkill,
    StagedPractitioner, StagedQualification, StagedRow,
};
use crate::extraction::{
    ActivityRow, EstablishmentRow, MailboxRow, PersonSkillRow, QualificationRow, QualificationText,
    ReadLine, SkillText, StructureText,
};
use crate::organization::OrganizationNumbers;
use crate::practitioner::Skill;
use crate::qualification::{Qualification, QualificationKind};

/// The most quarantined rows of one import that are listed; beyond, they are counted.
pub const MOST_LISTED_FAULTS: u64 = 100_000;

/// A file that is being compared with the directory.
#[derive(Debug)]
pub struct Comparison {
    known: Known,
    /// When the last new identifier was made. The first is of the time when the import
    /// began, and each of a microsecond later than the one before: they sort in the order
    /// of the file, so that the indexes over them grow at their end.
    now: Timestamp,
    random: Arc<dyn Random>,
    /// Instead, if this is the first file of a directory.
    founding: Option<Founding>,
    batch: Batch,
    /// Rows read.
    pub rows: u64,
    /// Rows put aside.
    pub quarantined: u64,
    /// Those among them that speak against the file.
    pub malformed: u64,
    /// Whose they are, by their national identifiers, as far as that can be read.
    unread: BTreeSet<String>,
}

impl Comparison {
    /// A comparison that has read nothing yet.
    #[must_use]
    pub fn new(known: Known, now: Timestamp, random: Arc<dyn Random>) -> Self {
        Self {
            known,
            now,
            random,
            founding: None,
            batch: Batch::default(),
            rows: 0,
            quarantined: 0,
            malformed: 0,
            unread: BTreeSet::new(),
        }
    }

    /// Everything in the file is new, and is told so.
    pub fn found(&mut self) {
        self.founding = Some(Founding::new(self.now, self.random.as_ref()));
    }

    /// Takes a line of the file.
    pub fn take(&mut self, line: u64, read: ReadLine<'_>) {
        self.rows += 1;
        match read {
            ReadLine::Row(row) => match &mut self.founding {
                Some(founding) => founding.take(&row, &mut self.batch.founded),
                None => self.compare(&row),
            },
            ReadLine::Skill(row) => self.compare_skill(&row),
            ReadLine::Mailbox(row) => self.compare_mailbox(&row),
            ReadLine::Qualification(row) => self.compare_qualifications(&row),
            ReadLine::Establishment(row) => self.compare_establishment(&row),
            ReadLine::Fault(fault) => {
                self.quarantined += 1;
                self.malformed += u64::from(fault.is_malformed);
                let named = fault.national_id.map(|id| id.to_string());
                self.unread.extend(named);
                if self.quarantined <= MOST_LISTED_FAULTS {
                    self.batch.quarantined.push(QuarantinedRow {
                        line,
                        column: fault.column,
                        reason: fault.reason.into_owned(),
                    });
                }
            }
        }
    }

    /// How many things wait to be staged.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.batch.len()
    }

    /// What waits to be staged; nothing waits afterwards.
    pub fn take_batch(&mut self) -> Batch {
        std::mem::take(&mut self.batch)
    }

    /// Those of whom a row was put aside; none afterwards. What it says of them is not known,
    /// so nothing that the source says of them has ended, but for mailboxes.
    pub fn take_unread(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unread).into_iter().collect()
    }

    /// Takes note that these rows, which the directory holds, have not ended.
    pub fn keep(&mut self, rows: Vec<FactKey>) {
        for row in rows {
            self.known.rows.meet(row);
        }
    }

    /// What the directory knows, with what the file held of it.
    #[must_use]
    pub fn into_known(self) -> Known {
        self.known
    }

    fn compare(&mut self, row: &ActivityRow<'_>) {
        let facts = RowFacts::of(row);
        self.compare_person(row, &facts);
        if let (Some(structure), Some((key, wording))) = (&row.structure, facts.structure) {
            self.compare_structure(structure, key, wording);
        }
        if !self.known.rows.meet(facts.row) {
            let staged = self.staged_row(row, facts);
            self.batch.rows.push(staged);
        }
    }

    fn compare_skill(&mut self, row: &PersonSkillRow<'_>) {
        let key = person_skill_key(row);
        if self.known.rows.meet(key) {
            return;
        }
        self.batch.person_skills.push(StagedPersonSkill {
            row: key,
            national_id: row.national_id.to_string(),
            profession: row.profession,
            category: row.category.to_owned(),
            skill: skill_of(row.skill),
        });
    }

    fn compare_mailbox(&mut self, row: &MailboxRow<'_>) {
        let (address, holder) = (row.address.reveal(), holder_of(row));
        let key = mailbox_key(address, &holder);
        if self.known.rows.meet(key) {
            return;
        }
        self.batch.mailboxes.push(StagedMailbox {
            row: key,
            holder,
            address: address.to_owned(),
        });
    }

    /// A row that holds both is two facts.
    fn compare_qualifications(&mut self, row: &QualificationRow<'_>) {
        let national_id = row.national_id.to_string();
        for (kind, text) in [
            (QualificationKind::Diploma, row.diploma),
            (QualificationKind::Authorization, row.authorization),
        ] {
            let Some(text) = text else { continue };
            let qualification = qualification_of(kind, text);
            let key = qualification_key(&national_id, &qualification);
            if self.known.rows.meet(key) {
                continue;
            }
            self.batch.qualifications.push(StagedQualification {
                row: key,
                national_id: national_id.clone(),
                qualification,
            });
        }
    }

    /// One that is described otherwise is the same, and has not left the file.
    fn compare_establishment(&mut self, row: &EstablishmentRow<'_>) {
        let (key, wording) = (
            establishment_key(row.finess.as_str()),
            establishment_wording(row),
        );
        self.known.rows.meet(key);
        if self.known.structures.meet(key, wording) == Standing::Settled {
            return;
        }
        self.batch.establishments.push(StagedEstablishment {
            row: key,
            wording,
            finess: row.finess.to_string(),
            name: row.name.to_owned(),
            address_line: address_line(&row.street),
            postal_code: row.postal_code.to_owned(),
            town: row.town.to_owned(),
            town_code: row.town_code.clone(),
            department_code: row.department.to_owned(),
            category_code: row.category_code.to_owned(),
            category_label: row.category_label.to_owned(),
            opened_on: row.opened_on.to_owned(),
        });
    }

    fn compare_person(&mut self, row: &ActivityRow<'_>, facts: &RowFacts) {
        let standing = self.known.people.meet(facts.person, facts.person_wording);
        if standing == Standing::Settled {
            return;
        }
        let made_at = self.next_moment();
        self.batch.practitioners.push(StagedPractitioner {
            national_id: facts.national_id.clone(),
            practitioner_id: PractitionerId::new(made_at, self.random.as_ref()),
            wording: facts.person_wording,
            civility: row.civility.to_owned(),
            family_name: row.family_name.to_owned(),
            given_name: row.given_name.to_owned(),
        });
    }

    fn compare_structure(&mut self, s: &StructureText<'_>, key: FactKey, wording: Wording) {
        if self.known.structures.meet(key, wording) == Standing::Settled {
            return;
        }
        let made_at = self.next_moment();
        let organization_id = OrganizationId::new(made_at, self.random.as_ref());
        self.batch
            .organizations
            .push(staged_organization(s, organization_id, wording));
    }

    fn next_moment(&mut self) -> Timestamp {
        let moment = self.now;
        self.now = moment.saturating_add(Duration::from_micros(1));
        moment
    }

    fn staged_row(&mut self, row: &ActivityRow<'_>, facts: RowFacts) -> StagedRow {
        let made_at = self.next_moment();
        StagedRow {
            row: facts.row,
            situation: facts.situation,
            activity_id: ActivityId::new(made_at, self.random.as_ref()),
            national_id: facts.national_id,
            technical_id: row.structure.as_ref().map(|s| s.technical_id.clone()),
            profession: row.profession,
            category: row.category.to_owned(),
            mode: row.mode.to_owned(),
            sector: row.sector.to_owned(),
            function: row.function.to_owned(),
            kind: row.kind.to_owned(),
            skill: row.skill.map(skill_of),
        }
    }
}

pub(super) fn skill_of(text: SkillText<'_>) -> Skill {
    Skill {
        type_code: text.type_code.to_owned(),
        code: text.code.to_owned(),
        label: text.label.to_owned(),
    }
}

pub(super) fn staged_organization(
    s: &StructureText<'_>,
    organization_id: OrganizationId,
    wording: Wording,
) -> StagedOrganization {
    StagedOrganization {
        organization_id,
        wording,
        numbers: OrganizationNumbers {
            technical: s.technical_id.clone(),
            finess: s.finess.to_owned(),
            legal_finess: s.legal_finess.to_owned(),
            siret: s.siret.to_owned(),
            siren: s.siren.to_owned(),
            rpps_rank: s.rpps_rank.to_owned(),
        },
        name: s.name.to_owned(),
        sign: s.sign.to_owned(),
        address_line: address_line(&s.street),
        postal_code: s.postal_code.to_owned(),
        town: s.town.to_owned(),
        town_code: s.town_code.to_owned(),
        department_code: s.department.to_owned(),
        sector_code: s.sector.to_owned(),
    }
}

fn qualification_of(kind: QualificationKind, text: QualificationText<'_>) -> Qualification {
    Qualification {
        kind,
        type_code: text.type_code.to_owned(),
        type_label: text.type_label.to_owned(),
        code: text.code.to_owned(),
        label: text.label.to_owned(),
    }
}

fn address_line(street: &[&str]) -> String {
    let parts = street.iter().copied().filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.collect();
    parts.join(" ")
}
