//! The rules, in the order in which they are tried.

mod asker;
mod blocks;
mod documents;
mod emergency;
mod normal;

pub use asker::{OWN_RECORD, PRACTITIONER_ACTIVE, RECORD_OPEN, SOMEBODY_ELSES_RECORD};
pub use blocks::{BLOCK_ON_ORGANIZATION, BLOCK_ON_PERSON};
pub use documents::{DOCUMENTS, GRANTED_CLASSES, MATRIX, VISIBILITY};
pub use emergency::{
    BREAK_GLASS, BREAK_GLASS_AUTHENTICATION, BREAK_GLASS_OPPOSITION, BREAK_GLASS_REASON,
    REGULATION_CENTER, REGULATION_OPPOSITION, REGULATOR_FUNCTION,
};
pub use normal::{
    CARE_EPISODE, CONTRIBUTION, DECLARATION, GRANT_EXPIRED, GRANT_NOT_YET_ACTIVE,
    GRANT_TO_ORGANIZATION, GRANT_TO_PERSON, NO_GRANT, TREATING_DOCTOR,
};

pub(super) use blocks::is_blocked;
pub(super) use documents::kept_from;
pub(super) use emergency::is_regulator;

use super::rule::Rule;

/// Every rule that [`decide`](super::decide) tries, the first first.
pub static IN_ORDER: &[&Rule] = &[
    &PRACTITIONER_ACTIVE,
    &SOMEBODY_ELSES_RECORD,
    &RECORD_OPEN,
    &OWN_RECORD,
    &BLOCK_ON_PERSON,
    &BLOCK_ON_ORGANIZATION,
    &BREAK_GLASS_REASON,
    &BREAK_GLASS_AUTHENTICATION,
    &BREAK_GLASS_OPPOSITION,
    &BREAK_GLASS,
    &REGULATOR_FUNCTION,
    &REGULATION_OPPOSITION,
    &REGULATION_CENTER,
    &CONTRIBUTION,
    &TREATING_DOCTOR,
    &GRANT_TO_PERSON,
    &GRANT_TO_ORGANIZATION,
    &DECLARATION,
    &CARE_EPISODE,
    &GRANT_NOT_YET_ACTIVE,
    &GRANT_EXPIRED,
    &NO_GRANT,
    &GRANTED_CLASSES,
    &MATRIX,
    &VISIBILITY,
];

/// Those among them that authorise: what they find does not depend on the others.
pub(super) static AUTHORISING: &[&Rule] = &[
    &OWN_RECORD,
    &BREAK_GLASS,
    &REGULATION_CENTER,
    &CONTRIBUTION,
    &TREATING_DOCTOR,
    &GRANT_TO_PERSON,
    &GRANT_TO_ORGANIZATION,
    &DECLARATION,
    &CARE_EPISODE,
];
