//! The two published layouts of `UserInfo`, read into one type.
//!
//! In both, almost every text may be empty: that is an absent value. `codeCivilite`
//! stands at the top in one and inside `SubjectRefPro` in the other; nothing here
//! needs it. An exercice may be repeated: it counts once.

use aval_domain::id_nat_ps::IdNatPs;
use serde_json::{Map, Value};

use super::exercice::Exercice;

/// What `UserInfo` says of a professional. Not printed: it names a person.
#[derive(Clone, PartialEq, Eq)]
pub struct UserInfo {
    /// The national identifier.
    pub name: SubjectName,
    /// The professions, each with its places; none twice.
    pub exercices: Vec<Exercice>,
    /// Whether the person may use the regulation centre's mode
    /// (`Acces_Regulation_Medicale` is the text `VRAI`).
    pub regulation: bool,
}

/// `SubjectNameID`: by what the person is known nationally.
#[derive(Clone, PartialEq, Eq)]
pub enum SubjectName {
    /// With a type prefix: RPPS, ADELI, a structure's own register …
    National(IdNatPs),
    /// Anything else, as it is: a test identity of a software editor, a UUID.
    Other(String),
}

/// `UserInfo`, or the named part of it, is not of a published form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("UserInfo is malformed at {0}")]
pub struct UserInfoMalformed(pub &'static str);

/// Longer identifiers are nobody's.
const LONGEST_NAME: usize = 100;

impl UserInfo {
    /// Reads either layout.
    pub fn read(user_info: &Map<String, Value>) -> Result<Self, UserInfoMalformed> {
        let user_info = Value::Object(user_info.clone());
        let name = text(&user_info, "SubjectNameID")?;
        let name = name.ok_or(UserInfoMalformed("SubjectNameID"))?;
        if name.len() > LONGEST_NAME {
            return Err(UserInfoMalformed("SubjectNameID"));
        }
        let regulation = text(&user_info, "Acces_Regulation_Medicale")?;
        Ok(Self {
            name: IdNatPs::parse(&name).map_or(SubjectName::Other(name), SubjectName::National),
            exercices: exercices(&user_info)?,
            regulation: regulation.as_deref() == Some("VRAI"),
        })
    }
}

fn exercices(user_info: &Value) -> Result<Vec<Exercice>, UserInfoMalformed> {
    let malformed = UserInfoMalformed("SubjectRefPro");
    let listed = match user_info.get("SubjectRefPro") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(reference)) => reference.get("exercices"),
        Some(_) => return Err(malformed),
    };
    let Some(Value::Array(listed)) = listed else {
        return if listed.is_none() {
            Ok(Vec::new())
        } else {
            Err(malformed)
        };
    };
    let mut exercices = Vec::with_capacity(listed.len());
    for value in listed {
        let exercice = Exercice::read(value)?;
        if !exercices.contains(&exercice) {
            exercices.push(exercice);
        }
    }
    Ok(exercices)
}

/// A text field: absent, null and empty are the same.
pub(super) fn text(value: &Value, name: &'static str) -> Result<Option<String>, UserInfoMalformed> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
        }
        Some(_) => Err(UserInfoMalformed(name)),
    }
}
