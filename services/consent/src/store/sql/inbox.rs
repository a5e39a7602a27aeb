//! Inboxes, and the notifications in them.
//!
//! A notification's position is taken from its recipient's row of
//! `notification_inboxes`, which stays locked until the commit: the positions of one
//! recipient are in the order of commits. Recipients are locked in one order, after
//! what the change itself locks and before the clocks of changes.

mod due;
mod finding;
mod preferences;
pub(super) mod tell;

use std::collections::HashMap;

use aval_database::{Database, DatabaseError};
use aval_domain::id::{NotificationId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

use super::SqlStore;
use super::entity::inbox;
use super::entity::notification::{Column, Entity, Model};
use super::row::Row;
use crate::error::Error;
use crate::identity_changes::ChangeCursor;
use crate::inbox::{Due, InboxQuery, Inboxes, PreferencesRule, Reader};
use crate::notification::{
    InboxPosition, News, Notification, NotificationKind, NotificationPreferences, Recipient,
};
use crate::store::{Answer, Write};

/// How many recipients one statement asks for; two parameters each.
const RECIPIENTS_PER_STATEMENT: usize = 500;

impl Inboxes for SqlStore {
    fn notifications<'a>(&'a self, query: &'a InboxQuery) -> Answer<'a, Vec<Notification>> {
        Box::pin(list(&self.db, query))
    }

    fn notifications_above(
        &self,
        reader: Reader,
        position: InboxPosition,
        limit: u64,
    ) -> Answer<'_, Vec<Notification>> {
        Box::pin(list_above(&self.db, reader, position, limit))
    }

    fn inbox_heads<'a>(&'a self, recipients: &'a [Recipient]) -> Answer<'a, Vec<InboxPosition>> {
        Box::pin(heads(&self.db, recipients))
    }

    fn acknowledge(
        &self,
        reader: Reader,
        notification_id: NotificationId,
        now: Timestamp,
    ) -> Answer<'_, Notification> {
        Box::pin(acknowledge(&self.db, reader, notification_id, now))
    }

    fn notification_preferences(
        &self,
        recipient: Recipient,
    ) -> Answer<'_, NotificationPreferences> {
        Box::pin(preferences::find(&self.db, recipient))
    }

    fn change_notification_preferences<'a>(
        &'a self,
        write: &'a Write,
        recipient: Recipient,
        rule: &'a PreferencesRule<'a>,
    ) -> Answer<'a, NotificationPreferences> {
        Box::pin(preferences::change(&self.db, write, recipient, rule))
    }

    fn tell_due(&self, due: Due, now: Timestamp, limit: u64) -> Answer<'_, u64> {
        Box::pin(due::tell_due(&self.db, due, now, limit))
    }

    fn tell_findings<'a>(
        &'a self,
        news: &'a [News],
        followed_to: &'a ChangeCursor,
    ) -> Answer<'a, u64> {
        Box::pin(finding::tell_findings(&self.db, news, followed_to))
    }

    fn findings_followed_to(&self) -> Answer<'_, ChangeCursor> {
        Box::pin(finding::followed_to(&self.db))
    }

    fn forget_notifications(&self, horizon: Timestamp) -> Answer<'_, u64> {
        Box::pin(forget(&self.db, horizon))
    }
}

async fn list(db: &Database, query: &InboxQuery) -> Result<Vec<Notification>, Error> {
    let unread = query.unread_only.then(|| Column::AcknowledgedAt.is_null());
    let rows = Entity::find()
        .filter(told_to(query.reader))
        .filter(
            Condition::all()
                .add_option(query.after.map(below))
                .add_option(unread),
        )
        .order_by_desc(Column::Position)
        .limit(query.limit)
        .all(db.reader())
        .await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Below this notification in its inbox. When it was forgotten, so was what is below it.
fn below(notification_id: NotificationId) -> Expr {
    let position = Entity::find_by_id(notification_id.as_uuid())
        .select_only()
        .column(Column::Position)
        .into_query();
    Expr::col(Column::Position).lt(Expr::SubQuery(None, Box::new(position.into())))
}

async fn list_above(
    db: &Database,
    reader: Reader,
    position: InboxPosition,
    limit: u64,
) -> Result<Vec<Notification>, Error> {
    let rows = Entity::find()
        .filter(told_to(reader))
        .filter(Column::Position.gt(to_row(position)))
        .order_by_asc(Column::Position)
        .limit(limit)
        .all(db.reader())
        .await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

async fn heads(db: &Database, recipients: &[Recipient]) -> Result<Vec<InboxPosition>, Error> {
    let mut known = HashMap::new();
    for some in recipients.chunks(RECIPIENTS_PER_STATEMENT) {
        let any = some.iter().fold(Condition::any(), |any, recipient| {
            any.add(
                inbox::Column::RecipientKind
                    .eq(recipient.kind_number())
                    .and(inbox::Column::RecipientId.eq(recipient.id())),
            )
        });
        let rows = inbox::Entity::find().filter(any).all(db.reader()).await?;
        for row in rows {
            let position = position("notification_inboxes", row.position)?;
            known.insert((row.recipient_kind, row.recipient_id), position);
        }
    }
    let head = |recipient: &Recipient| {
        let inbox = (recipient.kind_number(), recipient.id());
        known.get(&inbox).copied().unwrap_or_default()
    };
    Ok(recipients.iter().map(head).collect())
}

async fn acknowledge(
    db: &Database,
    reader: Reader,
    notification_id: NotificationId,
    now: Timestamp,
) -> Result<Notification, Error> {
    db.transaction("consent.acknowledge_notification", async |tx| {
        let theirs = || {
            Condition::all()
                .add(Column::NotificationId.eq(notification_id.as_uuid()))
                .add(told_to(reader))
        };
        Entity::update_many()
            .col_expr(Column::AcknowledgedAt, now.as_micros().into())
            .filter(theirs())
            .filter(Column::AcknowledgedAt.is_null())
            .exec(&tx)
            .await?;
        let row = Entity::find().filter(theirs()).one(&tx).await?;
        Ok(read(&row.ok_or(Error::NotFound)?)?)
    })
    .await
}

async fn forget(db: &Database, horizon: Timestamp) -> Result<u64, Error> {
    db.transaction("consent.forget_notifications", async |tx| {
        let forgotten = Entity::delete_many()
            .filter(Column::CreatedAt.lt(horizon.as_micros()))
            .exec(&tx)
            .await?;
        Ok(forgotten.rows_affected)
    })
    .await
}

fn told_to(reader: Reader) -> Condition {
    let recipient = reader.recipient;
    let not_to_the_holder_alone = || Column::HolderAlone.eq(false);
    Condition::all()
        .add(Column::RecipientKind.eq(recipient.kind_number()))
        .add(Column::RecipientId.eq(recipient.id()))
        .add_option(reader.represents.then(not_to_the_holder_alone))
}

fn read(row: &Model) -> Result<Notification, DatabaseError> {
    let named = Row {
        table: "notifications",
        id: row.notification_id,
    };
    let recipient = Recipient::from_row(row.recipient_kind, row.recipient_id);
    Ok(Notification {
        news: News {
            notification_id: NotificationId::from_uuid(row.notification_id),
            recipient: named.require("recipient_kind", recipient)?,
            kind: named.require("kind", NotificationKind::from_number(row.kind))?,
            patient_id: PatientId::from_uuid(row.patient_id),
            practitioner_id: row.practitioner_id.map(PractitionerId::from_uuid),
            subject_id: row.subject_id,
            at: named.instant("created_at", row.created_at)?,
            holder_alone: row.holder_alone,
        },
        position: position("notifications", row.position)?,
        acknowledged_at: named.optional_instant("acknowledged_at", row.acknowledged_at)?,
    })
}

fn position(table: &'static str, stored: i64) -> Result<InboxPosition, DatabaseError> {
    let position = u64::try_from(stored).map(InboxPosition);
    position.map_err(|_| DatabaseError::corrupt(table, "position", &stored))
}

fn to_row(position: InboxPosition) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}
