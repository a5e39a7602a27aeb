//! What is looked for.

use aval_domain::code::{Profession, Speciality};
use aval_domain::name::search_key;
use aval_domain::page::PageSize;
use aval_proto::practitioner_directory::v1 as proto;
use aval_runtime::status::{FieldErrors, Refusal};

use crate::page::PageOf;
use crate::search::{
    OrganizationPosition, OrganizationSearch, Place, PractitionerPosition, PractitionerSearch,
};
use crate::words::NameQuestion;

/// The longest name that is looked for, in characters.
const LONGEST_NAME: usize = 100;

/// Reads a question about people.
pub(in crate::grpc) fn practitioner_search(
    request: &proto::SearchPractitionersRequest,
    after: Option<PractitionerPosition>,
) -> Result<PractitionerSearch, Refusal> {
    let mut fields = FieldErrors::new();
    if request.name.is_empty() && request.organization_id.is_empty() {
        fields.add("name", "is required where no organization is given");
    }
    let name = optional(&request.name).map(|text| question(&mut fields, text));
    let profession: Option<Option<Profession>> =
        fields.parse_optional("profession_code", &request.profession_code);
    let speciality: Option<Option<Speciality>> =
        fields.parse_optional("speciality_code", &request.speciality_code);
    let organization_id = fields.parse_optional("organization_id", &request.organization_id);
    let place = place(&mut fields, &request.town, &request.postal_code);
    let size = fields.check("page_size", PageSize::from_request(request.page_size));
    fields.build(|| {
        Some(PractitionerSearch {
            name: match name {
                Some(name) => Some(name?),
                None => None,
            },
            profession: profession?.map(|code| code.code().to_owned()),
            speciality: speciality?.map(|code| code.code().to_owned()),
            place: place?,
            organization_id: organization_id?,
            include_inactive: request.include_inactive,
            page: PageOf { size: size?, after },
        })
    })
}

/// Reads a question about structures.
pub(in crate::grpc) fn organization_search(
    request: &proto::SearchOrganizationsRequest,
    after: Option<OrganizationPosition>,
) -> Result<OrganizationSearch, Refusal> {
    let mut fields = FieldErrors::new();
    let name = fields
        .required_text("name", &request.name)
        .and_then(|text| question(&mut fields, text));
    let place = place(&mut fields, &request.town, &request.postal_code);
    let size = fields.check("page_size", PageSize::from_request(request.page_size));
    fields.build(|| {
        Some(OrganizationSearch {
            name: name?,
            place: place?,
            page: PageOf { size: size?, after },
        })
    })
}

fn question(fields: &mut FieldErrors, text: &str) -> Option<NameQuestion> {
    if text.chars().count() > LONGEST_NAME {
        fields.add("name", "has at most 100 characters");
        return None;
    }
    fields.check("name", NameQuestion::parse(text))
}

fn place(fields: &mut FieldErrors, town: &str, postal_code: &str) -> Option<Place> {
    let town_key = optional(town).map(search_key);
    if town.chars().count() > LONGEST_NAME || town_key.as_deref() == Some("") {
        fields.add("town", "has a letter and at most 100 characters");
        return None;
    }
    let is_prefix =
        (2..=5).contains(&postal_code.len()) && postal_code.bytes().all(|b| b.is_ascii_digit());
    if !postal_code.is_empty() && !is_prefix {
        fields.add("postal_code", "has 2 to 5 digits");
        return None;
    }
    Some(Place {
        town: town_key,
        postal_code: optional(postal_code).map(str::to_owned),
    })
}

fn optional(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
