//! Closing the sessions of whoever signed out at their provider.

use aval_database::{Database, DatabaseError, Transaction};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, TryInsertResult};

use super::close_session::close_every;
use super::entity::{logout_token, session};
use crate::error::Error;
use crate::patient_keys::KeyedDigest;
use crate::provider::SignedOut;
use crate::store::{LoggedOut, Logout};

pub(super) async fn log_out(db: &Database, logout: &Logout<'_>) -> Result<LoggedOut, Error> {
    let logged_out = db.transaction("identity.log_out", async |tx| {
        if !remember(&tx, logout).await? {
            return Ok(LoggedOut::Replayed);
        }
        let whose = signed_in_as(logout.who);
        let closed = close_every(&tx, whose, logout.closed, logout.trace).await?;
        Ok::<_, Error>(LoggedOut::Sessions(closed))
    });
    logged_out.await
}

/// Whether the token is new; those that nobody believes any more are forgotten.
async fn remember(tx: &Transaction, logout: &Logout<'_>) -> Result<bool, DatabaseError> {
    use logout_token::{ActiveModel, Column, Entity};
    let now = logout.closed.at.as_micros();
    Entity::delete_many()
        .filter(Column::RememberedUntil.lte(now))
        .exec(tx)
        .await?;
    let row = ActiveModel {
        token_digest: Set(logout.token.0.to_vec()),
        remembered_until: Set(logout.remembered_until.as_micros()),
    };
    let inserted = Entity::insert(row)
        .on_conflict_do_nothing_on([Column::TokenDigest])
        .exec_without_returning(tx)
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1)))
}

/// The sessions of whoever signed out. One whose sign-in the provider did not name ends
/// with any sign-in of its person: it may be that one.
fn signed_in_as(who: SignedOut<KeyedDigest>) -> SimpleExpr {
    use session::Column;
    let is_of = |subject: KeyedDigest| Column::ProviderSubject.eq(subject.0.to_vec());
    match who {
        SignedOut::Person { subject } => is_of(subject),
        SignedOut::Session { session, subject } => {
            let named = Column::ProviderSession.eq(session.0.to_vec());
            match subject {
                Some(subject) => named.or(Column::ProviderSession.is_null().and(is_of(subject))),
                None => named,
            }
        }
    }
}
