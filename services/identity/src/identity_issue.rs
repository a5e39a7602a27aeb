//! What a person of the identity unit has to look at.

use aval_domain::id::PatientId;
use aval_domain::time::Timestamp;
use uuid::Uuid;

/// What is wrong, or might be, with an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IssueKind {
    /// A matricule that another patient has was claimed.
    Collision,
    /// Two patients with the same five traits.
    Duplicate,
    /// An identity that is not qualified.
    Unqualified,
    /// Two patients whom a search takes for the same, with traits that differ.
    Alike,
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityIssue {
    /// What.
    pub kind: IssueKind,
    /// Its identifier among those of its kind.
    pub issue_id: Uuid,
    /// Whom it concerns, one or two.
    pub patients: Vec<PatientId>,
    /// The names of what agrees or disagrees, never values.
    pub evidence: Vec<String>,
    /// Since when it is as it is.
    pub found_at: Timestamp,
}

/// Where an issue stands among all: by time, by kind, by identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct IssuePosition {
    /// Since when.
    pub found_at: Timestamp,
    /// What.
    pub kind: IssueKind,
    /// Which.
    pub issue_id: Uuid,
}

impl IssueKind {
    /// Every kind, in their order.
    pub const ALL: [Self; 4] = [
        Self::Collision,
        Self::Duplicate,
        Self::Unqualified,
        Self::Alike,
    ];
}

impl IdentityIssue {
    /// Where it stands.
    #[must_use]
    pub const fn position(&self) -> IssuePosition {
        IssuePosition {
            found_at: self.found_at,
            kind: self.kind,
            issue_id: self.issue_id,
        }
    }
}

impl IssuePosition {
    /// Its bytes, for a page token.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 25] {
        let mut bytes = [0; 25];
        bytes[..8].copy_from_slice(&self.found_at.as_micros().to_be_bytes());
        bytes[8] = self.kind as u8;
        bytes[9..].copy_from_slice(self.issue_id.as_bytes());
        bytes
    }

    /// The position of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 25] = bytes.try_into().ok()?;
        let micros = i64::from_be_bytes(bytes[..8].try_into().ok()?);
        Some(Self {
            found_at: Timestamp::from_micros(micros),
            kind: *IssueKind::ALL.get(usize::from(bytes[8]))?,
            issue_id: Uuid::from_slice(&bytes[9..]).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written_and_nothing_else_is() {
        for kind in IssueKind::ALL {
            let position = IssuePosition {
                found_at: Timestamp::from_unix_seconds(1_800_000_000),
                kind,
                issue_id: Uuid::from_u128(7),
            };
            let bytes = position.to_bytes();
            assert_eq!(IssuePosition::from_bytes(&bytes), Some(position));
            assert_eq!(IssuePosition::from_bytes(&bytes[1..]), None);
            let mut unknown = bytes;
            unknown[8] = 4;
            assert_eq!(IssuePosition::from_bytes(&unknown), None);
        }
    }
}
