//! An access that was decided, in French.

use aval_domain::access::{AccessMode, Action, DenialReason, Effect, Ground};
use aval_domain::document::DocumentClass;
use aval_domain::event::{DecisionSummary, Event, Outcome};

use super::names::Bent;
use super::words::{Words, day, labels, purpose};
use crate::sentence::changes::Grantee;
use crate::sentence::{Given, GivenTo, Reader};

pub(super) fn sentence(event: &Event, words: &Words<'_>) -> String {
    let has = &words.has;
    let Some(decision) = &event.decision else {
        return format!("{has} demandé à accéder {}.", words.to_record);
    };
    if event.outcome == Outcome::Failure {
        let asked = asked(event, decision, words);
        return format!(
            "{has} demandé à {asked} ; l'accès n'a pas abouti pour une raison technique."
        );
    }
    match decision.effect {
        Effect::Permit => permitted(event, decision, words),
        Effect::Deny => {
            let asked = asked(event, decision, words);
            let mode = mode(decision.mode);
            let why = decision
                .reason
                .map(|reason| format!(" : {}", denial(reason, words.reader)))
                .unwrap_or_default();
            let emergency = emergency_reason(decision);
            format!("{has} demandé{mode} à {asked} ; l'accès a été refusé{why}.{emergency}")
        }
    }
}

fn permitted(event: &Event, decision: &DecisionSummary, words: &Words<'_>) -> String {
    let has = &words.has;
    let classes: Vec<DocumentClass> = permitted_classes(event);
    let ground = decision
        .ground
        .map(|ground| ground_of(ground, Given::in_access(event), words))
        .unwrap_or_default();
    let emergency = emergency_reason(decision);
    let purpose = purpose(decision.purpose.as_deref());
    let deed = match decision.action {
        Action::Consult => format!("consulté {}", documents(&classes, words)),
        Action::Contribute => match classes.as_slice() {
            [] => format!("alimenté {}", words.record),
            classes => format!("ajouté {} {}", counted(classes), words.to_record),
        },
    };
    format!("{has} {deed}{ground}.{emergency}{purpose}")
}

fn asked(event: &Event, decision: &DecisionSummary, words: &Words<'_>) -> String {
    let classes: Vec<DocumentClass> = event.documents.iter().map(|d| d.class).collect();
    match decision.action {
        Action::Consult => format!("consulter {}", documents(&classes, words)),
        Action::Contribute => match classes.as_slice() {
            [] => format!("alimenter {}", words.record),
            classes => format!("ajouter {} {}", counted(classes), words.to_record),
        },
    }
}

fn permitted_classes(event: &Event) -> Vec<DocumentClass> {
    let permitted = event.documents.iter().filter(|document| document.permitted);
    permitted.map(|document| document.class).collect()
}

fn documents(classes: &[DocumentClass], words: &Words<'_>) -> String {
    match classes {
        [] => words.record.to_owned(),
        classes => format!("{} {}", counted(classes), words.of_record),
    }
}

/// "2 documents (compte rendu, synthèse)".
fn counted(classes: &[DocumentClass]) -> String {
    let mut kinds = classes.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    let noun = if classes.len() == 1 {
        "document"
    } else {
        "documents"
    };
    format!("{} {noun} ({})", classes.len(), labels(&kinds))
}

fn ground_of(ground: Ground, given: Option<Given<'_>>, words: &Words<'_>) -> String {
    let (they_authorised, it_is_authorised, you, the_patient) = match words.reader {
        Reader::Holder => ("vous autorisiez", "vous l'avez autorisé", "vous ", ""),
        Reader::SomebodyElse => (
            "le patient autorisait",
            "le patient l'a autorisé",
            "",
            " le patient",
        ),
    };
    let since = given.map(|given| day(given.since));
    match ground {
        Ground::OwnRecord | Ground::Contribution => String::new(),
        Ground::TreatingDoctor => " en tant que médecin traitant".to_owned(),
        Ground::Grant(_) => match (given, since) {
            (Some(given), Some(since)) => {
                let whom = whom(given.to);
                format!(" parce que {they_authorised} {whom} depuis le {since}")
            }
            _ => format!(" parce que {it_is_authorised}"),
        },
        Ground::CareEpisode(_) => {
            let care = match since {
                Some(since) => format!("prenait en charge{the_patient} depuis le {since}"),
                None => format!("prend en charge{the_patient}"),
            };
            format!(" en tant que membre de l'équipe de soins qui {you}{care}")
        }
        Ground::Declaration(_) => {
            let since = since.map(|since| format!(", valable à compter du {since}"));
            format!(
                " sur déclaration d'un professionnel ayant recueilli {}{}",
                words.consent,
                since.unwrap_or_default()
            )
        }
        Ground::BreakGlass => " en urgence (bris de glace)".to_owned(),
        Ground::RegulationCenter => {
            " en urgence, en tant que médecin régulateur du SAMU-Centre 15".to_owned()
        }
    }
}

/// To whom a grant was given, as the object of its sentence.
fn whom(to: GivenTo<'_>) -> String {
    match to {
        GivenTo::Professional(name) => Bent::new(Grantee::Named(name)).object,
        GivenTo::Organization(Some(name)) => format!("l'établissement {name}"),
        GivenTo::Organization(None) => "l'établissement de ce professionnel".to_owned(),
    }
}

fn mode(mode: AccessMode) -> &'static str {
    match mode {
        AccessMode::Normal => "",
        AccessMode::BreakGlass => ", en urgence (bris de glace),",
        AccessMode::RegulationCenter => ", en urgence (SAMU-Centre 15),",
    }
}

fn emergency_reason(decision: &DecisionSummary) -> String {
    decision
        .emergency_reason
        .as_deref()
        .map(|reason| format!(" Motif de l'urgence : « {reason} »."))
        .unwrap_or_default()
}

fn denial(reason: DenialReason, reader: Reader) -> &'static str {
    let choose = |holder, other| match reader {
        Reader::Holder => holder,
        Reader::SomebodyElse => other,
    };
    match reason {
        DenialReason::PractitionerInactive => {
            "ce professionnel est inconnu de l'annuaire ou n'exerce plus"
        }
        DenialReason::RecordUnavailable => "le dossier n'est pas disponible",
        DenialReason::Blocked => choose(
            "vous avez bloqué ce professionnel ou son établissement",
            "le patient a bloqué ce professionnel ou son établissement",
        ),
        DenialReason::EmergencyOpposed => choose(
            "vous avez exprimé votre opposition à ce mode d'accès en urgence",
            "le patient a exprimé son opposition à ce mode d'accès en urgence",
        ),
        DenialReason::EmergencyReasonMissing => "le motif de l'urgence n'a pas été indiqué",
        DenialReason::EmergencyAuthenticationTooWeak => {
            "l'urgence exige une identification forte et directe du professionnel"
        }
        DenialReason::RegulatorFunctionRequired => {
            "ce mode d'accès est réservé aux médecins régulateurs du SAMU-Centre 15"
        }
        DenialReason::NoGrant => choose("vous ne l'avez pas autorisé", "rien ne l'autorise"),
        DenialReason::GrantExpired => "l'autorisation a pris fin",
        DenialReason::GrantNotYetActive => "l'autorisation n'a pas encore commencé",
        DenialReason::NothingPermitted => {
            "l'autorisation ne porte sur aucun des documents demandés"
        }
    }
}
