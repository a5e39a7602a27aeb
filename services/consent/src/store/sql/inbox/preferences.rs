//! Which kinds people want.

use aval_database::{Database, DatabaseError};
use aval_domain::etag::Version;
use sea_orm::{ActiveValue::Set, EntityTrait, QuerySelect};

use crate::error::Error;
use crate::inbox::PreferencesRule;
use crate::notification::{Bits, NotificationPreferences, Recipient};
use crate::store::Write;
use crate::store::sql::entity::inbox::{ActiveModel, Column, Entity, Model};
use crate::store::sql::once;
use crate::store::sql::row::{Row, version_to_row};

pub(super) async fn find(
    db: &Database,
    recipient: Recipient,
) -> Result<NotificationPreferences, Error> {
    let row = Entity::find_by_id((recipient.kind_number(), recipient.id()))
        .one(db.reader())
        .await?;
    let preferences = row.as_ref().map(read).transpose()?;
    Ok(preferences.unwrap_or_default())
}

pub(super) async fn change(
    db: &Database,
    write: &Write,
    recipient: Recipient,
    rule: &PreferencesRule<'_>,
) -> Result<NotificationPreferences, Error> {
    db.transaction("consent.set_notification_preferences", async |tx| {
        let work = Box::pin(async {
            // There is a row to lock, whoever else makes it now.
            Entity::insert(ActiveModel {
                recipient_kind: Set(recipient.kind_number()),
                recipient_id: Set(recipient.id()),
                position: Set(0),
                muted: Set(0),
                wanted: Set(0),
                version: Set(version_to_row(Version::FIRST)),
            })
            .on_conflict_do_nothing_on([Column::RecipientKind, Column::RecipientId])
            .exec_without_returning(&tx)
            .await?;
            let row = Entity::find_by_id((recipient.kind_number(), recipient.id()))
                .lock_exclusive()
                .one(&tx)
                .await?;
            let row = row.ok_or(Error::NotFound)?;
            let present = read(&row)?;
            let Some(chosen) = rule(&present)? else {
                return Ok(present);
            };
            let bits = chosen.bits();
            Entity::update(ActiveModel {
                recipient_kind: Set(row.recipient_kind),
                recipient_id: Set(row.recipient_id),
                muted: Set(bits.muted),
                wanted: Set(bits.wanted),
                version: Set(version_to_row(chosen.version)),
                ..Default::default()
            })
            .exec(&tx)
            .await?;
            Ok(chosen)
        });
        once(&tx, write, work).await
    })
    .await
}

/// The kinds that are muted and wanted in an inbox, as its row has them.
pub(super) const fn bits_of(row: &Model) -> Bits {
    Bits {
        muted: row.muted,
        wanted: row.wanted,
    }
}

fn read(row: &Model) -> Result<NotificationPreferences, DatabaseError> {
    let named = Row {
        table: "notification_inboxes",
        id: row.recipient_id,
    };
    let version = named.version(row.version)?;
    let preferences = NotificationPreferences::from_bits(bits_of(row), version);
    named.require("muted and wanted", preferences)
}
