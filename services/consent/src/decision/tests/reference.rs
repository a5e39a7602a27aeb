//! A second evaluator, written from the sentences of the law and of the design and not
//! from the rules: each sentence is one function that says whether it holds, whatever
//! the others say. Slow, plain, and sharing no code with the walk but the matrix' cells.

use aval_domain::access::{AccessMode, Action, DenialReason};
use aval_domain::code::Profession;
use aval_domain::document::{DocumentClass, DocumentRef, DocumentType};
use aval_domain::id::{DocumentId, PractitionerId};
use aval_domain::time::Timestamp;

use super::worlds::Case;
use crate::decision::{Asker, BlockBasis, BlockTarget, Capacity, GrantBasis};
use crate::visibility::VisibilityKind;

/// What the sentences say of a case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Why it is denied; `None`: it is permitted.
    pub(super) reason: Option<DenialReason>,
    /// Which of the documents asked for may be had.
    pub(super) documents: Vec<DocumentId>,
}

/// Every obstacle there is, and of those that are met the one that is told first.
pub(super) fn answer(case: &Case) -> Answer {
    let obstacles = [
        (
            DenialReason::PractitionerInactive,
            no_longer_practises(case),
        ),
        (DenialReason::NoGrant, is_another_patient(case)),
        (DenialReason::RecordUnavailable, has_no_open_record(case)),
        (DenialReason::Blocked, is_blocked(case)),
        (
            DenialReason::EmergencyReasonMissing,
            breaks_glass_without_a_word(case),
        ),
        (
            DenialReason::EmergencyAuthenticationTooWeak,
            breaks_glass_indirectly(case),
        ),
        (DenialReason::EmergencyOpposed, opposed_breaking_glass(case)),
        (
            DenialReason::RegulatorFunctionRequired,
            regulates_without_being_one(case),
        ),
        (DenialReason::EmergencyOpposed, opposed_regulation(case)),
        (
            DenialReason::GrantNotYetActive,
            waits_for_a_grant_to_begin(case),
        ),
        (DenialReason::GrantExpired, comes_after_a_grant(case)),
        (DenialReason::NoGrant, !is_authorised(case)),
        (DenialReason::NothingPermitted, gets_nothing(case)),
    ];
    let told = obstacles.into_iter().find(|(_, met)| *met);
    match told {
        Some((reason, _)) => Answer {
            reason: Some(reason),
            documents: Vec::new(),
        },
        None => Answer {
            reason: None,
            documents: documents(case),
        },
    }
}

/// "Active in the directory, activity chosen and still active."
fn no_longer_practises(case: &Case) -> bool {
    professional(case).is_some_and(|capacity| !capacity.active)
}

/// The holder has access to their record (L.1111-19), nobody to another's.
fn is_another_patient(case: &Case) -> bool {
    match &case.question.asker {
        Asker::Practitioner(_) => false,
        Asker::Patient(id) | Asker::Representative(id) => {
            *id != case.question.patient_id && !case.basis.other_patient_ids.contains(id)
        }
    }
}

/// "Record exists and is open: one outward answer for both."
fn has_no_open_record(case: &Case) -> bool {
    !matches!(case.basis.record, Some(record) if record.open)
}

/// A blocked professional has no access with or without an authorisation; the operator
/// says whether that goes for a broken glass.
fn is_blocked(case: &Case) -> bool {
    let blocks_now = |target: BlockTarget| {
        let mut blocks = case.basis.blocks.iter();
        blocks.any(|block| block.target == target && is_standing(case, block))
    };
    let excepted = in_mode(case, AccessMode::BreakGlass) && !case.policy.block_beats_break_glass();
    professional(case).is_some()
        && !excepted
        && (blocks_now(BlockTarget::Person) || blocks_now(BlockTarget::Organization))
}

fn is_standing(case: &Case, block: &BlockBasis) -> bool {
    let begun = block.begins_at.is_none() || block.begins_at <= Some(case.now);
    begun && !is_past(case, block.until)
}

/// "Free-text reason mandatory."
fn breaks_glass_without_a_word(case: &Case) -> bool {
    in_mode(case, AccessMode::BreakGlass) && case.question.emergency_reason.is_none()
}

/// "Only direct strong authentication."
fn breaks_glass_indirectly(case: &Case) -> bool {
    in_mode(case, AccessMode::BreakGlass)
        && professional(case).is_some_and(|capacity| !capacity.directly_authenticated)
}

/// "Unless prior express opposition" (L.1111-17 I, R.1111-48).
fn opposed_breaking_glass(case: &Case) -> bool {
    in_mode(case, AccessMode::BreakGlass)
        && case
            .basis
            .record
            .is_some_and(|record| record.opposes_break_glass)
}

/// "Regulator": the function of that code, or the mark of the identity provider.
fn regulates_without_being_one(case: &Case) -> bool {
    let is_one = |capacity: &Capacity| {
        capacity.regulation_access || function(capacity) == Some("FON-32".to_owned())
    };
    in_mode(case, AccessMode::RegulationCenter)
        && professional(case).is_some_and(|capacity| !is_one(capacity))
}

/// "The regulator accesses unless prior opposition" (L.1111-17 I).
fn opposed_regulation(case: &Case) -> bool {
    in_mode(case, AccessMode::RegulationCenter)
        && case
            .basis
            .record
            .is_some_and(|record| record.opposes_regulation_center)
}

fn waits_for_a_grant_to_begin(case: &Case) -> bool {
    let to_come = |grant: &GrantBasis| grant.period.from() > case.now;
    !is_authorised(case) && case.basis.grants.iter().any(to_come)
}

fn comes_after_a_grant(case: &Case) -> bool {
    let over = |grant: &GrantBasis| is_past(case, grant.period.until());
    !is_authorised(case) && case.basis.grants.iter().any(over)
}

/// Whether anything at all authorises the access, for whatever documents.
fn is_authorised(case: &Case) -> bool {
    let Some(_) = professional(case) else {
        return !is_another_patient(case);
    };
    needs_no_authorisation(case)
        || is_treating_doctor(case)
        || is_of_the_care_team(case)
        || grants_in_force(case).next().is_some()
}

/// The holder reads their own; emergencies go without; feeding is no consulting
/// ("authorisations only concern consultation").
fn needs_no_authorisation(case: &Case) -> bool {
    professional(case).is_none()
        || case.question.mode != AccessMode::Normal
        || case.question.action == Action::Contribute
}

/// "Treating doctor has access to all information" (L.1111-16); a doctor, and not when
/// acting as an occupational doctor, who needs the express consent (L.1111-17 IV).
fn is_treating_doctor(case: &Case) -> bool {
    professional(case).is_some_and(|capacity| {
        case.basis.treating_doctor
            && capacity.profession == Profession::Doctor
            && !is_occupational(capacity)
    })
}

/// The care team is deemed authorised (R.1111-46), an occupational doctor is not; and nobody
/// by an organization that the patient shut out.
fn is_of_the_care_team(case: &Case) -> bool {
    let in_force = case.basis.care_episodes.iter().any(|episode| {
        let mut blocks = episode.blocks.iter();
        episode.period.from() <= case.now
            && !is_past(case, episode.period.until())
            && !blocks.any(|block| is_standing(case, block))
    });
    in_force && professional(case).is_some_and(|capacity| !is_occupational(capacity))
}

fn grants_in_force(case: &Case) -> impl Iterator<Item = &GrantBasis> {
    case.basis
        .grants
        .iter()
        .filter(|grant| grant.period.from() <= case.now && !is_past(case, grant.period.until()))
}

/// Something was asked for and none of it may be had; or nothing was, and there is no
/// class of which anything could be.
fn gets_nothing(case: &Case) -> bool {
    if case.question.documents.is_empty() {
        !DocumentClass::ALL
            .iter()
            .any(|class| could_have(case, *class))
    } else {
        documents(case).is_empty()
    }
}

/// Whether there may be a document of this class, of whatever type, to be had.
fn could_have(case: &Case, class: DocumentClass) -> bool {
    let some_types = super::worlds::TYPES.iter().chain(&["ELSE-1"]);
    let some_types = some_types.map(|code| DocumentType::parse(code).ok());
    is_covered(case, class)
        && some_types
            .chain([None])
            .any(|kind| is_in_the_matrix(case, class, kind.as_ref()))
}

fn documents(case: &Case) -> Vec<DocumentId> {
    let asked = case.question.documents.iter();
    let had = asked.filter(|document| {
        is_covered(case, document.class)
            && is_in_the_matrix(case, document.class, document.document_type.as_ref())
            && is_visible(case, document)
    });
    had.map(|document| document.id.clone()).collect()
}

/// "The grant's categories"; whatever else authorises is for all of them.
fn is_covered(case: &Case, class: DocumentClass) -> bool {
    needs_no_authorisation(case)
        || is_treating_doctor(case)
        || is_of_the_care_team(case)
        || grants_in_force(case).any(|grant| grant.classes.contains(class))
}

/// "Only strictly necessary data, per the access-rights order": for who consults, and is
/// neither the holder nor the treating doctor.
fn is_in_the_matrix(case: &Case, class: DocumentClass, kind: Option<&DocumentType>) -> bool {
    let Some(capacity) = professional(case) else {
        return true;
    };
    let row = case
        .policy
        .matrix()
        .row(capacity.profession, capacity.function);
    case.question.action == Action::Contribute
        || is_treating_doctor(case)
        || row.permits(class, kind)
}

/// R.1111-49 (masked; not to its depositor), L.1111-16 (not to the treating doctor),
/// R.1111-53 (hidden from the holder for a time), and what is hidden from those who
/// represent a minor.
fn is_visible(case: &Case, document: &DocumentRef) -> bool {
    let set = |kind, whom| is_set(case, document, kind, whom);
    let capacity = match &case.question.asker {
        Asker::Patient(_) => return !set(VisibilityKind::HiddenFromPatient, None),
        Asker::Representative(_) => {
            return !set(VisibilityKind::HiddenFromPatient, None)
                && !set(VisibilityKind::HiddenFromRepresentatives, None);
        }
        Asker::Practitioner(capacity) => capacity,
    };
    let own = Some(capacity.practitioner_id);
    let sees_what_is_masked = set(VisibilityKind::RevealedToOne, own)
        || (case.question.mode.is_emergency() && case.policy.emergency_shows_masked());
    let is_hidden = set(VisibilityKind::HiddenFromOne, own)
        || (set(VisibilityKind::Masked, None) && !sees_what_is_masked);
    case.question.action == Action::Contribute
        || document.author == own
        || document
            .author
            .is_some_and(|author| case.basis.other_ids.contains(&author))
        || is_treating_doctor(case)
        || !is_hidden
}

fn is_set(
    case: &Case,
    document: &DocumentRef,
    kind: VisibilityKind,
    whom: Option<PractitionerId>,
) -> bool {
    let mut settings = case.basis.visibilities.iter();
    settings.any(|setting| {
        (&setting.document_id, setting.kind, setting.practitioner_id) == (&document.id, kind, whom)
            && !is_past(case, setting.release_at)
    })
}

fn professional(case: &Case) -> Option<&Capacity> {
    match &case.question.asker {
        Asker::Practitioner(capacity) => Some(capacity),
        Asker::Patient(_) | Asker::Representative(_) => None,
    }
}

fn in_mode(case: &Case, mode: AccessMode) -> bool {
    professional(case).is_some() && case.question.mode == mode
}

fn is_occupational(capacity: &Capacity) -> bool {
    function(capacity) == Some("FON-29".to_owned())
}

fn function(capacity: &Capacity) -> Option<String> {
    capacity.function.map(|function| function.code().to_owned())
}

/// Whether something that ends at this instant, if it ends, is over.
fn is_past(case: &Case, end: Option<Timestamp>) -> bool {
    end.is_some_and(|end| end <= case.now)
}
