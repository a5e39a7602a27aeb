//! The tables as sea-orm sees them.

pub(super) mod activity;
pub(super) mod activity_row;
pub(super) mod attachment_override;
pub(super) mod directory_clock;
pub(super) mod establishment;
pub(super) mod import;
pub(super) mod kept_part;
pub(super) mod mailbox;
pub(super) mod merge;
pub(super) mod organization;
pub(super) mod page_token_key;
pub(super) mod person_skill;
pub(super) mod practitioner;
pub(super) mod practitioner_identifier;
pub(super) mod qualification;
pub(super) mod quarantined_row;
pub(super) mod source;
pub(super) mod staged_end;
pub(super) mod staged_establishment;
pub(super) mod staged_mailbox;
pub(super) mod staged_organization;
pub(super) mod staged_person_skill;
pub(super) mod staged_practitioner;
pub(super) mod staged_qualification;
pub(super) mod staged_row;
pub(super) mod staging_mark;
