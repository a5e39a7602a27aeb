//! What was missing for a permission: the fewest things that, had they been so, would have
//! opened to this professional what was asked for.
//!
//! A condition says how the world would have to be, not that it should be: some of them
//! only the professional or the operator can bring about. Two ways in are never named,
//! for they are about who cares for the patient and not about one access: a care episode,
//! and being declared treating doctor.

use aval_domain::access::AccessMode;
use aval_domain::document::{DocumentClass, DocumentClasses, DocumentRef};
use aval_domain::id::{DocumentId, GrantId};
use aval_domain::time::Timestamp;

use super::rules::{is_blocked, is_regulator, kept_from};
use super::walk::authorised_classes;
use super::world::World;
use super::{
    AccessBasis, BlockTarget, Capacity, GrantTarget, Policy, Question, Sentence, Verdict, decide,
};

/// One thing that was missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// The professional practises, in this situation.
    Practice,
    /// The record is open.
    OpenRecord,
    /// No block on the professional, or on their organization, holds.
    NoBlock(BlockTarget),
    /// The professional says why they break the glass.
    EmergencyReason,
    /// The professional signs in themselves, strongly.
    DirectAuthentication,
    /// The professional asks as a regulating doctor.
    RegulatorFunction,
    /// The patient does not oppose this emergency mode.
    NoOpposition(AccessMode),
    /// A grant in force for these classes.
    Grant {
        /// Of these, all that the professional could then consult.
        classes: DocumentClasses,
        /// The patient's grant to this professional that is too narrow for it.
        instead_of: Option<GrantId>,
    },
    /// The matrix opens this class, and where a document is named that document's type.
    MatrixCell(DocumentClass, Option<DocumentId>),
    /// The document is not hidden from this professional.
    NotHidden(DocumentId),
    /// The document is not masked, or revealed to this professional.
    Revealed(DocumentId),
}

/// What was missing when a professional was denied: each is needed, and all together
/// permit. Empty when the question is permitted, and when no professional asks.
#[must_use]
pub fn missing(
    question: &Question,
    basis: &AccessBasis,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Missing> {
    let world = World {
        question,
        basis,
        policy,
        now,
    };
    let verdict = decide(question, basis, policy, now).verdict;
    match (verdict, world.capacity()) {
        (Verdict::Deny(_), Some(capacity)) => {
            let mut all = world.missing_to_enter(capacity);
            all.extend(world.missing_to_see(capacity));
            all
        }
        (Verdict::Permit(_), _) | (_, None) => Vec::new(),
    }
}

impl World<'_> {
    fn missing_to_enter(&self, capacity: &Capacity) -> Vec<Missing> {
        let record = self.basis.record.filter(|record| record.open);
        let glass = self.question.mode == AccessMode::BreakGlass;
        let center = self.question.mode == AccessMode::RegulationCenter;
        let opposes = |mode| {
            self.basis.record.is_some_and(|record| match mode {
                AccessMode::Normal => false,
                AccessMode::BreakGlass => record.opposes_break_glass,
                AccessMode::RegulationCenter => record.opposes_regulation_center,
            })
        };
        let conditions = [
            (capacity.active, Missing::Practice),
            (record.is_some(), Missing::OpenRecord),
            (
                !is_blocked(self, BlockTarget::Person),
                Missing::NoBlock(BlockTarget::Person),
            ),
            (
                !is_blocked(self, BlockTarget::Organization),
                Missing::NoBlock(BlockTarget::Organization),
            ),
            (
                !glass || self.question.emergency_reason.is_some(),
                Missing::EmergencyReason,
            ),
            (
                !glass || capacity.directly_authenticated,
                Missing::DirectAuthentication,
            ),
            (
                !center || is_regulator(capacity),
                Missing::RegulatorFunction,
            ),
            (
                !opposes(self.question.mode),
                Missing::NoOpposition(self.question.mode),
            ),
        ];
        let unmet = conditions.into_iter().filter(|(met, _)| !met);
        unmet.map(|(_, condition)| condition).collect()
    }

    /// What the document that is nearest to being seen lacks; without documents, what
    /// some class lacks.
    fn missing_to_see(&self, capacity: &Capacity) -> Vec<Missing> {
        if self.is_contribution() {
            return Vec::new();
        }
        let documents = self.question.documents.iter();
        let of_each = documents.map(|document| self.missing_for(capacity, document));
        // What the patient can change is nearer than what only the operator can.
        let distance = |lacking: &Vec<Missing>| {
            let beyond = lacking.iter().filter(|one| !one.is_up_to_patient());
            (beyond.count(), lacking.len())
        };
        of_each
            .min_by_key(distance)
            .unwrap_or_else(|| self.missing_for_some_class(capacity))
    }

    fn missing_for(&self, capacity: &Capacity, document: &DocumentRef) -> Vec<Missing> {
        let mut all = Vec::new();
        if !authorised_classes(self).contains(document.class) {
            all.push(self.missing_grant(DocumentClasses::only(document.class)));
        }
        let matrix = self.policy.matrix();
        let row = matrix.row(capacity.profession, capacity.function);
        let limited = !self.is_treating_doctor();
        if limited && !row.permits(document.class, document.document_type.as_ref()) {
            all.push(Missing::MatrixCell(
                document.class,
                Some(document.id.clone()),
            ));
        }
        let kept = kept_from(self, capacity, document);
        if kept.hidden {
            all.push(Missing::NotHidden(document.id.clone()));
        }
        if kept.masked {
            all.push(Missing::Revealed(document.id.clone()));
        }
        all
    }

    fn missing_for_some_class(&self, capacity: &Capacity) -> Vec<Missing> {
        let matrix = self.policy.matrix();
        let opened = if self.is_treating_doctor() {
            DocumentClasses::ALL
        } else {
            matrix.row(capacity.profession, capacity.function).classes()
        };
        let covered = authorised_classes(self);
        if !opened.intersection(covered).is_empty() {
            return Vec::new();
        }
        if !opened.is_empty() {
            return vec![self.missing_grant(opened)];
        }
        let class = covered.iter().next().unwrap_or(DocumentClass::Summary);
        let mut all = Vec::new();
        if covered.is_empty() {
            all.push(self.missing_grant(DocumentClasses::only(class)));
        }
        all.push(Missing::MatrixCell(class, None));
        all
    }

    fn missing_grant(&self, classes: DocumentClasses) -> Missing {
        let mut grants = self.basis.grants.iter();
        let own = grants
            .find(|grant| grant.target == GrantTarget::Person && grant.period.contains(self.now));
        Missing::Grant {
            classes,
            instead_of: own.map(|grant| grant.grant_id),
        }
    }
}

impl Missing {
    /// Whether the patient can bring it about.
    #[must_use]
    pub const fn is_up_to_patient(&self) -> bool {
        match self {
            Self::OpenRecord
            | Self::NoBlock(_)
            | Self::NoOpposition(_)
            | Self::Grant { .. }
            | Self::NotHidden(_)
            | Self::Revealed(_) => true,
            Self::Practice
            | Self::EmergencyReason
            | Self::DirectAuthentication
            | Self::RegulatorFunction
            | Self::MatrixCell(..) => false,
        }
    }

    /// What would have to be so, for the patient.
    #[must_use]
    pub const fn sentence(&self) -> Sentence {
        match self {
            Self::Practice => Sentence {
                fr: "Que le professionnel exerce, dans cette situation d'exercice.",
                en: "That the professional practises, in this practice situation.",
            },
            Self::OpenRecord => Sentence {
                fr: "Que le dossier soit ouvert.",
                en: "That the record is open.",
            },
            Self::NoBlock(BlockTarget::Person) => Sentence {
                fr: "Que vous leviez le blocage de ce professionnel.",
                en: "That you lift the block on this professional.",
            },
            Self::NoBlock(BlockTarget::Organization) => Sentence {
                fr: "Que vous leviez le blocage de la structure au titre de laquelle il agit.",
                en: "That you lift the block on the organization in which they act.",
            },
            Self::EmergencyReason => Sentence {
                fr: "Que le professionnel rédige le motif du bris de glace.",
                en: "That the professional says why they break the glass.",
            },
            Self::DirectAuthentication => Sentence {
                fr: "Que le professionnel s'authentifie lui-même, par un moyen fort.",
                en: "That the professional signs in themselves, strongly.",
            },
            Self::RegulatorFunction => Sentence {
                fr: "Que la demande vienne d'un médecin régulateur.",
                en: "That a regulating doctor asks.",
            },
            Self::NoOpposition(_) => Sentence {
                fr: "Que vous retiriez votre opposition à cet accès en urgence.",
                en: "That you withdraw your opposition to this emergency access.",
            },
            Self::Grant {
                instead_of: None, ..
            } => Sentence {
                fr: "Que vous autorisiez ce professionnel à consulter ces catégories de documents.",
                en: "That you authorise this professional to consult these classes of documents.",
            },
            Self::Grant {
                instead_of: Some(_),
                ..
            } => Sentence {
                fr: "Que l'autorisation en cours de ce professionnel couvre aussi ces catégories.",
                en: "That this professional's grant in force covers these classes too.",
            },
            Self::MatrixCell(..) => Sentence {
                fr: "Que la matrice d'habilitation ouvre ces documents à cette profession, ce \
                     qui ne dépend pas de vous.",
                en: "That the matrix of access rights opens these documents to this profession, \
                     which is not up to you.",
            },
            Self::NotHidden(_) => Sentence {
                fr: "Que ce document ne soit plus caché à ce professionnel.",
                en: "That this document is no longer hidden from this professional.",
            },
            Self::Revealed(_) => Sentence {
                fr: "Que ce document ne soit plus masqué, ou soit montré à ce professionnel.",
                en: "That this document is no longer masked, or is revealed to this professional.",
            },
        }
    }
}
