//! Which documents an authorised asker sees.

use aval_domain::access::DenialReason;
use aval_domain::document::DocumentRef;
use aval_domain::id::PractitionerId;

use crate::decision::rule::{Consequence, Finding, Rule, Sentence};
use crate::decision::walk::Progress;
use crate::decision::world::World;
use crate::decision::{Asker, Capacity};
use crate::visibility::VisibilityKind;

/// What authorises the access covers some classes of documents only.
pub static GRANTED_CLASSES: Rule = Rule {
    name: "granted_classes",
    legal_ground: "CSP L.1111-19",
    asks: "Do the authorisations cover no class, or the class of none of the documents asked for?",
    consequence: Consequence::Denies(DenialReason::NothingPermitted),
    applies: Sentence {
        fr: "L'autorisation ne couvre la catégorie d'aucun des documents demandés.",
        en: "The authorisation covers the class of none of the documents asked for.",
    },
    passes: Sentence {
        fr: "L'autorisation couvre la catégorie d'au moins un document.",
        en: "The authorisation covers the class of at least one document.",
    },
    about_documents: true,
    test: granted_classes,
};

/// A profession sees what the matrix of access rights gives it. The treating
/// doctor, the holder, and whoever contributes are not limited by it.
pub static MATRIX: Rule = Rule {
    name: "matrix",
    legal_ground: "CSP R.1111-46; arrêté du 26 octobre 2023",
    asks: "Does the matrix leave the profession nothing of it? Not asked of the holder, the treating doctor, and who contributes.",
    consequence: Consequence::Denies(DenialReason::NothingPermitted),
    applies: Sentence {
        fr: "La matrice d'habilitation n'ouvre aucun de ces documents à cette profession.",
        en: "The matrix of access rights opens none of these documents to this profession.",
    },
    passes: Sentence {
        fr: "La matrice d'habilitation laisse au moins un document.",
        en: "The matrix of access rights leaves at least one document.",
    },
    about_documents: true,
    test: matrix,
};

/// A document may be masked, hidden from one, revealed to one, or hidden from the
/// holder or their representatives for a time.
pub static VISIBILITY: Rule = Rule {
    name: "visibility",
    legal_ground: "CSP R.1111-49; R.1111-53",
    asks: "Is none of the documents that are left visible to the asker? Not asked of who contributes; nothing is hidden from the document's author and the treating doctor.",
    consequence: Consequence::Denies(DenialReason::NothingPermitted),
    applies: Sentence {
        fr: "Les documents demandés ne sont pas visibles pour cette personne.",
        en: "The documents asked for are not visible to this person.",
    },
    passes: Sentence {
        fr: "La visibilité laisse au moins un document.",
        en: "Visibility leaves at least one document.",
    },
    about_documents: true,
    test: visibility,
};

/// The three rules above as a professional is told of them. Never tried itself.
pub static DOCUMENTS: Rule = Rule {
    name: "documents",
    legal_ground: "CSP R.1111-46",
    asks: "The three rules above, told as one.",
    consequence: Consequence::Denies(DenialReason::NothingPermitted),
    applies: Sentence {
        fr: "Aucun des documents demandés n'est ouvert à ce professionnel.",
        en: "None of the documents asked for is open to this professional.",
    },
    passes: Sentence {
        fr: "L'accès est ouvert pour les documents que la décision énumère.",
        en: "The access is open for the documents that the decision lists.",
    },
    about_documents: false,
    test: |_, _: &mut Progress<'_>| Finding::Passes,
};

fn granted_classes(_: &World<'_>, progress: &mut Progress<'_>) -> Finding {
    let classes = progress.classes;
    keep(progress, |document| classes.contains(document.class))
}

fn matrix(world: &World<'_>, progress: &mut Progress<'_>) -> Finding {
    let Some(capacity) = world.capacity() else {
        return Finding::Passes;
    };
    if world.is_contribution() || world.is_treating_doctor() {
        return Finding::Passes;
    }
    let row = world
        .policy
        .matrix()
        .row(capacity.profession, capacity.function);
    progress.classes = progress.classes.intersection(row.classes());
    keep(progress, |document| {
        row.permits(document.class, document.document_type.as_ref())
    })
}

fn visibility(world: &World<'_>, progress: &mut Progress<'_>) -> Finding {
    if world.is_contribution() || world.basis.visibilities.is_empty() {
        return Finding::Passes;
    }
    keep(progress, |document| match &world.question.asker {
        Asker::Patient(_) => !world.is_set(document, VisibilityKind::HiddenFromPatient, None),
        // Whoever reads in the patient's place reads no more than the patient would.
        Asker::Representative(_) => {
            !world.is_set(document, VisibilityKind::HiddenFromPatient, None)
                && !world.is_set(document, VisibilityKind::HiddenFromRepresentatives, None)
        }
        Asker::Practitioner(capacity) => is_visible_to(world, capacity, document),
    })
}

/// What a patient set so that a professional does not see a document.
pub(in crate::decision) struct Kept {
    /// It is hidden from this one.
    pub(in crate::decision) hidden: bool,
    /// It is masked, and not revealed to this one.
    pub(in crate::decision) masked: bool,
}

fn is_visible_to(world: &World<'_>, capacity: &Capacity, document: &DocumentRef) -> bool {
    let kept = kept_from(world, capacity, document);
    !kept.hidden && !kept.masked
}

/// What keeps the document from this professional. Nothing keeps it from its author
/// (art. R.1111-49 CSP) and from the treating doctor (art. L.1111-16 CSP), whatever the
/// patient set.
pub(in crate::decision) fn kept_from(
    world: &World<'_>,
    capacity: &Capacity,
    document: &DocumentRef,
) -> Kept {
    let this_one = Some(capacity.practitioner_id);
    if world.is_treating_doctor() || is_by(world, capacity, document) {
        return Kept {
            hidden: false,
            masked: false,
        };
    }
    let shown_in_emergency =
        world.question.mode.is_emergency() && world.policy.emergency_shows_masked();
    Kept {
        hidden: world.is_set(document, VisibilityKind::HiddenFromOne, this_one),
        masked: !shown_in_emergency
            && world.is_set(document, VisibilityKind::Masked, None)
            && !world.is_set(document, VisibilityKind::RevealedToOne, this_one),
    }
}

/// Whether the professional wrote it, under any of their identifiers.
fn is_by(world: &World<'_>, capacity: &Capacity, document: &DocumentRef) -> bool {
    document.author.is_some_and(|author| {
        author == capacity.practitioner_id || world.basis.other_ids.contains(&author)
    })
}

impl World<'_> {
    fn is_set(
        &self,
        document: &DocumentRef,
        kind: VisibilityKind,
        practitioner_id: Option<PractitionerId>,
    ) -> bool {
        self.basis.visibilities.iter().any(|setting| {
            setting.kind == kind
                && setting.document_id == document.id
                && setting.practitioner_id == practitioner_id
                && setting.holds(self.now)
        })
    }
}

/// Keeps the documents that pass. Denies when none of those asked for is left, or
/// when no class is.
fn keep(progress: &mut Progress<'_>, passes: impl Fn(&DocumentRef) -> bool) -> Finding {
    let asked_for_some = !progress.documents.is_empty();
    progress.documents.retain(|(_, document)| passes(document));
    if progress.classes.is_empty() || (asked_for_some && progress.documents.is_empty()) {
        return Finding::Denies(DenialReason::NothingPermitted);
    }
    Finding::Passes
}
