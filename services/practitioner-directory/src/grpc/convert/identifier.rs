//! Numbers and their kinds.

use aval_proto::practitioner_directory::v1 as proto;
use aval_runtime::status::{FieldErrors, Refusal};

use crate::identifier::{Identifier, IdentifierKind};

/// The longest number that is looked at: an MSSanté address, in characters.
const LONGEST: usize = 254;

/// Every number that a request may mean: one of the kind that it says, or all whose
/// form the text has.
pub(in crate::grpc) fn readings_from_proto(
    identifier: Option<proto::Identifier>,
) -> Result<Vec<Identifier>, Refusal> {
    let mut fields = FieldErrors::new();
    let readings = fields
        .required("identifier", identifier)
        .and_then(|identifier| fields.within("identifier", |fields| readings(fields, &identifier)));
    fields.build(|| readings)
}

fn readings(fields: &mut FieldErrors, identifier: &proto::Identifier) -> Option<Vec<Identifier>> {
    let value = fields.required_text("value", identifier.value.trim())?;
    if value.len() > LONGEST {
        fields.add("value", "has at most 254 characters");
        return None;
    }
    let Ok(kind) = proto::IdentifierKind::try_from(identifier.kind) else {
        fields.add("kind", "must be one of the values of the contract");
        return None;
    };
    let Some(kind) = kind_from_proto(kind) else {
        let readings = Identifier::readings(value);
        if readings.is_empty() {
            fields.add("value", "has the form of one of the kinds");
        }
        return Some(readings);
    };
    let parsed = fields.check("value", Identifier::parse(kind, value));
    parsed.map(|identifier| vec![identifier])
}

/// A number.
pub(super) fn identifier_to_proto(identifier: Identifier) -> proto::Identifier {
    proto::Identifier {
        kind: kind_to_proto(identifier.kind).into(),
        value: identifier.value,
    }
}

/// The kind; `None`: it is left to be guessed.
const fn kind_from_proto(kind: proto::IdentifierKind) -> Option<IdentifierKind> {
    match kind {
        proto::IdentifierKind::Unspecified => None,
        proto::IdentifierKind::Rpps => Some(IdentifierKind::Rpps),
        proto::IdentifierKind::Adeli => Some(IdentifierKind::Adeli),
        proto::IdentifierKind::Idnps => Some(IdentifierKind::NationalPerson),
        proto::IdentifierKind::Finess => Some(IdentifierKind::Finess),
        proto::IdentifierKind::LegalFiness => Some(IdentifierKind::LegalFiness),
        proto::IdentifierKind::Siret => Some(IdentifierKind::Siret),
        proto::IdentifierKind::Siren => Some(IdentifierKind::Siren),
        proto::IdentifierKind::RppsRank => Some(IdentifierKind::RppsRank),
        proto::IdentifierKind::Technical => Some(IdentifierKind::Technical),
        proto::IdentifierKind::Mssante => Some(IdentifierKind::MssAddress),
    }
}

const fn kind_to_proto(kind: IdentifierKind) -> proto::IdentifierKind {
    match kind {
        IdentifierKind::Rpps => proto::IdentifierKind::Rpps,
        IdentifierKind::Adeli => proto::IdentifierKind::Adeli,
        IdentifierKind::NationalPerson => proto::IdentifierKind::Idnps,
        IdentifierKind::Finess => proto::IdentifierKind::Finess,
        IdentifierKind::LegalFiness => proto::IdentifierKind::LegalFiness,
        IdentifierKind::Siret => proto::IdentifierKind::Siret,
        IdentifierKind::Siren => proto::IdentifierKind::Siren,
        IdentifierKind::RppsRank => proto::IdentifierKind::RppsRank,
        IdentifierKind::Technical => proto::IdentifierKind::Technical,
        IdentifierKind::MssAddress => proto::IdentifierKind::Mssante,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_contract_has_one_here_and_back() {
        for kind in IdentifierKind::ALL {
            assert_eq!(kind_from_proto(kind_to_proto(kind)), Some(kind));
        }
    }
}
