//! What a user reads of an authorisation: one word.

use aval_domain::period::PeriodPosition;
use aval_domain::time::Timestamp;

use super::AccessBasis;

/// Where a patient's authorisation of a professional or of an organization stands, in the
/// four words of the shared record.
///
/// It speaks of what the patient said: of grants, declarations and blocks. That somebody is
/// a treating doctor, or cares for the patient now, opens the record without it, and that
/// the record is closed shuts it in spite of it; [`decide`](super::decide) knows of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthorizationStatus {
    /// `NON_EXISTE`: nothing was given, or what was given was revoked or is yet to begin.
    Absent,
    /// `INTERDIT`: a block holds, whatever was given.
    Forbidden,
    /// `EXPIRE`: what was given is over.
    Expired,
    /// `VALIDE`: something that was given is in force.
    Valid,
}

impl AuthorizationStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Absent, Self::Forbidden, Self::Expired, Self::Valid];

    /// The word that users of the shared record know it by.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Absent => "NON_EXISTE",
            Self::Forbidden => "INTERDIT",
            Self::Expired => "EXPIRE",
            Self::Valid => "VALIDE",
        }
    }

    /// The status at `now`, from what a decision rests on. What was given last is what
    /// counts: a grant to come hides one that is over, as it does when access is denied.
    #[must_use]
    pub fn of(basis: &AccessBasis, now: Timestamp) -> Self {
        let any = |position| {
            let mut grants = basis.grants.iter();
            grants.any(|grant| grant.period.position(now) == position)
        };
        if basis.blocks.iter().any(|block| block.holds(now)) {
            Self::Forbidden
        } else if any(PeriodPosition::Within) {
            Self::Valid
        } else if any(PeriodPosition::Before) || !any(PeriodPosition::After) {
            Self::Absent
        } else {
            Self::Expired
        }
    }
}
