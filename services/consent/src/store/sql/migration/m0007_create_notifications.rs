//! Creates inboxes and notifications, and remembers who opened which record and of
//! which ends people were told.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, small_integer, uuid, uuid_null,
};

pub(super) struct CreateNotifications;

impl MigrationName for CreateNotifications {
    fn name(&self) -> &'static str {
        "m0007_create_notifications"
    }
}

/// What of a row was told: the end of a grant, or that a document is withheld.
const TOLD: [(&str, &str); 3] = [
    ("grants", "expiring_told_until"),
    ("grants", "expired_told_until"),
    ("document_visibilities", "withheld_told_at"),
];

#[async_trait::async_trait]
impl MigrationTrait for CreateNotifications {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_inboxes(manager).await?;
        create_notifications(manager).await?;
        let mut first = Table::create();
        first
            .table("first_accesses")
            .col(uuid("patient_id"))
            .col(uuid("practitioner_id"))
            .col(big_integer("accessed_at"))
            .primary_key(Index::create().col("patient_id").col("practitioner_id"));
        manager.create_table(first).await?;
        for (table, column) in TOLD {
            let mut alter = Table::alter();
            alter.table(table).add_column(big_integer_null(column));
            manager.alter_table(alter).await?;
        }
        create_what_is_to_be_told(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table, ..) in TO_BE_TOLD {
            let mut untold = Index::drop();
            untold.name(name).table(table);
            manager.drop_index(untold).await?;
        }
        for (table, column) in TOLD.into_iter().rev() {
            let mut alter = Table::alter();
            alter.table(table).drop_column(column);
            manager.alter_table(alter).await?;
        }
        for table in ["first_accesses", "notifications", "notification_inboxes"] {
            manager
                .drop_table(Table::drop().table(table).take())
                .await?;
        }
        Ok(())
    }
}

async fn create_inboxes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut inboxes = Table::create();
    inboxes
        .table("notification_inboxes")
        .col(small_integer("recipient_kind"))
        .col(uuid("recipient_id"))
        .col(big_integer("position"))
        .col(integer("muted"))
        .col(big_integer("version"))
        .primary_key(Index::create().col("recipient_kind").col("recipient_id"));
    manager.create_table(inboxes).await
}

async fn create_notifications(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut notifications = Table::create();
    notifications
        .table("notifications")
        .col(uuid("notification_id").primary_key())
        .col(small_integer("recipient_kind"))
        .col(uuid("recipient_id"))
        .col(big_integer("position"))
        .col(small_integer("kind"))
        .col(uuid("patient_id"))
        .col(uuid_null("practitioner_id"))
        .col(uuid_null("subject_id"))
        .col(big_integer("created_at"))
        .col(big_integer_null("acknowledged_at"));
    manager.create_table(notifications).await?;

    // The list, read both ways, and the place where a watch goes on.
    let mut list = Index::create();
    list.name("notifications_recipient_position")
        .table("notifications")
        .col("recipient_kind")
        .col("recipient_id")
        .col("position")
        .unique();
    manager.create_index(list).await?;
    // For forgetting.
    let mut by_age = Index::create();
    by_age
        .name("notifications_created_at")
        .table("notifications")
        .col("created_at");
    manager.create_index(by_age).await
}

/// Indexes of what nobody was told yet: name, table, column, condition. What was told
/// leaves them, so that looking for more costs the same for ever.
const TO_BE_TOLD: [(&str, &str, &str, &str); 3] = [
    (
        "grants_expiring_untold",
        "grants",
        "until_at",
        "status = 'given' AND practitioner_id IS NOT NULL \
            AND (expiring_told_until IS NULL OR expiring_told_until <> until_at)",
    ),
    (
        "grants_expired_untold",
        "grants",
        "until_at",
        "status = 'given' AND (expired_told_until IS NULL OR expired_told_until <> until_at)",
    ),
    (
        "document_visibilities_withheld_untold",
        "document_visibilities",
        "set_at",
        "kind = 'hidden_from_patient' AND removed_at IS NULL AND withheld_told_at IS NULL",
    ),
];

async fn create_what_is_to_be_told(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for (name, table, column, condition) in TO_BE_TOLD {
        let mut untold = Index::create();
        untold
            .name(name)
            .table(table)
            .col(column)
            .cond_where(Expr::cust(condition));
        manager.create_index(untold).await?;
    }
    Ok(())
}
