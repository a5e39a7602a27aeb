//! French in a French locale, English elsewhere.

use clap::ValueEnum;

/// The language in which the command speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// French.
    #[value(name = "fr")]
    French,
    /// English.
    #[value(name = "en")]
    English,
}

/// One thing said in both languages, so that none of them lags behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    french: String,
    english: String,
}

/// Says one thing in French and in English.
pub fn say(french: impl Into<String>, english: impl Into<String>) -> Text {
    Text {
        french: french.into(),
        english: english.into(),
    }
}

impl Text {
    /// In one language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::French => &self.french,
            Language::English => &self.english,
        }
    }
}

impl Language {
    /// The language of a locale as in `LC_ALL`, `LC_MESSAGES` or `LANG`.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        let language = locale
            .split(['_', '.', '@', '-'])
            .next()
            .unwrap_or_default();
        if language.eq_ignore_ascii_case("fr") {
            Self::French
        } else {
            Self::English
        }
    }

    /// The language of this process's environment; the first variable that is set
    /// and not empty counts, as in POSIX.
    #[must_use]
    pub fn of_environment() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = set("LC_ALL")
            .or_else(|| set("LC_MESSAGES"))
            .or_else(|| set("LANG"));
        Self::of_locale(&locale.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_french_locale_speaks_french_and_every_other_english() {
        for locale in ["fr", "fr_FR.UTF-8", "FR_CA", "fr-BE", "fr@euro"] {
            assert_eq!(Language::of_locale(locale), Language::French, "{locale}");
        }
        for locale in ["", "C", "C.UTF-8", "en_GB.UTF-8", "frp_FR", "de_FR"] {
            assert_eq!(Language::of_locale(locale), Language::English, "{locale}");
        }
    }
}
