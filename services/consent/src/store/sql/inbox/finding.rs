//! Telling what was found unusual in the trail.
//!
//! Nearly nobody whom a finding concerns asked to be told: they are looked for before any
//! inbox is touched. Several instances hear of the same findings, and each is told once, by
//! its name.

use std::collections::HashSet;

use aval_database::{Database, Transaction};
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::tell::{address, tell};
use crate::error::Error;
use crate::identity_changes::ChangeCursor;
use crate::notification::News;
use crate::store::sql::entity::{inbox, notification};

const FOLLOWED: &str = "findings_followed";

/// There is one row.
const ONLY: i16 = 1;

pub(super) async fn followed_to(db: &Database) -> Result<ChangeCursor, Error> {
    let mut followed = Query::select();
    followed
        .column("cursor")
        .from(FOLLOWED)
        .and_where(Expr::col("id").eq(ONLY));
    let row = db.reader().query_one(&followed).await?;
    let cursor = row.map(|row| row.try_get("", "cursor")).transpose()?;
    Ok(cursor.map_or_else(ChangeCursor::start, ChangeCursor::from_text))
}

pub(super) async fn tell_findings(
    db: &Database,
    news: &[News],
    followed_to: &ChangeCursor,
) -> Result<u64, Error> {
    db.transaction("consent.tell_findings", async |tx| {
        let mut followed = Query::update();
        followed
            .table(FOLLOWED)
            .value("cursor", followed_to.as_text())
            .and_where(Expr::col("id").eq(ONLY));
        tx.execute(&followed).await?;
        let wanted = wanted(&tx, news.to_vec()).await?;
        let count = wanted.len() as u64;
        if count > 0 {
            tell(&tx, wanted).await?;
        }
        Ok(count)
    })
    .await
}

/// What of this is told to whom, and was not yet.
async fn wanted(tx: &Transaction, mut news: Vec<News>) -> Result<Vec<News>, Error> {
    if news.is_empty() {
        return Ok(news);
    }
    address(tx, &mut news).await?;
    let recipients = news.iter().fold(Condition::any(), |any, one| {
        any.add(
            Condition::all()
                .add(inbox::Column::RecipientKind.eq(one.recipient.kind_number()))
                .add(inbox::Column::RecipientId.eq(one.recipient.id())),
        )
    });
    let inboxes = inbox::Entity::find().filter(recipients).all(tx).await?;
    let names = news.iter().map(|one| one.notification_id.as_uuid());
    let recipients = news.iter().map(|one| one.recipient.id());
    let told: Vec<Uuid> = notification::Entity::find()
        .select_only()
        .column(notification::Column::NotificationId)
        .filter(notification::Column::NotificationId.is_in(names))
        .filter(notification::Column::RecipientId.is_in(recipients))
        .into_tuple()
        .all(tx)
        .await?;
    let told: HashSet<Uuid> = told.into_iter().collect();
    news.retain(|one| {
        let theirs = inboxes.iter().find(|inbox| {
            let recipient = (inbox.recipient_kind, inbox.recipient_id);
            recipient == (one.recipient.kind_number(), one.recipient.id())
        });
        let wants = theirs.is_some_and(|row| super::preferences::bits_of(row).has_told(one.kind));
        wants && !told.contains(&one.notification_id.as_uuid())
    });
    Ok(news)
}
