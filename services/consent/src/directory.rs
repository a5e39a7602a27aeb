//! Who exists, as far as this service asks.

use std::fmt;

use aval_domain::code::{Function, Profession};
use aval_domain::id::{ActivityId, OrganizationId, PractitionerId};
use aval_domain::rpps::Rpps;

use crate::decision::Capacity;
use crate::grantee::{Grantee, GranteeName, NamedGrantee};
use crate::store::Answer;

/// The directory of professionals and organizations. Whoever implements it promises:
///
/// - `None` says that the directory does not know them; when it cannot be asked, the
///   answer is [`Error::DirectoryUnavailable`](crate::error::Error::DirectoryUnavailable);
/// - an identifier that was merged gives the human that it leads to.
pub trait Directory: fmt::Debug + Send + Sync {
    /// The professional of that identifier.
    fn practitioner(&self, id: PractitionerId) -> Answer<'_, Option<KnownPractitioner>>;

    /// The professionals of those identifiers, in the order asked, none of them twice.
    fn practitioners<'a>(
        &'a self,
        ids: &'a [PractitionerId],
    ) -> Answer<'a, Vec<Option<KnownPractitioner>>>;

    /// The professional of that number.
    fn practitioner_by_rpps(&self, rpps: Rpps) -> Answer<'_, Option<KnownPractitioner>>;

    /// The organization of that identifier.
    fn organization(&self, id: OrganizationId) -> Answer<'_, Option<KnownOrganization>>;
}

/// An organization that the directory knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownOrganization {
    /// Which.
    pub organization_id: OrganizationId,
    /// What it is called; `None` where the directory has no name of it.
    pub name: Option<GranteeName>,
}

/// A professional whom the directory knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPractitioner {
    /// The one human.
    pub practitioner_id: PractitionerId,
    /// What they are called; `None` where the directory has no name of them.
    pub name: Option<GranteeName>,
    /// Whether they practise in some situation.
    pub active: bool,
    /// Every practice situation.
    pub activities: Vec<KnownActivity>,
}

/// A practice situation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownActivity {
    /// Its identifier.
    pub activity_id: ActivityId,
    /// Its profession; `None` when it is no health profession of the code list.
    pub profession: Option<Profession>,
    /// Its function.
    pub function: Option<Function>,
    /// Where it takes place.
    pub organization_id: Option<OrganizationId>,
    /// Whether it is current.
    pub active: bool,
}

impl KnownOrganization {
    /// It, as a grantee.
    #[must_use]
    pub fn into_grantee(self) -> NamedGrantee {
        NamedGrantee {
            grantee: Grantee::Organization(self.organization_id),
            name: self.name,
        }
    }
}

impl KnownPractitioner {
    /// They, as a grantee.
    #[must_use]
    pub fn into_grantee(self) -> NamedGrantee {
        NamedGrantee {
            grantee: Grantee::Practitioner(self.practitioner_id),
            name: self.name,
        }
    }

    /// Whether they practise as a doctor now.
    #[must_use]
    pub fn is_active_doctor(&self) -> bool {
        let is_doctor = |activity: &KnownActivity| {
            activity.active && activity.profession == Some(Profession::Doctor)
        };
        self.active && self.activities.iter().any(is_doctor)
    }

    /// In what capacity they would ask in this situation, if it is one of theirs with
    /// a health profession. They are taken to sign in themselves, strongly, and without a
    /// right to regulate that only a sign-in tells of.
    #[must_use]
    pub fn capacity(&self, activity_id: ActivityId) -> Option<Capacity> {
        let mut activities = self.activities.iter();
        let activity = activities.find(|activity| activity.activity_id == activity_id)?;
        Some(Capacity {
            practitioner_id: self.practitioner_id,
            activity_id,
            profession: activity.profession?,
            function: activity.function,
            organization_id: activity.organization_id,
            active: self.active && activity.active,
            regulation_access: false,
            directly_authenticated: true,
        })
    }
}
