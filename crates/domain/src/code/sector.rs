//! The sector of a practice situation.

super::open_list! {
    /// A sector of activity: TRE_R02-SecteurActivite (OID 1.2.250.1.71.4.2.4),
    /// `SA` and two or three digits.
    pub struct Sector, "sector", is_sector, "it is SA and two or three digits";
    labels {
        "SA01" => "Établissement public de santé",
        "SA02" => "Hôpital militaire",
        "SA03" => "Établissement privé PSPH",
        "SA04" => "Établissement privé non PSPH",
        "SA05" => "Centre de santé",
        "SA07" => "Cabinet individuel",
        "SA08" => "Cabinet de groupe",
        "SA09" => "Société d'exercice",
        "SA10" => "Transport sanitaire",
        "SA13" => "Entreprise",
        "SA15" => "PMI",
        "SA16" => "Établissement pour personnes handicapées",
        "SA17" => "Établissement pour personnes âgées",
        "SA25" => "Laboratoire de biologie médicale",
        "SA33" => "Officine",
        "SA34" => "Dialyse",
        "SA36" => "Lutte contre le cancer",
        "SA42" => "Appareillage",
        "SA50" => "Permanence des soins",
        "SA65" => "Antenne de pharmacie",
    }
}

fn is_sector(code: &str) -> bool {
    code.strip_prefix("SA").is_some_and(|digits| {
        (2..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}
