//! The two emergency modes: `bris_de_glace` and `centre_15`.

use aval_domain::access::{AccessMode, DenialReason, Ground, GroundKind};
use aval_domain::code::Function;
use aval_domain::document::DocumentClasses;

use crate::decision::Capacity;
use crate::decision::rule::{Consequence, Finding, Rule, Sentence};
use crate::decision::walk::Progress;
use crate::decision::world::World;

/// Breaking the glass needs a reason in words.
pub static BREAK_GLASS_REASON: Rule = Rule {
    name: "break_glass_reason",
    legal_ground: "CSP L.1111-17 I; homologation du DMP",
    asks: "Is the glass broken without a reason in words?",
    consequence: Consequence::Denies(DenialReason::EmergencyReasonMissing),
    applies: Sentence {
        fr: "Le bris de glace exige un motif rédigé.",
        en: "Breaking the glass needs a reason in words.",
    },
    passes: Sentence {
        fr: "Aucun motif de bris de glace ne manque.",
        en: "No reason for breaking the glass is missing.",
    },
    about_documents: false,
    test: break_glass_reason,
};

/// Breaking the glass needs a professional who signed in themselves, strongly.
pub static BREAK_GLASS_AUTHENTICATION: Rule = Rule {
    name: "break_glass_authentication",
    legal_ground: "CSP L.1111-17 I; homologation du DMP",
    asks: "Is the glass broken without the professional's own strong authentication?",
    consequence: Consequence::Denies(DenialReason::EmergencyAuthenticationTooWeak),
    applies: Sentence {
        fr: "Le bris de glace exige une authentification forte et directe du professionnel.",
        en: "Breaking the glass needs the professional's own strong authentication.",
    },
    passes: Sentence {
        fr: "L'authentification ne fait pas obstacle.",
        en: "The authentication is no obstacle.",
    },
    about_documents: false,
    test: break_glass_authentication,
};

/// The patient may oppose `bris_de_glace` in advance.
pub static BREAK_GLASS_OPPOSITION: Rule = Rule {
    name: "break_glass_opposition",
    legal_ground: "CSP L.1111-17 I; R.1111-48",
    asks: "Is the glass broken although the patient opposed it?",
    consequence: Consequence::Denies(DenialReason::EmergencyOpposed),
    applies: Sentence {
        fr: "Le patient s'est opposé par avance au bris de glace.",
        en: "The patient opposed breaking the glass in advance.",
    },
    passes: Sentence {
        fr: "Aucune opposition au bris de glace ne s'applique.",
        en: "No opposition to breaking the glass applies.",
    },
    about_documents: false,
    test: break_glass_opposition,
};

/// The person cannot express their will and is at immediate risk.
pub static BREAK_GLASS: Rule = Rule {
    name: "break_glass",
    legal_ground: "CSP L.1111-17 I",
    asks: "Is the glass broken?",
    consequence: Consequence::Permits(GroundKind::BreakGlass),
    applies: Sentence {
        fr: "Bris de glace : le professionnel atteste que la personne ne peut exprimer sa \
             volonté et court un risque immédiat. Le patient et son médecin traitant en sont \
             informés.",
        en: "Broken glass: the professional states that the person cannot express their will \
             and is at immediate risk. The patient and their treating doctor are told.",
    },
    passes: Sentence {
        fr: "La demande n'est pas un bris de glace.",
        en: "The glass is not broken.",
    },
    about_documents: false,
    test: break_glass,
};

/// Only a regulating doctor may use the regulation centre's mode.
pub static REGULATOR_FUNCTION: Rule = Rule {
    name: "regulator_function",
    legal_ground: "CSP L.1111-17 I",
    asks: "Is the regulation centre's mode used by somebody who is no regulating doctor?",
    consequence: Consequence::Denies(DenialReason::RegulatorFunctionRequired),
    applies: Sentence {
        fr: "Le mode centre 15 est réservé au médecin régulateur.",
        en: "The regulation centre's mode is for regulating doctors only.",
    },
    passes: Sentence {
        fr: "La fonction de régulation ne fait pas défaut.",
        en: "No regulator's function is missing.",
    },
    about_documents: false,
    test: regulator_function,
};

/// The patient may oppose the regulating doctor's access in advance.
pub static REGULATION_OPPOSITION: Rule = Rule {
    name: "regulation_opposition",
    legal_ground: "CSP L.1111-17 I; R.1111-48",
    asks: "Is the regulation centre's mode used although the patient opposed it?",
    consequence: Consequence::Denies(DenialReason::EmergencyOpposed),
    applies: Sentence {
        fr: "Le patient s'est opposé par avance à l'accès du médecin régulateur.",
        en: "The patient opposed the regulating doctor's access in advance.",
    },
    passes: Sentence {
        fr: "Aucune opposition à l'accès du médecin régulateur ne s'applique.",
        en: "No opposition to the regulating doctor's access applies.",
    },
    about_documents: false,
    test: regulation_opposition,
};

/// The regulating doctor of a SAMU-centre 15.
pub static REGULATION_CENTER: Rule = Rule {
    name: "regulation_center",
    legal_ground: "CSP L.1111-17 I",
    asks: "Is the regulation centre's mode used?",
    consequence: Consequence::Permits(GroundKind::RegulationCenter),
    applies: Sentence {
        fr: "Accès du médecin régulateur du SAMU-centre 15. Le patient et son médecin traitant \
             en sont informés.",
        en: "Access of the SAMU's regulating doctor. The patient and their treating doctor are \
             told.",
    },
    passes: Sentence {
        fr: "La demande ne vient pas d'un centre 15.",
        en: "The request does not come from a regulation centre.",
    },
    about_documents: false,
    test: regulation_center,
};

fn break_glass_reason(world: &World<'_>, _: &mut Progress<'_>) -> Finding {
    match world.capacity_in(AccessMode::BreakGlass) {
        Some(_) if world.question.emergency_reason.is_none() => {
            Finding::Denies(DenialReason::EmergencyReasonMissing)
        }
        _ => Finding::Passes,
    }
}

fn break_glass_authentication(world: &World<'_>, _: &mut Progress<'_>) -> Finding {
    match world.capacity_in(AccessMode::BreakGlass) {
        Some(capacity) if !capacity.directly_authenticated => {
            Finding::Denies(DenialReason::EmergencyAuthenticationTooWeak)
        }
        _ => Finding::Passes,
    }
}

fn break_glass_opposition(world: &World<'_>, _: &mut Progress<'_>) -> Finding {
    let opposed = world
        .basis
        .record
        .is_none_or(|record| record.opposes_break_glass);
    opposition(world, AccessMode::BreakGlass, opposed)
}

fn break_glass(world: &World<'_>, progress: &mut Progress<'_>) -> Finding {
    match world.capacity_in(AccessMode::BreakGlass) {
        Some(_) => progress.authorise(Ground::BreakGlass, DocumentClasses::ALL),
        None => Finding::Passes,
    }
}

fn regulator_function(world: &World<'_>, _: &mut Progress<'_>) -> Finding {
    match world.capacity_in(AccessMode::RegulationCenter) {
        Some(capacity) if !is_regulator(capacity) => {
            Finding::Denies(DenialReason::RegulatorFunctionRequired)
        }
        _ => Finding::Passes,
    }
}

/// Whether the practice situation is a regulating doctor's.
pub(in crate::decision) fn is_regulator(capacity: &Capacity) -> bool {
    capacity.function == Some(Function::REGULATOR) || capacity.regulation_access
}

fn regulation_opposition(world: &World<'_>, _: &mut Progress<'_>) -> Finding {
    let opposed = world
        .basis
        .record
        .is_none_or(|record| record.opposes_regulation_center);
    opposition(world, AccessMode::RegulationCenter, opposed)
}

fn regulation_center(world: &World<'_>, progress: &mut Progress<'_>) -> Finding {
    match world.capacity_in(AccessMode::RegulationCenter) {
        Some(_) => progress.authorise(Ground::RegulationCenter, DocumentClasses::ALL),
        None => Finding::Passes,
    }
}

fn opposition(world: &World<'_>, mode: AccessMode, opposed: bool) -> Finding {
    if opposed && world.capacity_in(mode).is_some() {
        return Finding::Denies(DenialReason::EmergencyOpposed);
    }
    Finding::Passes
}
