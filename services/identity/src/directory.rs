//! What the practitioner directory says of a professional who signs in, and of those who
//! have.

use std::fmt;

use aval_domain::id::PractitionerId;
use aval_domain::id_nat_ps::IdNatPs;
use aval_runtime::token::ActivityClaims;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

/// The directory does not answer, or not in its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the practitioner directory does not answer")]
pub struct DirectoryUnavailable;

/// The practitioner directory.
///
/// Whoever implements it promises: `None` means that the directory was asked and
/// knows nobody; when it cannot be asked the answer is an error.
pub trait Directory: fmt::Debug + Send + Sync {
    /// Who is known under this national identifier.
    fn practitioner<'a>(
        &'a self,
        identifier: &'a IdNatPs,
    ) -> BoxFuture<'a, Result<Option<DirectoryPractitioner>, DirectoryUnavailable>>;

    /// Who is known under this identifier of the directory's own; under a merged one,
    /// the human whom it leads to.
    fn practitioner_by_id(
        &self,
        practitioner_id: PractitionerId,
    ) -> BoxFuture<'_, Result<Option<DirectoryPractitioner>, DirectoryUnavailable>>;

    /// Tells every change after this cursor, or from now on without one, for as long as
    /// the directory can; then the stream ends, or fails.
    fn changes(
        &self,
        after: Option<String>,
    ) -> BoxFuture<'_, Result<DirectoryChanges, NotFollowed>>;
}

/// Why the directory tells no changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotFollowed {
    /// It never gave this cursor.
    #[error("the practitioner directory does not know the cursor")]
    CursorUnknown,
    /// It does not answer.
    #[error(transparent)]
    Unavailable(#[from] DirectoryUnavailable),
}

/// Changes, in the order in which they were made.
pub type DirectoryChanges = BoxStream<'static, Result<DirectoryChange, DirectoryUnavailable>>;

/// A change, or a sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryChange {
    /// What happened.
    pub told: Told,
    /// From where to go on after it.
    pub cursor: String,
}

/// What the directory tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A professional as they are now.
    Practitioner(DirectoryPractitioner),
    /// The entry of this professional turned out to be somebody's whom the directory
    /// knows under another identifier.
    Absorbed(PractitionerId),
    /// Something that no session rests on.
    Other,
    /// Nothing happened, and the directory is there.
    Nothing,
}

impl Told {
    /// The professional whose sessions may rest on it.
    #[must_use]
    pub const fn about(&self) -> Option<PractitionerId> {
        match self {
            Self::Practitioner(practitioner) => Some(practitioner.practitioner_id),
            Self::Absorbed(practitioner_id) => Some(*practitioner_id),
            Self::Other | Self::Nothing => None,
        }
    }
}

/// A professional, as the directory has them. `Debug` shows no name.
#[derive(Clone, PartialEq, Eq)]
pub struct DirectoryPractitioner {
    /// The one human.
    pub practitioner_id: PractitionerId,
    /// The name under which they practise, with its civility.
    pub display_name: String,
    /// Whether they practise.
    pub active: bool,
    /// Their current practice situations.
    pub activities: Vec<DirectoryActivity>,
}

/// A current practice situation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryActivity {
    /// What a token says of it; whether it may use the regulation centre's mode is the
    /// provider's to say.
    pub claims: ActivityClaims,
    /// FINESS, SIRET and technical numbers of the place; none where the directory knows
    /// no place.
    pub place_numbers: Vec<String>,
    /// How it is shown to be chosen.
    pub choice: ActivityChoice,
}

/// A practice situation to choose, in the words for an end user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityChoice {
    /// What is sent to choose it.
    pub activity_id: String,
    /// The profession, in French.
    pub profession_label: String,
    /// The speciality, in French; empty: none.
    pub speciality_label: String,
    /// Where: the organization's name; empty: none is known.
    pub organization_name: String,
    /// Where: the town; empty: none is known.
    pub town: String,
}

impl fmt::Debug for DirectoryPractitioner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DirectoryPractitioner")
            .field("practitioner_id", &self.practitioner_id)
            .field("active", &self.active)
            .field("activities", &self.activities.len())
            .finish_non_exhaustive()
    }
}
