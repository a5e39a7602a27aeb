//! Who asks, and whether there is anything to ask for.

use aval_domain::access::{DenialReason, Ground, GroundKind};
use aval_domain::document::DocumentClasses;

use crate::decision::Asker;
use crate::decision::rule::{Consequence, Finding, Rule, Sentence};
use crate::decision::walk::Progress;
use crate::decision::world::World;

/// A professional who no longer practises, or not in this situation, gets nothing.
pub static PRACTITIONER_ACTIVE: Rule = Rule {
    name: "practitioner_active",
    legal_ground: "CSP L.1110-4",
    asks: "Is the asker a professional who does not practise in this situation?",
    consequence: Consequence::Denies(DenialReason::PractitionerInactive),
    applies: Sentence {
        fr: "Le professionnel n'exerce plus, ou plus dans cette situation d'exercice.",
        en: "The professional no longer practises, or not in this practice situation.",
    },
    passes: Sentence {
        fr: "Aucun professionnel inactif n'est en cause.",
        en: "No inactive professional is concerned.",
    },
    about_documents: false,
    test: practitioner_active,
};

/// A patient's or representative's token opens that patient's record and no other.
pub static SOMEBODY_ELSES_RECORD: Rule = Rule {
    name: "somebody_elses_record",
    legal_ground: "CSP L.1111-19",
    asks: "Is the asker a patient, or acts for one, other than the record's holder?",
    consequence: Consequence::Denies(DenialReason::NoGrant),
    applies: Sentence {
        fr: "Un patient n'accède qu'à son propre dossier, ou à celui de la personne qu'il représente.",
        en: "A patient has access to their own record only, or to that of whom they represent.",
    },
    passes: Sentence {
        fr: "La demande ne vient pas d'un autre patient.",
        en: "The request does not come from another patient.",
    },
    about_documents: false,
    test: somebody_elses_record,
};

/// There is an open record. One answer for none and for a closed one.
pub static RECORD_OPEN: Rule = Rule {
    name: "record_open",
    legal_ground: "CSP R.1111-40",
    asks: "Is there no record, or is it closed?",
    consequence: Consequence::Denies(DenialReason::RecordUnavailable),
    applies: Sentence {
        fr: "Il n'existe pas de dossier ouvert.",
        en: "There is no open record.",
    },
    passes: Sentence {
        fr: "Le dossier est ouvert.",
        en: "The record is open.",
    },
    about_documents: false,
    test: record_open,
};

/// The patient reads their own record, themselves or through a representative.
pub static OWN_RECORD: Rule = Rule {
    name: "own_record",
    legal_ground: "CSP L.1111-19",
    asks: "Is the asker the holder, or somebody who acts for them?",
    consequence: Consequence::Permits(GroundKind::OwnRecord),
    applies: Sentence {
        fr: "Le titulaire, ou la personne qui le représente, accède au dossier.",
        en: "The holder, or who represents them, has access to the record.",
    },
    passes: Sentence {
        fr: "La demande ne vient pas du titulaire.",
        en: "The request does not come from the holder.",
    },
    about_documents: false,
    test: own_record,
};

fn practitioner_active(world: &World<'_>, _: &mut Progress<'_>) -> Finding {
    match world.capacity() {
        Some(capacity) if !capacity.active => Finding::Denies(DenialReason::PractitionerInactive),
        _ => Finding::Passes,
    }
}

fn somebody_elses_record(world: &World<'_>, _: &mut Progress<'_>) -> Finding {
    match world.question.asker {
        Asker::Practitioner(_) => Finding::Passes,
        Asker::Patient(_) | Asker::Representative(_) if world.is_holder() => Finding::Passes,
        Asker::Patient(_) | Asker::Representative(_) => Finding::Denies(DenialReason::NoGrant),
    }
}

fn record_open(world: &World<'_>, _: &mut Progress<'_>) -> Finding {
    if world.basis.record.is_some_and(|record| record.open) {
        return Finding::Passes;
    }
    Finding::Denies(DenialReason::RecordUnavailable)
}

fn own_record(world: &World<'_>, progress: &mut Progress<'_>) -> Finding {
    if !world.is_holder() {
        return Finding::Passes;
    }
    progress.authorise(Ground::OwnRecord, DocumentClasses::ALL)
}
