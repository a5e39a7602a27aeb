//! Whom the patient shut out.

use aval_domain::access::{AccessMode, DenialReason};

use crate::decision::BlockTarget;
use crate::decision::rule::{Consequence, Finding, Rule, Sentence};
use crate::decision::walk::Progress;
use crate::decision::world::World;

/// The patient blocked this professional.
pub static BLOCK_ON_PERSON: Rule = Rule {
    name: "block_on_person",
    legal_ground: "CSP L.1111-19",
    asks: "Did the patient block the professional, and does the block hold now? A policy switch says whether it is asked when the glass is broken.",
    consequence: Consequence::Denies(DenialReason::Blocked),
    applies: Sentence {
        fr: "Le patient a bloqué ce professionnel.",
        en: "The patient blocked this professional.",
    },
    passes: Sentence {
        fr: "Aucun blocage du professionnel ne s'applique.",
        en: "No block on the professional applies.",
    },
    about_documents: false,
    test: |world, _: &mut Progress<'_>| blocked(world, BlockTarget::Person),
};

/// The patient blocked the organization in which the professional acts.
pub static BLOCK_ON_ORGANIZATION: Rule = Rule {
    name: "block_on_organization",
    legal_ground: "CSP L.1111-19",
    asks: "Did the patient block the organization in which the professional acts, and does the block hold now? The same switch.",
    consequence: Consequence::Denies(DenialReason::Blocked),
    applies: Sentence {
        fr: "Le patient a bloqué la structure au titre de laquelle agit le professionnel.",
        en: "The patient blocked the organization in which the professional acts.",
    },
    passes: Sentence {
        fr: "Aucun blocage de la structure ne s'applique.",
        en: "No block on the organization applies.",
    },
    about_documents: false,
    test: |world, _: &mut Progress<'_>| blocked(world, BlockTarget::Organization),
};

fn blocked(world: &World<'_>, target: BlockTarget) -> Finding {
    if is_blocked(world, target) {
        return Finding::Denies(DenialReason::Blocked);
    }
    Finding::Passes
}

/// Whether a block of this kind shuts the professional out.
pub(in crate::decision) fn is_blocked(world: &World<'_>, target: BlockTarget) -> bool {
    let glass_is_broken = world.question.mode == AccessMode::BreakGlass;
    if world.capacity().is_none() || (glass_is_broken && !world.policy.block_beats_break_glass()) {
        return false;
    }
    let mut blocks = world.basis.blocks.iter();
    blocks.any(|block| block.target == target && block.holds(world.now))
}
