//! Nothing that a statement carries shows in a trace, at any level.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use aval_database::testing::test_databases;
use aval_database::{Backend, Database, DatabaseError};
use sea_orm::{ConnectionTrait, Statement};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps everything that anybody traces at any level, as text.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

impl Everything {
    fn text(&self) -> String {
        self.0
            .lock()
            .expect("no test panicked while it wrote")
            .clone()
    }
}

impl Visit for Everything {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = self.0.lock().expect("no test panicked while it wrote");
        writeln!(text, "{}={value:?}", field.name()).expect("memory takes what is written");
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}
    fn enter(&self, _span: &Id) {}
    fn exit(&self, _span: &Id) {}
}

#[tokio::test]
async fn traces_show_neither_values_nor_statements_nor_passwords() {
    // For every thread: the SQLite driver has threads of its own.
    let traced = Everything::default();
    tracing::subscriber::set_global_default(traced.clone()).unwrap();
    for test in test_databases("traces_show_neither").await {
        let mut config = test.config().clone();
        if test.backend() == Backend::Postgres {
            config.url = config.url.replace('@', ":pa55w0rd@");
        }
        let db = Database::connect(&config).await.unwrap();
        let backend = db.reader().get_database_backend();
        let query = Statement::from_sql_and_values(
            backend,
            "SELECT $1 AS confidential_column",
            ["marie dupont".into()],
        );
        db.transaction("test.traced", async |tx| {
            tx.query_one_raw(query.clone()).await?;
            Ok::<_, DatabaseError>(())
        })
        .await
        .unwrap();
        db.reader().query_all_raw(query).await.unwrap();

        let text = traced.text();
        assert!(
            text.contains("test.traced"),
            "the transaction's name is there"
        );
        for hidden in ["dupont", "confidential_column", "pa55w0rd"] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
}
