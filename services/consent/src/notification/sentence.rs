//! What a notification says to its reader.
//!
//! An authorisation may have been given by the patient or declared by a professional, and may
//! end on its date, by the patient, or because another one takes its place: each sentence is
//! true of all that is told by it.

use super::{Notification, NotificationKind, Recipient};
use crate::decision::Sentence;

impl Notification {
    /// What it says, to who reads it.
    #[must_use]
    pub const fn sentence(&self) -> Sentence {
        match (self.news.kind, self.news.recipient) {
            (NotificationKind::GrantCreated, _) => Sentence {
                fr: "Une autorisation de consulter le dossier d'un patient a été établie à votre nom.",
                en: "You were authorised to open a patient's record.",
            },
            (NotificationKind::GrantUpdated, _) => Sentence {
                fr: "Votre autorisation de consulter le dossier d'un patient a été modifiée.",
                en: "Your authorisation to open a patient's record was changed.",
            },
            (NotificationKind::GrantRevoked, _) => Sentence {
                fr: "Une de vos autorisations de consulter le dossier d'un patient a pris fin.",
                en: "One of your authorisations to open a patient's record has ended.",
            },
            (NotificationKind::GrantExpiring, _) => Sentence {
                fr: "Votre autorisation de consulter le dossier d'un patient prend bientôt fin.",
                en: "Your authorisation to open a patient's record ends soon.",
            },
            (NotificationKind::GrantExpired, _) => Sentence {
                fr: "Une autorisation de consulter votre dossier a pris fin.",
                en: "An authorisation to open your record has ended.",
            },
            (NotificationKind::GrantRequested, _) => Sentence {
                fr: "Un professionnel vous demande l'accès à votre dossier.",
                en: "A professional asks you for access to your record.",
            },
            (NotificationKind::GrantDeclared, _) => Sentence {
                fr: "Un professionnel a déclaré avoir recueilli votre consentement. \
                     Vous pouvez y mettre fin à tout moment.",
                en: "A professional declared having collected your consent. \
                     You may end it at any time.",
            },
            (NotificationKind::CareEpisodeOpened, _) => Sentence {
                fr: "Une équipe de soins a commencé à vous prendre en charge.",
                en: "A care team began to care for you.",
            },
            (NotificationKind::FirstAccess, _) => Sentence {
                fr: "Un professionnel a ouvert votre dossier pour la première fois.",
                en: "A professional opened your record for the first time.",
            },
            (NotificationKind::EmergencyAccess, Recipient::Patient(_)) => Sentence {
                fr: "Votre dossier a été ouvert en urgence.",
                en: "Your record was opened in an emergency.",
            },
            (NotificationKind::EmergencyAccess, Recipient::Practitioner(_)) => Sentence {
                fr: "Le dossier d'un patient dont vous êtes médecin traitant a été ouvert en \
                     urgence.",
                en: "The record of a patient whose treating doctor you are was opened in an \
                     emergency.",
            },
            (NotificationKind::DocumentWithheld, _) => Sentence {
                fr: "Un professionnel garde un document à vous annoncer depuis deux semaines. \
                     Demandez-lui une consultation pour qu'il vous l'explique.",
                en: "A professional has kept a document to announce to you for two weeks. \
                     Ask them for a consultation to have it explained.",
            },
            (NotificationKind::UnusualAccess, _) => Sentence {
                fr: "Un accès à votre dossier, ou une tentative d'accès, sort de l'ordinaire : \
                     aucun lien connu n'unit ce professionnel à vous. L'historique de vos accès \
                     dit qui, quand et pour quel motif.",
                en: "An access to your record, or an attempt at one, is unusual: nothing known \
                     joins this professional to you. The history of accesses says who, when \
                     and on what ground.",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::id::{PatientId, PractitionerId};
    use aval_domain::time::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::notification::{InboxPosition, News};

    #[test]
    fn no_sentence_says_who_gave_or_ended_an_authorisation_that_may_be_anothers() {
        let patient_id = PatientId::from_uuid(Uuid::from_u128(1));
        let doctor = PractitionerId::from_uuid(Uuid::from_u128(2));
        let (doctor, patient) = (
            Recipient::Practitioner(doctor),
            Recipient::Patient(patient_id),
        );
        for (recipient, kind) in [
            (doctor, NotificationKind::GrantCreated),
            (doctor, NotificationKind::GrantUpdated),
            (doctor, NotificationKind::GrantRevoked),
            (doctor, NotificationKind::GrantExpiring),
            (patient, NotificationKind::GrantExpired),
        ] {
            let told = Notification {
                news: News::of(recipient, kind, patient_id, b"cause", Timestamp::UNIX_EPOCH),
                position: InboxPosition(1),
                acknowledged_at: None,
            };
            let Sentence { fr, en } = told.sentence();
            let patients = [
                fr.contains("Un patient"),
                fr.contains("donnée"),
                fr.contains("terme"),
                en.contains("A patient"),
                en.contains("gave"),
                en.contains("given"),
            ];
            assert_eq!(patients, [false; 6], "{fr} {en}");
        }
    }
}
