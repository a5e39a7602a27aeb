//! An access that was decided, in English.

use aval_domain::access::{AccessMode, Action, DenialReason, Effect, Ground};
use aval_domain::document::DocumentClass;
use aval_domain::event::{DecisionSummary, Event, Outcome};

use super::words::{Words, day, list, purpose};
use crate::sentence::{Given, GivenTo, Reader};

pub(super) fn sentence(event: &Event, words: &Words<'_>) -> String {
    let who = &words.who;
    let Some(decision) = &event.decision else {
        return format!("{who} asked for access to {}.", words.record);
    };
    if event.outcome == Outcome::Failure {
        let asked = asked(event, decision, words);
        return format!("{who} asked to {asked}; this failed for a technical reason.");
    }
    match decision.effect {
        Effect::Permit => permitted(event, decision, words),
        Effect::Deny => {
            let asked = asked(event, decision, words);
            let mode = mode(decision.mode);
            let why = decision
                .reason
                .map(|reason| format!(": {}", denial(reason, words.reader)))
                .unwrap_or_default();
            let emergency = emergency_reason(decision);
            format!("{who} asked{mode} to {asked}; access was refused{why}.{emergency}")
        }
    }
}

fn permitted(event: &Event, decision: &DecisionSummary, words: &Words<'_>) -> String {
    let who = &words.who;
    let classes: Vec<DocumentClass> = permitted_classes(event);
    let ground = decision
        .ground
        .map(|ground| ground_of(ground, Given::in_access(event), words))
        .unwrap_or_default();
    let emergency = emergency_reason(decision);
    let purpose = purpose(decision.purpose.as_deref());
    let deed = match decision.action {
        Action::Consult => format!("read {}", documents(&classes, words)),
        Action::Contribute => format!("added {}", additions(&classes, words)),
    };
    format!("{who} {deed}{ground}.{emergency}{purpose}")
}

fn asked(event: &Event, decision: &DecisionSummary, words: &Words<'_>) -> String {
    let classes: Vec<DocumentClass> = event.documents.iter().map(|d| d.class).collect();
    match decision.action {
        Action::Consult => format!("read {}", documents(&classes, words)),
        Action::Contribute => format!("add {}", additions(&classes, words)),
    }
}

fn permitted_classes(event: &Event) -> Vec<DocumentClass> {
    let permitted = event.documents.iter().filter(|document| document.permitted);
    permitted.map(|document| document.class).collect()
}

fn documents(classes: &[DocumentClass], words: &Words<'_>) -> String {
    match classes {
        [] => words.record.to_owned(),
        classes => format!("{} of {}", counted(classes), words.record),
    }
}

fn additions(classes: &[DocumentClass], words: &Words<'_>) -> String {
    match classes {
        [] => format!("to {}", words.record),
        classes => format!("{} to {}", counted(classes), words.record),
    }
}

/// "2 documents (report, summary)".
fn counted(classes: &[DocumentClass]) -> String {
    let mut kinds = classes.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    let noun = if classes.len() == 1 {
        "document"
    } else {
        "documents"
    };
    format!("{} {noun} ({})", classes.len(), list(&kinds))
}

fn ground_of(ground: Ground, given: Option<Given<'_>>, words: &Words<'_>) -> String {
    let (they_had, them) = match words.reader {
        Reader::Holder => ("you had", "you"),
        Reader::SomebodyElse => ("the patient had", "the patient"),
    };
    let since = given.map(|given| day(given.since));
    match ground {
        Ground::OwnRecord | Ground::Contribution => String::new(),
        Ground::TreatingDoctor => " as treating doctor".to_owned(),
        Ground::Grant(_) => match (given, since) {
            (Some(given), Some(since)) => {
                let whom = match given.to {
                    GivenTo::Professional(name) | GivenTo::Organization(Some(name)) => name,
                    GivenTo::Organization(None) => "this professional's organization",
                };
                format!(" because {they_had} authorised {whom} since {since}")
            }
            _ => format!(" because {them} authorised it"),
        },
        Ground::CareEpisode(_) => match since {
            Some(since) => {
                format!(
                    " as a member of the care team that had been looking after {them} since {since}"
                )
            }
            None => format!(" as a member of the care team that looks after {them}"),
        },
        Ground::Declaration(_) => {
            let since = since.map(|since| format!(", valid from {since}"));
            format!(
                " on a professional's declaration of having collected {}{}",
                words.consent,
                since.unwrap_or_default()
            )
        }
        Ground::BreakGlass => " in an emergency (break-glass)".to_owned(),
        Ground::RegulationCenter => {
            " in an emergency, as regulating doctor of SAMU-Centre 15".to_owned()
        }
    }
}

fn mode(mode: AccessMode) -> &'static str {
    match mode {
        AccessMode::Normal => "",
        AccessMode::BreakGlass => ", in an emergency (break-glass),",
        AccessMode::RegulationCenter => ", in an emergency (SAMU-Centre 15),",
    }
}

fn emergency_reason(decision: &DecisionSummary) -> String {
    decision
        .emergency_reason
        .as_deref()
        .map(|reason| format!(" Reason of the emergency: “{reason}”."))
        .unwrap_or_default()
}

fn denial(reason: DenialReason, reader: Reader) -> &'static str {
    let choose = |holder, other| match reader {
        Reader::Holder => holder,
        Reader::SomebodyElse => other,
    };
    match reason {
        DenialReason::PractitionerInactive => {
            "the directory does not know this professional, or they no longer practise"
        }
        DenialReason::RecordUnavailable => "the record is not available",
        DenialReason::Blocked => choose(
            "you blocked this professional or their organization",
            "the patient blocked this professional or their organization",
        ),
        DenialReason::EmergencyOpposed => choose(
            "you opposed this mode of emergency access",
            "the patient opposed this mode of emergency access",
        ),
        DenialReason::EmergencyReasonMissing => "the reason of the emergency was not given",
        DenialReason::EmergencyAuthenticationTooWeak => {
            "an emergency needs a strong and direct sign-in of the professional"
        }
        DenialReason::RegulatorFunctionRequired => {
            "this mode of access is for the regulating doctors of SAMU-Centre 15"
        }
        DenialReason::NoGrant => choose("you did not authorise it", "nothing authorises it"),
        DenialReason::GrantExpired => "the authorisation has ended",
        DenialReason::GrantNotYetActive => "the authorisation has not begun",
        DenialReason::NothingPermitted => {
            "the authorisation covers none of the documents asked for"
        }
    }
}
