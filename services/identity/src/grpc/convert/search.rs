//! What somebody said or wrote of a patient.

use aval_domain::ins::{InsTraits, InseeCode};
use aval_domain::time::CivilDate;
use aval_proto::common::v1::ErrorReason;
use aval_proto::identity::v1 as proto;
use aval_runtime::status::{FieldErrors, FieldViolation, Refusal};

use super::patient::sex;
use crate::likeness::SearchTraits;

/// By what somebody is searched for. What is wrong goes before what is missing.
pub(super) fn traits(asked: &proto::SearchTraits) -> Result<SearchTraits, Refusal> {
    let missing = missing(asked);
    let is_there = |field: &str| !missing.contains(&field);
    let mut fields = FieldErrors::new();
    let read = fields.within("search", |fields| {
        let checked = |is_there: bool, check: Result<(), _>| {
            if is_there { check } else { Ok(()) }
        };
        let name = InsTraits::check_birth_name(&asked.birth_name);
        let name = fields.check("birth_name", checked(is_there("birth_name"), name));
        let first_names = InsTraits::check_birth_first_names(&asked.birth_first_names);
        let first_names = checked(is_there("birth_first_names"), first_names);
        let first_names = fields.check("birth_first_names", first_names);
        let mut birth_date = None;
        if is_there("birth_date") {
            birth_date = fields.check("birth_date", CivilDate::parse(&asked.birth_date));
        }
        let mut known_sex = None;
        if is_there("sex") {
            known_sex = sex(fields, asked.sex);
        }
        let mut birth_place = None;
        if !asked.birth_place_code.is_empty() {
            let place = InseeCode::parse(&asked.birth_place_code);
            birth_place = fields.check("birth_place_code", place);
        }
        name.and(first_names)?;
        Some(SearchTraits {
            birth_name: asked.birth_name.clone(),
            birth_first_names: asked.birth_first_names.clone(),
            birth_date: birth_date?,
            sex: known_sex?,
            birth_place,
        })
    });
    if fields.is_empty() && !missing.is_empty() {
        let missing = missing.into_iter().map(|field| FieldViolation {
            field: format!("search.{field}"),
            description: "is required".to_owned(),
        });
        let sentence = "the search lacks what it is made by";
        return Err(Refusal::new(ErrorReason::SearchIncomplete, sentence).about(missing.collect()));
    }
    fields.build(|| read)
}

/// What a search is made by and was not given.
fn missing(asked: &proto::SearchTraits) -> Vec<&'static str> {
    let is_blank = |text: &String| text.trim().is_empty();
    [
        ("birth_name", is_blank(&asked.birth_name)),
        (
            "birth_first_names",
            asked.birth_first_names.iter().all(is_blank),
        ),
        ("birth_date", asked.birth_date.is_empty()),
        ("sex", asked.sex == i32::from(proto::Sex::Unspecified)),
    ]
    .into_iter()
    .filter_map(|(field, is_missing)| is_missing.then_some(field))
    .collect()
}
