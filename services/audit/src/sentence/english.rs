//! Sentences in English.

mod access;
mod labels;
pub(super) mod words;

use aval_domain::event::{Event, EventKind, Outcome};

use super::changes::{after, after_or_before, before};
use super::{Reader, is_reading_of_one};
use words::Words;

/// What happened, in one or two sentences.
pub(super) fn sentence(event: &Event, reader: Reader) -> String {
    let words = Words::new(event, reader);
    if event.kind == EventKind::AccessDecided {
        return access::sentence(event, &words);
    }
    let story = story(event, &words);
    match event.outcome {
        Outcome::Success => story,
        // These two tell of nothing else.
        _ if matches!(
            event.kind,
            EventKind::SessionRefused | EventKind::TrailAlert
        ) =>
        {
            story
        }
        Outcome::Refused => format!("Without effect, because refused: {story}"),
        Outcome::Failure => format!("Without effect, for a technical reason: {story}"),
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each kind of event, and the compiler misses none"
)]
fn story(event: &Event, words: &Words<'_>) -> String {
    let Words { who, record, .. } = words;
    let grantee = words.grantee();
    match event.kind {
        EventKind::AccessDecided => access::sentence(event, words),
        EventKind::GrantCreated => {
            let terms = words::terms(after(event));
            format!("{who} authorised {grantee} to open {record}{terms}.")
        }
        EventKind::GrantRequested => {
            let terms = words::terms(after(event));
            let purpose = words::purpose(after_or_before(event, "purpose"));
            format!("{who} asked to open {record}{terms}.{purpose}")
        }
        EventKind::GrantApproved => {
            let terms = words::terms(after(event));
            format!("{who} approved the request for access of {grantee}{terms}.")
        }
        EventKind::GrantDeclined => {
            format!("{who} declined the request for access of {grantee}.")
        }
        EventKind::GrantDeclared => {
            let consent = words.consent;
            let (on_behalf, terms) = (words.on_behalf(), words::terms(after(event)));
            format!("{who} declared having collected {consent}{on_behalf}{terms}.")
        }
        EventKind::GrantUpdated => {
            let changes = words.changed_terms(before(event), after(event));
            format!("{who} changed the authorisation of {grantee}{changes}.")
        }
        EventKind::GrantRevoked => format!("{who} withdrew the authorisation of {grantee}."),
        EventKind::GrantExpired => {
            format!("The authorisation of {grantee} ended on its date.")
        }
        EventKind::BlockCreated => format!("{who} blocked {grantee} from {record}."),
        EventKind::BlockRemoved => {
            format!("{who} lifted the block of {grantee} from {record}.")
        }
        EventKind::MaskSet => {
            let visibility = words.visibility(after(event));
            format!("{who} changed the visibility of a document of {record}{visibility}.")
        }
        EventKind::MaskRemoved => {
            let visibility = words.visibility(before(event));
            format!("{who} lifted a visibility setting of a document of {record}{visibility}.")
        }
        EventKind::RecordOpened => format!("{who} created {record}."),
        EventKind::RecordClosed => format!("{who} closed {record}."),
        EventKind::RecordReopened => format!("{who} reopened {record}."),
        EventKind::RecordEmergencySettingsChanged => {
            let settings = words::emergency_settings(after(event));
            format!("{who} changed the emergency access settings of {record}{settings}.")
        }
        EventKind::TreatingDoctorAdded => format!("{who} named {grantee} as treating doctor."),
        EventKind::TreatingDoctorRemoved => {
            format!("{who} ended the naming of {grantee} as treating doctor.")
        }
        EventKind::CareEpisodeOpened => {
            let (care, until) = (words.care, words::until(after(event).until()));
            format!("{who} declared {care} by a care team{until}.")
        }
        EventKind::CareEpisodeClosed => format!("{who} ended {} by a care team.", words.care),
        EventKind::PatientRegistered => format!("{who} registered {}.", words.identity),
        EventKind::PatientIdentityUpdated => format!("{who} updated {}.", words.identity),
        EventKind::PatientsMerged => {
            format!(
                "{who} joined {} with a duplicate of the same person.",
                words.identity
            )
        }
        EventKind::PatientsUnmerged => {
            format!(
                "{who} separated {} again from one wrongly joined.",
                words.identity
            )
        }
        EventKind::RepresentativeAdded => {
            format!(
                "{who} registered a person who may act {}.",
                words.on_behalf_of_holder
            )
        }
        EventKind::RepresentativeRemoved => {
            let holder = words.on_behalf_of_holder;
            format!("{who} withdrew a person's right to act {holder}.")
        }
        EventKind::SessionOpened => format!("{who} signed in."),
        EventKind::SessionRefused if words.is_of_service => {
            "An attempt to sign in was refused.".to_owned()
        }
        EventKind::SessionRefused => format!("{who} tried to sign in without success."),
        EventKind::SessionClosed => format!("{who} closed a session."),
        EventKind::DirectoryImportApplied => {
            format!("{who} updated the directory of health professionals.")
        }
        EventKind::DirectoryImportSuspended => format!(
            "{who} suspended an unusual update of the directory of health professionals until it \
             is checked."
        ),
        EventKind::DirectoryImportRejected => {
            format!("{who} rejected an unusual update of the directory of health professionals.")
        }
        EventKind::DirectoryPractitionersMerged => {
            format!("{who} joined two directory entries of the same health professional.")
        }
        EventKind::DirectoryPractitionersUnmerged => {
            format!("{who} separated two directory entries that had been joined by mistake.")
        }
        EventKind::DirectoryAttachmentOverridden => {
            format!("{who} corrected a health professional's place of practice in the directory.")
        }
        EventKind::DirectoryAttachmentOverrideEnded => format!(
            "{who} took back a correction of a health professional's place of practice in the \
             directory."
        ),
        EventKind::PolicyMatrixLoaded => {
            format!("{who} loaded {}.", words::matrix(after(event)))
        }
        EventKind::TrailRead if is_reading_of_one(event) => {
            let (history, as_doctor) = (words.history, words::as_treating_doctor(after(event)));
            format!("{who} read one event of the history of {history}{as_doctor}.")
        }
        EventKind::TrailRead => {
            let (history, as_doctor) = (words.history, words::as_treating_doctor(after(event)));
            let purpose = words::purpose(after(event).text("purpose"));
            format!("{who} read the history of {history}{as_doctor}.{purpose}")
        }
        EventKind::TrailExported => {
            let (history, as_doctor) = (words.history, words::as_treating_doctor(after(event)));
            format!("{who} exported the history of {history}{as_doctor}.")
        }
        EventKind::TrailPruned => {
            format!("{who} erased traces whose retention period is over.")
        }
        EventKind::TrailErased => match event.after.get("ground") {
            Some(ground) => format!("{who} erased traces for this reason: “{ground}”."),
            None => format!("{who} erased traces because an operator asked."),
        },
        EventKind::TrailAlert => {
            "An anomaly of the history was reported to those in charge of the platform.".to_owned()
        }
    }
}
