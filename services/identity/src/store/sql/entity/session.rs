//! The `sessions` table.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub(in crate::store::sql) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: Uuid,
    /// The human who signed in: a patient or practitioner.
    pub person_id: Uuid,
    /// Who, in what capacity, how firmly: JSON.
    pub bearer: String,
    pub software: String,
    pub thumbprint: Option<String>,
    pub opened_at: i64,
    pub expires_at: i64,
    pub last_used_at: i64,
    pub lapses_at: i64,
    pub generation: i64,
    pub closed_at: Option<i64>,
    pub closing: Option<String>,
    /// The right by which they act for somebody else.
    pub representation_id: Option<Uuid>,
    /// The patient whose record it is, if it is one's.
    pub patient_id: Option<Uuid>,
    /// The provider's name for the person: a keyed digest, 32 bytes.
    pub provider_subject: Option<Vec<u8>>,
    /// The provider's name for the sign-in: a keyed digest, 32 bytes.
    pub provider_session: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
