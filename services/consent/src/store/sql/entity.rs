//! The tables, one file each. Private to the SQL store.

pub(super) mod block;
pub(super) mod care_episode;
pub(super) mod care_episode_member;
pub(super) mod decision;
pub(super) mod grant;
pub(super) mod inbox;
pub(super) mod matrix;
pub(super) mod notification;
pub(super) mod record;
pub(super) mod treating_doctor;
pub(super) mod visibility;
