//! Telling people, inside the transaction of what they are told.

use std::collections::{BTreeMap, HashMap};

use aval_database::Transaction;
use aval_domain::etag::Version;
use aval_domain::id::{PatientId, PractitionerId};
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use uuid::Uuid;

use crate::error::Error;
use crate::notification::{Bits, News, Recipient};
use crate::store::sql::alias;
use crate::store::sql::entity::notification::{ActiveModel, Column, Entity};
use crate::store::sql::row::version_to_row;

/// How many one statement tells; eleven parameters each.
const NEWS_PER_STATEMENT: usize = 500;

/// An inbox whose row is ours until the commit.
struct Locked {
    /// The last position taken.
    head: i64,
    chosen: Bits,
}

/// Tells everybody, in three statements at most. To be called once in a transaction, as the last
/// thing that it does itself: recipients are locked in one order.
pub(in crate::store::sql) async fn tell(
    tx: &Transaction,
    mut news: Vec<News>,
) -> Result<(), Error> {
    address(tx, &mut news).await?;
    news.sort_by_key(|one| one.recipient);
    for some in news.chunks(NEWS_PER_STATEMENT) {
        let mut taken: BTreeMap<Recipient, i64> = BTreeMap::new();
        for one in some {
            *taken.entry(one.recipient).or_default() += 1;
        }
        let inboxes = take_positions(tx, &taken).await?;
        let mut next: HashMap<Recipient, i64> = HashMap::new();
        let rows = some.iter().filter_map(|one| {
            let inbox = inboxes.get(&(one.recipient.kind_number(), one.recipient.id()))?;
            let first = || inbox.head - taken.get(&one.recipient).copied().unwrap_or_default();
            let position = next.entry(one.recipient).or_insert_with(first);
            *position += 1;
            let is_told = inbox.chosen.has_told(one.kind);
            is_told.then(|| row_of(one, *position))
        });
        let rows: Vec<_> = rows.collect();
        if !rows.is_empty() {
            Entity::insert_many(rows)
                .on_conflict_do_nothing_on([Column::NotificationId])
                .exec_without_returning(tx)
                .await?;
        }
    }
    Ok(())
}

/// To everybody under the identifier by which they sign in.
pub(super) async fn address(tx: &Transaction, news: &mut [News]) -> Result<(), Error> {
    let (mut professionals, mut patients) = (Vec::new(), Vec::new());
    for one in &*news {
        match one.recipient {
            Recipient::Practitioner(id) => professionals.push(id.as_uuid()),
            Recipient::Patient(id) => patients.push(id.as_uuid()),
        }
    }
    let professionals = alias::present_ids::<PractitionerId>(tx, professionals).await?;
    let patients = alias::present_ids::<PatientId>(tx, patients).await?;
    for one in news {
        let present = match one.recipient {
            Recipient::Practitioner(id) => professionals
                .get(&id.as_uuid())
                .map(|human| Recipient::Practitioner(PractitionerId::from_uuid(*human))),
            Recipient::Patient(id) => patients
                .get(&id.as_uuid())
                .map(|human| Recipient::Patient(PatientId::from_uuid(*human))),
        };
        one.recipient = present.unwrap_or(one.recipient);
    }
    Ok(())
}

/// Moves the inboxes on by so many positions each, and locks them.
async fn take_positions(
    tx: &Transaction,
    taken: &BTreeMap<Recipient, i64>,
) -> Result<HashMap<(i16, Uuid), Locked>, Error> {
    let mut insert = Query::insert();
    insert.into_table("notification_inboxes").columns([
        "recipient_kind",
        "recipient_id",
        "position",
        "muted",
        "version",
    ]);
    for (recipient, count) in taken {
        insert.values_panic([
            recipient.kind_number().into(),
            recipient.id().into(),
            (*count).into(),
            0_i32.into(),
            version_to_row(Version::FIRST).into(),
        ]);
    }
    let mut moved = OnConflict::columns(["recipient_kind", "recipient_id"]);
    let on = Expr::cust("notification_inboxes.position + excluded.position");
    moved.value("position", on);
    let columns = [
        "recipient_kind",
        "recipient_id",
        "position",
        "muted",
        "wanted",
    ];
    insert
        .on_conflict(moved)
        .returning(Query::returning().columns(columns));
    let mut inboxes = HashMap::new();
    for row in tx.query_all(&insert).await? {
        let inbox = (
            row.try_get("", "recipient_kind")?,
            row.try_get("", "recipient_id")?,
        );
        let locked = Locked {
            head: row.try_get("", "position")?,
            chosen: Bits {
                muted: row.try_get("", "muted")?,
                wanted: row.try_get("", "wanted")?,
            },
        };
        inboxes.insert(inbox, locked);
    }
    Ok(inboxes)
}

fn row_of(news: &News, position: i64) -> ActiveModel {
    ActiveModel {
        notification_id: Set(news.notification_id.as_uuid()),
        recipient_kind: Set(news.recipient.kind_number()),
        recipient_id: Set(news.recipient.id()),
        position: Set(position),
        kind: Set(news.kind.number()),
        patient_id: Set(news.patient_id.as_uuid()),
        practitioner_id: Set(news.practitioner_id.map(PractitionerId::as_uuid)),
        subject_id: Set(news.subject_id),
        created_at: Set(news.at.as_micros()),
        acknowledged_at: Set(None),
        holder_alone: Set(news.holder_alone),
    }
}
