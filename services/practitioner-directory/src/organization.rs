//! A structure in which people practise.

use aval_domain::id::OrganizationId;
use serde::{Deserialize, Serialize};

use crate::identifier::{Identifier, IdentifierKind};

/// A structure, as published. An empty text is unknown. Its name, and its address as a
/// whole, are those that the file of practice situations has, and those of the register of
/// establishments where that has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Which, for ever.
    pub organization_id: OrganizationId,
    /// Its numbers.
    pub numbers: OrganizationNumbers,
    /// The addresses of its mailboxes, in order.
    pub mailboxes: Vec<Identifier>,
    /// Its name, or its sign where it has no name.
    pub name: String,
    /// Street line.
    pub address_line: String,
    /// Postal code.
    pub postal_code: String,
    /// Town.
    pub town: String,
    /// INSEE code of the town.
    pub town_code: String,
    /// Code of the département.
    pub department_code: String,
    /// Sector.
    pub sector_code: String,
    /// What the register of establishments says of the site of its FINESS.
    pub establishment: Option<Box<Establishment>>,
}

/// A site as the FINESS register describes it. An empty text is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Establishment {
    /// Its name there.
    pub name: String,
    /// Code of its category.
    pub category_code: String,
    /// Its category in French.
    pub category_label: String,
    /// When it opened, as a year, month and day with hyphens.
    pub opened_on: String,
    /// Whether the register still names it; one that it no longer names is as it was said
    /// to be last.
    pub is_listed: bool,
}

/// The numbers of a structure. Only the technical one is always there and names one
/// structure alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationNumbers {
    /// The directory's own.
    pub technical: String,
    /// FINESS of the site.
    pub finess: String,
    /// FINESS of the legal entity that it belongs to.
    pub legal_finess: String,
    /// SIRET.
    pub siret: String,
    /// SIREN of the legal entity.
    pub siren: String,
    /// RPPS number and rank.
    pub rpps_rank: String,
}

impl OrganizationNumbers {
    /// The numbers of the structure itself, the best known kind first. The FINESS of
    /// its legal entity is another structure's number.
    #[must_use]
    pub fn identifiers(&self) -> Vec<Identifier> {
        [
            (IdentifierKind::Finess, &self.finess),
            (IdentifierKind::Siret, &self.siret),
            (IdentifierKind::Siren, &self.siren),
            (IdentifierKind::RppsRank, &self.rpps_rank),
            (IdentifierKind::Technical, &self.technical),
        ]
        .into_iter()
        .filter(|(_, number)| !number.is_empty())
        .map(|(kind, number)| Identifier::published(kind, number))
        .collect()
    }
}
