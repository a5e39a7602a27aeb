//! The speciality of a profession.

super::open_list! {
    /// A speciality or other know-how ("savoir-faire") of a profession, such as
    /// those of TRE_R38-SpecialiteOrdinale (OID 1.2.250.1.213.2.28): `SM26`,
    /// `SI06`, `SCD01`. An open list: a capital letter, then one to seven
    /// capital letters or digits.
    pub struct Speciality, "speciality", is_speciality,
        "it is a capital letter and one to seven capital letters or digits";
    labels {
        "SI01" => "Infirmier en pratique avancée (IPA)",
        "SI02" => "Infirmier en pratique avancée (IPA)",
        "SI03" => "Infirmier en pratique avancée (IPA)",
        "SI04" => "Infirmier en pratique avancée (IPA)",
        "SI05" => "Infirmier en pratique avancée (IPA)",
        "SI06" => "Infirmier de bloc opératoire (IBODE)",
        "SI07" => "Infirmier anesthésiste (IADE)",
        "SI08" => "Infirmier en puériculture",
        "SM01" => "Anatomie et cytologie pathologiques",
        "SM02" => "Anesthésie-réanimation",
        "SM03" => "Biologie médicale",
        "SM04" => "Cardiologie",
        "SM26" => "Médecine générale",
        "SM53" => "Médecine générale",
        "SM54" => "Médecine générale",
    }
}

impl Speciality {
    /// The OID of the list as SAML assertions (VIHF) name it.
    pub const VIHF_OID: &'static str = "1.2.250.1.71.4.2.5";
}

fn is_speciality(code: &str) -> bool {
    (2..=8).contains(&code.len())
        && code.starts_with(|first: char| first.is_ascii_uppercase())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}
