//! Refreshing and closing sessions: whoever changes a session's row first has decided.
//!
//! Two who show one refresh token at once, on PostgreSQL (on SQLite they queue):
//!
//! ```text
//! t0  A: UPDATE … WHERE generation = 3 AND it goes on   one row, locked
//! t1  B: UPDATE … WHERE generation = 3 AND it goes on   waits for A's end
//! t2  A: COMMIT                     B: no row (generation is 4) → closes the session
//! t2' A: ROLLBACK                   B: one row
//! ```

use aval_database::requests::{self, Claim, RequestKey};
use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::id::SessionId;
use aval_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::entity::session::{Column, Entity};
use super::session::{goes_on_at, row_of, session_of};
use crate::error::Error;
use crate::session::{Closed, Closing, Session};
use crate::store::{AllClosed, CloseSessions, Refresh, Refreshed, TraceOf};

pub(super) async fn refresh(db: &Database, refresh: &Refresh<'_>) -> Result<Refreshed, Error> {
    let refreshed = db.transaction("identity.refresh_token", async |tx| {
        let next = refresh.next;
        if go_on(&tx, next, refresh.now).await? {
            return Ok::<_, Error>(Refreshed::Next);
        }
        let Some(known) = by_id(&tx, next.session_id).await? else {
            return Ok(Refreshed::Ended);
        };
        // Whatever token of this session it is, it is none that was not given out.
        if known.generation < next.generation || !known.is_open(refresh.now) {
            return Ok(Refreshed::Ended);
        }
        let closed = Closed {
            at: refresh.now,
            why: Closing::RefreshReused,
        };
        let (is_closed_now, _) = close(&tx, known, closed, refresh.reused).await?;
        Ok(if is_closed_now {
            Refreshed::Reused
        } else {
            Refreshed::Ended
        })
    });
    refreshed.await
}

pub(super) async fn close_one(
    db: &Database,
    session_id: SessionId,
    closing: &CloseSessions<'_>,
) -> Result<Option<Session>, Error> {
    let closed = db.transaction("identity.close_session", async |tx| {
        let known = by_id(&tx, session_id).await?;
        match known.filter(|known| known.bearer.person.id() == closing.person) {
            Some(known) if known.is_open(closing.closed.at) => {
                Ok::<_, Error>(close(&tx, known, closing.closed, closing.trace).await?.1)
            }
            ended => Ok(ended),
        }
    });
    closed.await
}

pub(super) async fn close_all(
    db: &Database,
    request: &RequestKey,
    closing: &CloseSessions<'_>,
) -> Result<AllClosed, Error> {
    let closed = db.transaction("identity.close_all_sessions", async |tx| {
        let now = closing.closed.at;
        if let Claim::Replay { result } = requests::claim(&tx, request, now).await? {
            let corrupt = |_| DatabaseError::corrupt("requests", "result", &request.operation);
            return Ok(AllClosed {
                count: result.parse().map_err(corrupt)?,
                closed_now: Vec::new(),
            });
        }
        let theirs = Column::PersonId.eq(closing.person);
        let closed_now = close_every(&tx, theirs, closing.closed, closing.trace).await?;
        // Nobody has 2^32 sessions.
        let count = u32::try_from(closed_now.len()).unwrap_or(u32::MAX);
        requests::complete(&tx, request, &count.to_string()).await?;
        Ok::<_, Error>(AllClosed { count, closed_now })
    });
    closed.await
}

/// Closes those of these that go on. In the order of their identifiers: two who close the same wait for each other in no
/// circle.
pub(super) async fn close_every(
    tx: &Transaction,
    whose: SimpleExpr,
    closed: Closed,
    trace: TraceOf<'_>,
) -> Result<Vec<SessionId>, Error> {
    let open = Entity::find()
        .filter(whose)
        .filter(goes_on_at(closed.at))
        .order_by_asc(Column::SessionId);
    let mut closed_now = Vec::new();
    for row in open.all(tx).await.map_err(DatabaseError::from)? {
        let session = session_of(row)?;
        let session_id = session.session_id;
        if close(tx, session, closed, trace).await?.0 {
            closed_now.push(session_id);
        }
    }
    Ok(closed_now)
}

/// Whether the session went on to this generation.
async fn go_on(tx: &Transaction, next: &Session, now: Timestamp) -> Result<bool, DatabaseError> {
    let Some(shown) = next.generation.checked_sub(1) else {
        return Ok(false);
    };
    let changed = Entity::update_many()
        .set(row_of(next)?)
        .filter(Column::SessionId.eq(next.session_id.as_uuid()))
        .filter(Column::Generation.eq(i64::from(shown)))
        .filter(goes_on_at(now))
        .exec(tx)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Closes a session that went on when it was read. Whether it was this call that closed
/// it, and the session as it is; somebody else's closing stays.
async fn close(
    tx: &Transaction,
    session: Session,
    closed: Closed,
    trace: TraceOf<'_>,
) -> Result<(bool, Option<Session>), Error> {
    let changed = Entity::update_many()
        .col_expr(Column::ClosedAt, Expr::value(closed.at.as_micros()))
        .col_expr(Column::Closing, Expr::value(closed.why.code()))
        .filter(Column::SessionId.eq(session.session_id.as_uuid()))
        .filter(Column::ClosedAt.is_null())
        .exec(tx)
        .await
        .map_err(DatabaseError::from)?;
    if changed.rows_affected == 0 {
        return Ok((false, by_id(tx, session.session_id).await?));
    }
    outbox::append(tx, &trace(&session)).await?;
    let session = Session {
        closed: Some(closed),
        ..session
    };
    Ok((true, Some(session)))
}

async fn by_id(tx: &Transaction, session_id: SessionId) -> Result<Option<Session>, DatabaseError> {
    let row = Entity::find_by_id(session_id.as_uuid()).one(tx).await?;
    row.map(session_of).transpose()
}
