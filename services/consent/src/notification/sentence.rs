//! What a notification says to its reader.

use super::{Notification, NotificationKind, Recipient};
use crate::decision::Sentence;

impl Notification {
    /// What it says, to who reads it.
    #[must_use]
    pub const fn sentence(&self) -> Sentence {
        match (self.news.kind, self.news.recipient) {
            (NotificationKind::GrantCreated, _) => Sentence {
                fr: "Un patient vous autorise à consulter son dossier.",
                en: "A patient authorised you to open their record.",
            },
            (NotificationKind::GrantUpdated, _) => Sentence {
                fr: "Un patient a modifié l'autorisation qu'il vous a donnée.",
                en: "A patient changed the authorisation that they gave you.",
            },
            (NotificationKind::GrantRevoked, _) => Sentence {
                fr: "Un patient a mis fin à l'autorisation qu'il vous avait donnée.",
                en: "A patient ended the authorisation that they had given you.",
            },
            (NotificationKind::GrantExpiring, _) => Sentence {
                fr: "Une autorisation qu'un patient vous a donnée prend bientôt fin.",
                en: "An authorisation that a patient gave you ends soon.",
            },
            (NotificationKind::GrantExpired, _) => Sentence {
                fr: "Une autorisation que vous aviez donnée est arrivée à son terme.",
                en: "An authorisation that you had given has come to its end.",
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
