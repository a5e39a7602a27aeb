//! What Pro Santé Connect's `UserInfo` says, in one type whatever its layout.

mod exercice;
mod user_info;

pub use exercice::{Exercice, Situation};
pub use user_info::{SubjectName, UserInfo, UserInfoMalformed};

#[cfg(test)]
mod tests;
