//! A profession exercised, and the places where.

use serde_json::Value;

use super::user_info::{UserInfoMalformed, text};

/// A profession, with one speciality or none (`SubjectRefPro.exercices`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exercice {
    /// `TRE_G15`.
    pub profession: String,
    /// `TRE_R38`, where there is one.
    pub speciality: Option<String>,
    /// Where it is exercised.
    pub situations: Vec<Situation>,
}

/// One place and function (`activities`). Empty texts were absent values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Situation {
    /// `TRE_R21`, for example `FON-32`.
    pub function: Option<String>,
    /// `TRE_R02`, for example `SA07`.
    pub sector: Option<String>,
    /// `R…`, `F…` or `C…`.
    pub technical_id: Option<String>,
    /// FINESS of the site.
    pub finess: Option<String>,
    /// SIRET of the site.
    pub siret: Option<String>,
}

impl Exercice {
    pub(super) fn read(value: &Value) -> Result<Self, UserInfoMalformed> {
        let profession = text(value, "codeProfession")?;
        let situations = match value.get("activities") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(activities)) => activities
                .iter()
                .map(Situation::read)
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(UserInfoMalformed("activities")),
        };
        Ok(Self {
            profession: profession.ok_or(UserInfoMalformed("codeProfession"))?,
            speciality: text(value, "codeSavoirFaire")?,
            situations,
        })
    }
}

impl Situation {
    fn read(value: &Value) -> Result<Self, UserInfoMalformed> {
        if !value.is_object() {
            return Err(UserInfoMalformed("activities"));
        }
        Ok(Self {
            function: text(value, "codeRole")?,
            sector: text(value, "codeSecteurDactivite")?,
            technical_id: text(value, "identifiantTechniqueDeLaStructure")?,
            finess: text(value, "numeroFinessSite")?,
            siret: text(value, "numeroSiretSite")?,
        })
    }

    /// Whether it names this structure by any of its numbers.
    #[must_use]
    pub fn is_at(&self, numbers: &[String]) -> bool {
        let own = [&self.technical_id, &self.finess, &self.siret];
        own.into_iter()
            .flatten()
            .any(|number| numbers.contains(number))
    }

    /// Whether it names no structure at all.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        self.technical_id.is_none() && self.finess.is_none() && self.siret.is_none()
    }
}
