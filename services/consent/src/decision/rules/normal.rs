//! Contributing, and what authorises consulting in normal mode.

use aval_domain::access::{
    AccessMode, DenialReason, Ground, GroundHolder, GroundKind, GroundTerms,
};
use aval_domain::document::DocumentClasses;
use aval_domain::period::PeriodPosition;

use crate::decision::rule::{Consequence, Finding, Rule, Sentence};
use crate::decision::walk::Progress;
use crate::decision::world::{World, is_occupational_doctor};
use crate::decision::{GrantBasis, GrantTarget};

/// Feeding the record: see the head of [`decision`](crate::decision).
pub static CONTRIBUTION: Rule = Rule {
    name: "contribution",
    legal_ground: "CSP L.1111-15; R.1111-47",
    asks: "Does the professional feed the record, in normal mode?",
    consequence: Consequence::Permits(GroundKind::Contribution),
    applies: Sentence {
        fr: "Le professionnel alimente le dossier.",
        en: "The professional feeds the record.",
    },
    passes: Sentence {
        fr: "La demande ne porte pas sur l'alimentation du dossier en mode normal.",
        en: "The request is not about feeding the record in normal mode.",
    },
    about_documents: false,
    test: contribution,
};

/// The treating doctor has access to everything.
pub static TREATING_DOCTOR: Rule = Rule {
    name: "treating_doctor",
    legal_ground: "CSP L.1111-16",
    asks: "Does the professional consult as a doctor whom the patient declared treating doctor, and not as an occupational doctor?",
    consequence: Consequence::Permits(GroundKind::TreatingDoctor),
    applies: Sentence {
        fr: "Le professionnel est médecin traitant du patient.",
        en: "The professional is a treating doctor of the patient.",
    },
    passes: Sentence {
        fr: "Le professionnel n'agit pas en qualité de médecin traitant.",
        en: "The professional does not act as a treating doctor.",
    },
    about_documents: false,
    test: treating_doctor,
};

/// The patient authorised this professional, and the time is right.
pub static GRANT_TO_PERSON: Rule = Rule {
    name: "grant_to_person",
    legal_ground: "CSP L.1111-19; R.1111-46",
    asks: "Does the professional consult, and is a grant of the patient to them in force?",
    consequence: Consequence::Permits(GroundKind::Grant),
    applies: Sentence {
        fr: "Le patient a autorisé ce professionnel.",
        en: "The patient authorised this professional.",
    },
    passes: Sentence {
        fr: "Aucune autorisation en cours ne désigne ce professionnel.",
        en: "No grant in force names this professional.",
    },
    about_documents: false,
    test: |world, progress: &mut Progress<'_>| {
        granted(world, progress, |grant| {
            !grant.declared && grant.target == GrantTarget::Person
        })
    },
};

/// The patient authorised the organization in which the professional acts.
pub static GRANT_TO_ORGANIZATION: Rule = Rule {
    name: "grant_to_organization",
    legal_ground: "CSP L.1111-19; R.1111-46",
    asks: "Does the professional consult, and is a grant of the patient to their organization in force?",
    consequence: Consequence::Permits(GroundKind::Grant),
    applies: Sentence {
        fr: "Le patient a autorisé la structure au titre de laquelle agit le professionnel.",
        en: "The patient authorised the organization in which the professional acts.",
    },
    passes: Sentence {
        fr: "Aucune autorisation en cours ne désigne la structure.",
        en: "No grant in force names the organization.",
    },
    about_documents: false,
    test: |world, progress: &mut Progress<'_>| {
        granted(world, progress, |grant| {
            !grant.declared && grant.target == GrantTarget::Organization
        })
    },
};

/// A professional declared having collected the patient's consent.
pub static DECLARATION: Rule = Rule {
    name: "declaration",
    legal_ground: "CSP L.1111-17 II, III",
    asks: "Does the professional consult, and is a declaration of the consent in force?",
    consequence: Consequence::Permits(GroundKind::Declaration),
    applies: Sentence {
        fr: "Un professionnel a déclaré avoir recueilli le consentement du patient.",
        en: "A professional declared having collected the patient's consent.",
    },
    passes: Sentence {
        fr: "Aucune déclaration de consentement n'est en cours.",
        en: "No declaration of consent is in force.",
    },
    about_documents: false,
    test: |world, progress: &mut Progress<'_>| granted(world, progress, |grant| grant.declared),
};

/// A member of the care team is deemed authorised while the care lasts, wherever they act,
/// unless the patient blocked the organization that cares. Not an occupational doctor, who
/// needs the patient's express consent.
pub static CARE_EPISODE: Rule = Rule {
    name: "care_episode",
    legal_ground: "CSP L.1110-4; R.1111-46",
    asks: "Does the professional consult as a member of the team of a care episode under way, whose organization the patient has not blocked, and not as an occupational doctor?",
    consequence: Consequence::Permits(GroundKind::CareEpisode),
    applies: Sentence {
        fr: "Le professionnel est membre de l'équipe de soins, qui est réputée autorisée.",
        en: "The professional is a member of the care team, which is deemed authorised.",
    },
    passes: Sentence {
        fr: "Aucune prise en charge en cours ne présume l'autorisation.",
        en: "No care episode under way presumes the authorisation.",
    },
    about_documents: false,
    test: care_episode,
};

/// There is a grant, but its period has not begun.
pub static GRANT_NOT_YET_ACTIVE: Rule = Rule {
    name: "grant_not_yet_active",
    legal_ground: "CSP R.1111-46",
    asks: "Does nothing authorise consulting, and is there a grant to come?",
    consequence: Consequence::Denies(DenialReason::GrantNotYetActive),
    applies: Sentence {
        fr: "L'autorisation ne vaut pas encore.",
        en: "The grant's period has not begun.",
    },
    passes: Sentence {
        fr: "Aucune autorisation à venir ne manque.",
        en: "No grant to come is missing.",
    },
    about_documents: false,
    test: |world, progress: &mut Progress<'_>| {
        without_grant(
            world,
            progress,
            PeriodPosition::Before,
            DenialReason::GrantNotYetActive,
        )
    },
};

/// There was a grant, but its period is over.
pub static GRANT_EXPIRED: Rule = Rule {
    name: "grant_expired",
    legal_ground: "CSP R.1111-46",
    asks: "Does nothing authorise consulting, and is there a grant that is over?",
    consequence: Consequence::Denies(DenialReason::GrantExpired),
    applies: Sentence {
        fr: "L'autorisation a expiré.",
        en: "The grant's period is over.",
    },
    passes: Sentence {
        fr: "Aucune autorisation expirée ne manque.",
        en: "No expired grant is missing.",
    },
    about_documents: false,
    test: |world, progress: &mut Progress<'_>| {
        without_grant(
            world,
            progress,
            PeriodPosition::After,
            DenialReason::GrantExpired,
        )
    },
};

/// Nothing authorises the access.
pub static NO_GRANT: Rule = Rule {
    name: "no_grant",
    legal_ground: "CSP R.1111-46",
    asks: "Does nothing authorise the access?",
    consequence: Consequence::Denies(DenialReason::NoGrant),
    applies: Sentence {
        fr: "Rien n'autorise cet accès.",
        en: "Nothing authorises this access.",
    },
    passes: Sentence {
        fr: "L'accès est autorisé dans son principe.",
        en: "The access is authorised in principle.",
    },
    about_documents: false,
    test: no_grant,
};

fn contribution(world: &World<'_>, progress: &mut Progress<'_>) -> Finding {
    if !world.is_contribution() || world.capacity_in(AccessMode::Normal).is_none() {
        return Finding::Passes;
    }
    progress.authorise(Ground::Contribution, DocumentClasses::ALL)
}

fn treating_doctor(world: &World<'_>, progress: &mut Progress<'_>) -> Finding {
    if world.normal_consultation().is_none() || !world.is_treating_doctor() {
        return Finding::Passes;
    }
    progress.authorise(Ground::TreatingDoctor, DocumentClasses::ALL)
}

fn granted(
    world: &World<'_>,
    progress: &mut Progress<'_>,
    is_of_the_kind: fn(&GrantBasis) -> bool,
) -> Finding {
    if world.normal_consultation().is_none() {
        return Finding::Passes;
    }
    let in_force = |grant: &&GrantBasis| is_of_the_kind(grant) && grant.period.contains(world.now);
    let mut finding = Finding::Passes;
    for grant in world.basis.grants.iter().filter(in_force) {
        let ground = if grant.declared {
            Ground::Declaration(grant.grant_id)
        } else {
            Ground::Grant(grant.grant_id)
        };
        let terms = GroundTerms {
            holder: grant.target.into(),
            since: grant.since,
        };
        finding = progress.authorise_as_given(ground, terms, grant.classes);
    }
    finding
}

fn care_episode(world: &World<'_>, progress: &mut Progress<'_>) -> Finding {
    let Some(capacity) = world.normal_consultation() else {
        return Finding::Passes;
    };
    if is_occupational_doctor(capacity) {
        return Finding::Passes;
    }
    let mut episodes = world.basis.care_episodes.iter();
    match episodes.find(|episode| episode.holds(world.now)) {
        Some(episode) => {
            let ground = Ground::CareEpisode(episode.care_episode_id);
            let terms = GroundTerms {
                holder: GroundHolder::Practitioner,
                since: episode.since,
            };
            progress.authorise_as_given(ground, terms, DocumentClasses::ALL)
        }
        None => Finding::Passes,
    }
}

fn without_grant(
    world: &World<'_>,
    progress: &Progress<'_>,
    position: PeriodPosition,
    reason: DenialReason,
) -> Finding {
    let mut grants = world.basis.grants.iter();
    if !progress.is_authorised()
        && world.normal_consultation().is_some()
        && grants.any(|grant| grant.period.position(world.now) == position)
    {
        return Finding::Denies(reason);
    }
    Finding::Passes
}

fn no_grant(_: &World<'_>, progress: &mut Progress<'_>) -> Finding {
    if progress.is_authorised() {
        return Finding::Passes;
    }
    Finding::Denies(DenialReason::NoGrant)
}
