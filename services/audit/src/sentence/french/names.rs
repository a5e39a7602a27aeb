//! Names in French sentences, which bend the small words before them.

use crate::sentence::changes::Grantee;

/// Whoever was given or denied something, in the forms that sentences need.
pub(super) struct Bent {
    /// "le Dr …", "un professionnel de santé".
    pub(super) object: String,
    /// "du Dr …", "d'Alice …", "d'un professionnel de santé".
    pub(super) of: String,
    /// "au Dr …", "à Alice …", "à un professionnel de santé".
    pub(super) to: String,
}

impl Bent {
    pub(super) fn new(grantee: Grantee<'_>) -> Self {
        let common = |noun: &str| Self {
            object: noun.to_owned(),
            of: format!("d'{noun}"),
            to: format!("à {noun}"),
        };
        match grantee {
            Grantee::Named(name) if has_title(name) => Self {
                object: format!("le {name}"),
                of: format!("du {name}"),
                to: format!("au {name}"),
            },
            Grantee::Named(name) => Self {
                object: name.to_owned(),
                of: of(name),
                to: format!("à {name}"),
            },
            Grantee::Professional => common("un professionnel de santé"),
            Grantee::Organization => common("un établissement de santé"),
            Grantee::Unknown => Self {
                object: "un professionnel ou un établissement de santé".to_owned(),
                of: "d'un professionnel ou d'un établissement de santé".to_owned(),
                to: "à un professionnel ou à un établissement de santé".to_owned(),
            },
        }
    }
}

fn has_title(name: &str) -> bool {
    ["Dr ", "Pr "].iter().any(|title| name.starts_with(title))
}

fn of(name: &str) -> String {
    let begins_with_a_vowel = name.to_lowercase().starts_with([
        'a', 'â', 'à', 'e', 'é', 'è', 'ê', 'i', 'î', 'ï', 'o', 'ô', 'u', 'œ', 'æ',
    ]);
    if begins_with_a_vowel {
        format!("d'{name}")
    } else {
        format!("de {name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_words_bend() {
        let bent = |name| Bent::new(Grantee::Named(name));
        assert_eq!(bent("Dr Ousmane DIALLO").of, "du Dr Ousmane DIALLO");
        assert_eq!(bent("Dr Ousmane DIALLO").object, "le Dr Ousmane DIALLO");
        assert_eq!(bent("Alice DURAND").of, "d'Alice DURAND");
        assert_eq!(bent("Élise DURAND").of, "d'Élise DURAND");
        assert_eq!(bent("CH de Sainte-Colombe").of, "de CH de Sainte-Colombe");
        assert_eq!(bent("Pr Ana COSTA").to, "au Pr Ana COSTA");
        assert_eq!(bent("Ana COSTA").to, "à Ana COSTA");
        assert_eq!(
            Bent::new(Grantee::Organization).of,
            "d'un établissement de santé"
        );
    }
}
