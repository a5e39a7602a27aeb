//! The statements that a test makes, where their number is what matters.

use std::sync::{Arc, Mutex, PoisonError};

use super::TestDatabase;

/// What was made since it was last asked.
#[derive(Debug, Clone, Default)]
pub struct Statements(Arc<Mutex<Vec<String>>>);

impl TestDatabase {
    /// From now on every statement on this database is heard, those of transactions too.
    ///
    /// # Panics
    /// When somebody has a copy of the handle already, who would not be heard.
    pub fn hear_statements(&mut self) -> Statements {
        let statements = Statements::default();
        let heard = statements.clone();
        self.db.hear_statements(move |text| heard.add(text));
        statements
    }
}

impl Statements {
    /// The texts since the last call, in the order of their ends.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, text: &str) {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.push(text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::ConnectionTrait;

    use crate::DatabaseError;
    use crate::testing::test_databases;

    #[tokio::test]
    async fn each_statement_is_heard_once_within_a_transaction_too() {
        for mut database in test_databases("database.testing.statements").await {
            let statements = database.hear_statements();
            let ask = |text| {
                sea_orm::Statement::from_string(database.db.reader().get_database_backend(), text)
            };
            database
                .db
                .reader()
                .query_one_raw(ask("SELECT 1"))
                .await
                .unwrap();
            assert_eq!(statements.take(), ["SELECT 1"]);
            let twice = database.db.transaction("test.twice", async |tx| {
                for text in ["SELECT 2", "SELECT 3"] {
                    tx.query_one_raw(ask(text)).await?;
                }
                Ok::<_, DatabaseError>(())
            });
            twice.await.unwrap();
            assert_eq!(statements.take(), ["SELECT 2", "SELECT 3"]);
            assert!(statements.take().is_empty());
        }
    }
}
