//! The function in a practice situation.

use crate::code_text::CodeText;

super::open_list! {
    /// A function: TRE_R21-Fonction (OID 1.2.250.1.213.1.6.1.17), `FON-` and two
    /// to four digits or capital letters. Access rules look at it beside the
    /// profession: an occupational doctor, a regulator, the coordinating doctor
    /// of an EHPAD, a substitute, an intern.
    pub struct Function, "function", is_function,
        "it is FON- and two to four digits or capital letters";
    labels {
        "FON-01" => "Titulaire de cabinet",
        "FON-02" => "Associé de SEL ou SCP",
        "FON-03" => "Titulaire d'officine",
        "FON-05" => "Adjoint",
        "FON-09" => "Responsable d'établissement",
        "FON-17" => "Collaborateur",
        "FON-18" => "Assistant",
        "FON-21" => "Médecin scolaire",
        "FON-22" => "Remplaçant ou intérimaire",
        "FON-29" => "Médecin du travail",
        "FON-32" => "Régulateur libéral",
        "FON-33" => "Salarié sur poste fixe",
        "FON-37" => "Gérant de PUI",
        "FON-39" => "PMI",
        "FON-40" => "Biologiste",
        "FON-41" => "Biologiste",
        "FON-43" => "Cadre de santé",
        "FON-47" => "Étudiant remplaçant",
        "FON-48" => "Interne",
        "FON-54" => "PDSA",
        "FON-57" => "Docteur junior",
        "FON-61" => "Prestataire",
        "FON-63" => "Coordonnateur en EHPAD",
        "FON-AU" => "Fonction non définie",
    }
}

impl Function {
    /// Substitute or temporary practitioner.
    pub const SUBSTITUTE: Self = Self(CodeText::of("FON-22"));
    /// Occupational doctor: access with the patient's express consent only (art.
    /// L.1111-17 IV CSP).
    pub const OCCUPATIONAL_DOCTOR: Self = Self(CodeText::of("FON-29"));
    /// Medical regulator: the regulation centre's access mode (art. L.1111-17 I CSP).
    pub const REGULATOR: Self = Self(CodeText::of("FON-32"));
    /// Student who substitutes for a practitioner.
    pub const STUDENT_SUBSTITUTE: Self = Self(CodeText::of("FON-47"));
    /// Intern.
    pub const INTERN: Self = Self(CodeText::of("FON-48"));
    /// Coordinating doctor of an EHPAD: access with the patient's consent (art.
    /// L.1111-16 CSP).
    pub const EHPAD_COORDINATOR: Self = Self(CodeText::of("FON-63"));
}

fn is_function(code: &str) -> bool {
    code.strip_prefix("FON-").is_some_and(|rest| {
        (2..=4).contains(&rest.len())
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    })
}
