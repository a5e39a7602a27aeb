//! Sentences in French.

mod access;
mod names;
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
        Outcome::Refused => format!("Sans effet, car refusé : {story}"),
        Outcome::Failure => format!("Sans effet, pour une raison technique : {story}"),
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each kind of event, and the compiler misses none"
)]
fn story(event: &Event, words: &Words<'_>) -> String {
    let Words { has, record, .. } = words;
    let (of_record, to_record) = (words.of_record, words.to_record);
    let names::Bent { object, of, .. } = words.grantee();
    match event.kind {
        EventKind::AccessDecided => access::sentence(event, words),
        EventKind::GrantCreated => {
            let terms = words::terms(after(event));
            format!("{has} autorisé {object} à consulter {record}{terms}.")
        }
        EventKind::GrantRequested => {
            let terms = words::terms(after(event));
            let purpose = words::purpose(after_or_before(event, "purpose"));
            format!("{has} demandé à consulter {record}{terms}.{purpose}")
        }
        EventKind::GrantApproved => {
            let terms = words::terms(after(event));
            format!("{has} accepté la demande d'accès {of}{terms}.")
        }
        EventKind::GrantDeclined => format!("{has} refusé la demande d'accès {of}."),
        EventKind::GrantDeclared => {
            let consent = words.consent;
            let (on_behalf, terms) = (words.on_behalf(), words::terms(after(event)));
            format!("{has} déclaré avoir recueilli {consent}{on_behalf}{terms}.")
        }
        EventKind::GrantUpdated => {
            let changes = words.changed_terms(before(event), after(event));
            format!("{has} modifié l'autorisation {of}{changes}.")
        }
        EventKind::GrantRevoked => format!("{has} retiré l'autorisation {of}."),
        EventKind::GrantExpired => {
            format!("L'autorisation {of} a pris fin à la date prévue.")
        }
        EventKind::BlockCreated => {
            format!("{has} bloqué l'accès {of} {to_record}.")
        }
        EventKind::BlockRemoved => {
            format!("{has} levé le blocage de l'accès {of} {to_record}.")
        }
        EventKind::MaskSet => {
            let visibility = words.visibility(after(event));
            format!("{has} modifié la visibilité d'un document {of_record}{visibility}.")
        }
        EventKind::MaskRemoved => {
            let visibility = words.visibility(before(event));
            format!("{has} levé un réglage de visibilité d'un document {of_record}{visibility}.")
        }
        EventKind::RecordOpened => format!("{has} créé {record}."),
        EventKind::RecordClosed => format!("{has} fermé {record}."),
        EventKind::RecordReopened => format!("{has} rouvert {record}."),
        EventKind::RecordEmergencySettingsChanged => {
            let settings = words::emergency_settings(after(event));
            format!("{has} modifié les réglages de l'accès en urgence {to_record}{settings}.")
        }
        EventKind::TreatingDoctorAdded => {
            format!("{has} désigné {object} comme médecin traitant.")
        }
        EventKind::TreatingDoctorRemoved => {
            format!("{has} mis fin à la désignation {of} comme médecin traitant.")
        }
        EventKind::CareEpisodeOpened => {
            let (care, until) = (words.care, words::until(after(event).until()));
            format!("{has} déclaré {care} par une équipe de soins{until}.")
        }
        EventKind::CareEpisodeClosed => {
            let care = words.care;
            format!("{has} mis fin à {care} par une équipe de soins.")
        }
        EventKind::PatientRegistered => format!("{has} enregistré {}.", words.identity),
        EventKind::PatientIdentityUpdated => format!("{has} mis à jour {}.", words.identity),
        EventKind::PatientsMerged => {
            format!(
                "{has} réuni {} avec un doublon de la même personne.",
                words.identity
            )
        }
        EventKind::PatientsUnmerged => {
            format!(
                "{has} de nouveau séparé {} d'une autre, réunie à tort.",
                words.identity
            )
        }
        EventKind::RepresentativeAdded => {
            format!(
                "{has} enregistré une personne qui peut agir {}.",
                words.on_behalf_of_holder
            )
        }
        EventKind::RepresentativeRemoved => {
            let holder = words.on_behalf_of_holder;
            format!("{has} retiré à une personne le droit d'agir {holder}.")
        }
        EventKind::SessionOpened => format!("{has} ouvert une session."),
        EventKind::SessionRefused if words.is_of_service => {
            "Une tentative de connexion a été refusée.".to_owned()
        }
        EventKind::SessionRefused => {
            format!("{has} tenté d'ouvrir une session, ce qui a été refusé.")
        }
        EventKind::SessionClosed => format!("{has} fermé une session."),
        EventKind::DirectoryImportApplied => {
            format!("{has} mis à jour l'annuaire des professionnels de santé.")
        }
        EventKind::DirectoryImportSuspended => format!(
            "{has} suspendu une mise à jour inhabituelle de l'annuaire des professionnels de santé, \
             dans l'attente d'une vérification."
        ),
        EventKind::DirectoryImportRejected => format!(
            "{has} rejeté une mise à jour inhabituelle de l'annuaire des professionnels de santé."
        ),
        EventKind::DirectoryPractitionersMerged => format!(
            "{has} réuni dans l'annuaire deux inscriptions d'un même professionnel de santé."
        ),
        EventKind::DirectoryPractitionersUnmerged => {
            format!("{has} séparé dans l'annuaire deux inscriptions réunies par erreur.")
        }
        EventKind::DirectoryAttachmentOverridden => format!(
            "{has} corrigé dans l'annuaire le rattachement d'un professionnel de santé à une structure."
        ),
        EventKind::DirectoryAttachmentOverrideEnded => format!(
            "{has} annulé dans l'annuaire une correction du rattachement d'un professionnel de santé."
        ),
        EventKind::PolicyMatrixLoaded => {
            format!("{has} chargé {}.", words::matrix(after(event)))
        }
        EventKind::TrailRead if is_reading_of_one(event) => {
            let (history, as_doctor) = (words.history, words::as_treating_doctor(after(event)));
            format!("{has} consulté une trace de l'historique des actions {history}{as_doctor}.")
        }
        EventKind::TrailRead => {
            let (history, as_doctor) = (words.history, words::as_treating_doctor(after(event)));
            let purpose = words::purpose(after(event).text("purpose"));
            format!("{has} consulté l'historique des actions {history}{as_doctor}.{purpose}")
        }
        EventKind::TrailExported => {
            let (history, as_doctor) = (words.history, words::as_treating_doctor(after(event)));
            format!("{has} exporté l'historique des actions {history}{as_doctor}.")
        }
        EventKind::TrailPruned => {
            format!("{has} effacé des traces dont la durée de conservation est écoulée.")
        }
        EventKind::TrailErased => match event.after.get("ground") {
            Some(ground) => {
                format!("{has} effacé des traces pour ce motif : « {ground} ».")
            }
            None => format!("{has} effacé des traces à la demande d'un opérateur."),
        },
        EventKind::TrailAlert => {
            "Une anomalie de l'historique a été signalée aux responsables de la plateforme."
                .to_owned()
        }
    }
}
