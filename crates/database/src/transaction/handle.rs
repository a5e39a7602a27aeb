//! What a transaction's closure holds.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, IsolationLevel,
    QueryResult, Statement, StreamTrait, TransactionError, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::async_trait::async_trait;

use crate::DatabaseError;

/// An open transaction: every query takes `&tx` as its connection.
///
/// It belongs to the closure that it was given to and ends with it. Only
/// [`Database::transaction`](crate::Database::transaction) commits.
#[derive(Debug)]
pub struct Transaction {
    pub(super) open: Arc<DatabaseTransaction>,
    pub(super) last: Arc<LastStatements>,
}

/// What is run after the closure and before the commit.
#[derive(Debug, Default)]
pub(super) struct LastStatements(Mutex<BTreeMap<Vec<u8>, Vec<Statement>>>);

impl LastStatements {
    pub(super) async fn run(&self, open: &DatabaseTransaction) -> Result<(), DatabaseError> {
        let statements = {
            let mut statements = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *statements)
        };
        for statement in statements.into_values().flatten() {
            let changed = open.execute_raw(statement).await?.rows_affected();
            if changed != 1 {
                let rule = format!("a last statement changes one row, not {changed}");
                return Err(DbErr::Custom(rule).into());
            }
        }
        Ok(())
    }
}

impl Transaction {
    /// Has these statements run after the closure and before the commit: once per
    /// `key`, in the order of the keys. Each must change exactly one row, or the
    /// transaction fails.
    ///
    /// For rows that many transactions change: they are locked for as short as can be,
    /// and by all in one order, so that none waits for another in a circle.
    pub fn run_last(
        &self,
        key: impl Into<Vec<u8>>,
        statements: impl IntoIterator<Item = Statement>,
    ) {
        let mut last = self.last.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.insert(key.into(), statements.into_iter().collect());
    }

    /// For the migrations, which name sea-orm's own type.
    pub(crate) fn as_sea_orm(&self) -> &DatabaseTransaction {
        &self.open
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        ConnectionTrait::get_database_backend(&*self.open)
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.open.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.open.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.open.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.open.query_all_raw(statement).await
    }
}

impl StreamTrait for Transaction {
    type Stream<'a> = <DatabaseTransaction as StreamTrait>::Stream<'a>;

    fn get_database_backend(&self) -> DbBackend {
        ConnectionTrait::get_database_backend(self)
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        self.open.stream_raw(statement)
    }
}

/// Savepoints, which sea-orm's nested active models ask for.
#[async_trait]
impl TransactionTrait for Transaction {
    type Transaction = DatabaseTransaction;

    async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.open.begin().await
    }

    async fn begin_with_config(
        &self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<DatabaseTransaction, DbErr> {
        self.open
            .begin_with_config(isolation_level, access_mode)
            .await
    }

    async fn begin_with_options(
        &self,
        options: TransactionOptions,
    ) -> Result<DatabaseTransaction, DbErr> {
        self.open.begin_with_options(options).await
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(
                &'c DatabaseTransaction,
            ) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        self.open.transaction(callback).await
    }

    async fn transaction_with_config<F, T, E>(
        &self,
        callback: F,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(
                &'c DatabaseTransaction,
            ) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        self.open
            .transaction_with_config(callback, isolation_level, access_mode)
            .await
    }
}
