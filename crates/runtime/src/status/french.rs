//! What an end user may read: one French sentence per reason.

use aval_proto::common::v1::ErrorReason;

/// The sentence of `google.rpc.LocalizedMessage` for this reason. It speaks to the
/// patient or the professional in front of the software, and discloses nothing that
/// the reason does not.
#[must_use]
pub const fn french_sentence(reason: ErrorReason) -> &'static str {
    match reason {
        ErrorReason::Unspecified | ErrorReason::Internal => {
            "Une erreur interne est survenue. Réessayez plus tard ou contactez le support."
        }
        ErrorReason::FieldInvalid => "Une ou plusieurs informations saisies sont incorrectes.",
        ErrorReason::PageTokenInvalid => {
            "La suite de cette liste n'est plus disponible. Relancez la recherche."
        }
        ErrorReason::RequestIdReused => {
            "Cette demande porte le même numéro qu'une demande différente déjà traitée."
        }
        ErrorReason::UpdateMaskInvalid => {
            "L'une des informations à modifier n'existe pas ou ne peut pas être modifiée."
        }
        ErrorReason::SearchIncomplete => {
            "Il manque des informations pour rechercher cette personne."
        }
        ErrorReason::TokenMissing => "Vous devez vous identifier pour continuer.",
        ErrorReason::TokenInvalid => "Votre identification n'est pas valable. Reconnectez-vous.",
        ErrorReason::TokenExpired => "Votre session a expiré. Reconnectez-vous.",
        ErrorReason::TokenBoundElsewhere => {
            "Votre session a été ouverte depuis un autre logiciel. Reconnectez-vous."
        }
        ErrorReason::CallerUnknown => "Ce logiciel n'est pas reconnu.",
        ErrorReason::CallerNotAllowed => "Ce logiciel n'est pas autorisé à utiliser ce service.",
        ErrorReason::ActorNotAllowed => "Vous n'êtes pas autorisé à effectuer cette action.",
        ErrorReason::PractitionerInactive => {
            "Ce professionnel est inconnu de l'annuaire ou n'exerce plus."
        }
        ErrorReason::RecordUnavailable => "Ce dossier n'est pas disponible.",
        ErrorReason::AuthenticationTooWeak => {
            "Cette action exige une identification plus forte. Reconnectez-vous avec votre carte \
             ou votre application."
        }
        ErrorReason::MandateInsufficient => {
            "Votre qualité de représentant ne permet pas cette action, ou a pris fin."
        }
        ErrorReason::SubjectTokenInvalid => {
            "La réponse du fournisseur d'identité n'est pas valable. Recommencez la connexion."
        }
        ErrorReason::SubjectTokenExpired => {
            "La réponse du fournisseur d'identité a expiré. Recommencez la connexion."
        }
        ErrorReason::AcrInsufficient => "Le niveau d'identification utilisé est insuffisant.",
        ErrorReason::NonceMismatch => {
            "Cette connexion ne correspond pas à votre demande. Recommencez la connexion."
        }
        ErrorReason::UserInfoInvalid => {
            "Les informations reçues du fournisseur d'identité sont incohérentes."
        }
        ErrorReason::ActivityRequired => {
            "Vous exercez dans plusieurs situations. Choisissez celle qui convient."
        }
        ErrorReason::ActivityMismatch => "La situation d'exercice choisie n'est pas la vôtre.",
        ErrorReason::PractitionerUnknown => "Vous n'êtes pas connu de l'annuaire.",
        ErrorReason::PatientUnknown => "Aucune personne n'est enregistrée sous cette identité.",
        ErrorReason::TooManySessions => {
            "Trop de sessions sont ouvertes avec ce compte. Fermez-en une puis réessayez."
        }
        ErrorReason::NotFound => "L'élément demandé est introuvable.",
        ErrorReason::AlreadyExists => "Cet élément existe déjà.",
        ErrorReason::EtagMismatch => {
            "Ces informations ont changé entre-temps. Relisez-les avant de les modifier."
        }
        ErrorReason::StateConflict => "Cette action n'est plus possible dans l'état actuel.",
        ErrorReason::Ambiguous => "Plusieurs réponses sont possibles. Précisez votre choix.",
        ErrorReason::IdentityNotQualified => "L'identité de cette personne n'est pas qualifiée.",
        ErrorReason::Irreversible => "Cette action ne peut pas être annulée ni répétée.",
        ErrorReason::GranteeBlocked => "Ce professionnel est bloqué par le patient.",
        ErrorReason::GranteeUnknown => "Ce professionnel n'est pas encore dans l'annuaire.",
        ErrorReason::FileMalformed => "Le fichier est vide, incomplet ou d'un format inconnu.",
        ErrorReason::FileOutdated => "Le fichier est plus ancien que les données en place.",
        ErrorReason::DependencyUnavailable => {
            "Le service est momentanément indisponible. Rien n'a été décidé ni transmis. Réessayez."
        }
        ErrorReason::TrailUnavailable => {
            "L'accès ne peut pas être tracé pour le moment : rien n'a été transmis. Réessayez."
        }
        ErrorReason::Overloaded => "Le service est très sollicité. Réessayez dans un instant.",
        ErrorReason::MessageTooLarge => "La demande est trop volumineuse pour être traitée.",
        ErrorReason::DeadlineExceeded => "Le service n'a pas répondu à temps. Réessayez.",
        ErrorReason::SearchNotReady => {
            "La recherche n'est pas encore disponible. Réessayez dans quelques minutes."
        }
        ErrorReason::NotImplemented => "Cette fonction n'est pas encore disponible.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_whole_sentence() {
        let reasons = (0..200).filter_map(|number| ErrorReason::try_from(number).ok());
        for reason in reasons {
            let sentence = french_sentence(reason);
            assert!(sentence.ends_with('.') && sentence.len() > 15, "{reason:?}");
            assert!(!sentence.contains("  "), "{reason:?}");
        }
    }
}
