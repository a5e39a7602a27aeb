//! Who may be given or denied access.

use std::collections::BTreeMap;
use std::fmt;

use aval_domain::id::{OrganizationId, PractitionerId};
use aval_domain::rpps::Rpps;
use serde::{Deserialize, Serialize};

/// A professional, everybody acting for an organization, or a professional whom the
/// directory does not know yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grantee {
    /// A professional, in whatever practice situation.
    Practitioner(PractitionerId),
    /// Everybody acting for an organization.
    Organization(OrganizationId),
    /// A professional whom the directory does not know yet.
    Rpps(Rpps),
}

/// A grantee, and how they are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedGrantee {
    /// Who.
    pub grantee: Grantee,
    /// Their name; `None` where it is not known.
    pub name: Option<GranteeName>,
}

/// What a grantee is called, as the directory had it when something was decided about
/// them: the patient reads it later (art. R.1111-43 CSP). `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GranteeName(String);

impl GranteeName {
    /// The name, `None` when there is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the trail keeps of it.
    pub(crate) fn write_trail_field(name: Option<&Self>, fields: &mut BTreeMap<String, String>) {
        if let Some(name) = name {
            fields.insert("grantee_name".to_owned(), name.as_str().to_owned());
        }
    }
}

impl fmt::Debug for GranteeName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GranteeName")
    }
}

impl Grantee {
    /// The professional, if it is a known one.
    #[must_use]
    pub const fn practitioner_id(self) -> Option<PractitionerId> {
        match self {
            Self::Practitioner(practitioner_id) => Some(practitioner_id),
            Self::Organization(_) | Self::Rpps(_) => None,
        }
    }

    /// The organization, if it is one.
    #[must_use]
    pub const fn organization_id(self) -> Option<OrganizationId> {
        match self {
            Self::Organization(organization_id) => Some(organization_id),
            Self::Practitioner(_) | Self::Rpps(_) => None,
        }
    }

    /// The number of a professional who is not known yet.
    #[must_use]
    pub const fn rpps(self) -> Option<Rpps> {
        match self {
            Self::Rpps(rpps) => Some(rpps),
            Self::Practitioner(_) | Self::Organization(_) => None,
        }
    }

    /// What the trail keeps of it.
    pub(crate) fn write_trail_field(self, fields: &mut BTreeMap<String, String>) {
        let (name, value) = match self {
            Self::Practitioner(id) => ("practitioner_id", id.to_string()),
            Self::Organization(id) => ("organization_id", id.to_string()),
            Self::Rpps(rpps) => ("rpps", rpps.to_string()),
        };
        fields.insert(name.to_owned(), value);
    }
}
