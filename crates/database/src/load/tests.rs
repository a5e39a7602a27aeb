//! What is put into a table is what is read from it.

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::QueryOrder;
use sea_orm::prelude::Uuid;

use super::*;
use crate::Backend;
use crate::testing::test_databases;

mod noted {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "noted")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub place: i64,
        pub words: String,
        pub note: Option<String>,
        pub active: bool,
        pub mark: Vec<u8>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Whatever a text may hold that the format has a meaning for.
const WORDS: [&str; 6] = ["", "l'élève", "a\tb\\tc", "\\N", "\r\n\\.\n", "\\"];

fn models() -> Vec<noted::Model> {
    let models = WORDS.iter().zip(0..).map(|(words, place)| noted::Model {
        id: Uuid::from_u128(place),
        place: i64::try_from(place).unwrap() - 3,
        words: (*words).to_owned(),
        note: (place % 2 == 0).then(|| (*words).to_owned()),
        active: place > 2,
        mark: words.bytes().rev().collect(),
    });
    models.collect()
}

fn rows() -> Vec<noted::ActiveModel> {
    let models = models().into_iter();
    models
        .map(|model| noted::ActiveModel {
            id: Set(model.id),
            place: Set(model.place),
            words: Set(model.words),
            note: Set(model.note),
            active: Set(model.active),
            mark: Set(model.mark),
        })
        .collect()
}

async fn load(db: &Database, guard: &str) -> Result<bool, DatabaseError> {
    let mut load = Load::into_database(db);
    load.add(rows())?;
    let guard = Statement::from_string(db.writer().get_database_backend(), guard);
    db.load("test.load", guard, load).await
}

async fn prepare(db: &Database) {
    let (id, bytes) = match db.backend() {
        Backend::Postgres => ("UUID", "BYTEA"),
        Backend::Sqlite => ("BLOB", "BLOB"),
    };
    let noted = format!(
        "CREATE TABLE noted (id {id} NOT NULL PRIMARY KEY, place BIGINT NOT NULL, \
         words TEXT NOT NULL, note TEXT, active BOOLEAN NOT NULL, mark {bytes} NOT NULL)"
    );
    let guards = "CREATE TABLE guards (id BIGINT)";
    let first = "INSERT INTO guards VALUES (1)";
    db.transaction("test.prepare", async |tx| {
        for sql in [&noted, guards, first] {
            tx.execute_unprepared(sql).await?;
        }
        Ok::<_, DatabaseError>(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn every_text_arrives_as_it_is_and_only_behind_its_guard() {
    let name = concat!(module_path!(), "::every_text_arrives_as_it_is");
    for database in test_databases(name).await {
        let db = &database.db;
        prepare(db).await;
        let refused = load(db, "UPDATE guards SET id = 1 WHERE id = 2").await;
        assert!(!refused.unwrap());
        let found = noted::Entity::find().all(db.reader()).await.unwrap();
        assert!(found.is_empty());
        let loaded = load(db, "UPDATE guards SET id = 2 WHERE id = 1").await;
        assert!(loaded.unwrap());
        let found = noted::Entity::find().order_by_asc(noted::Column::Id);
        assert_eq!(found.all(db.reader()).await.unwrap(), models());
        // The same keys again: nothing is left of the whole, and the connections serve on.
        let again = load(db, "UPDATE guards SET id = 3 WHERE id = 2").await;
        assert!(matches!(again, Err(DatabaseError::UniqueViolation { .. })));
        let unchanged = load(db, "UPDATE guards SET id = 4 WHERE id = 3").await;
        assert!(!unchanged.unwrap());
    }
}

#[test]
fn a_column_that_is_not_set_is_not_copied() {
    let mut rows = rows();
    rows[1].note = NotSet;
    assert!(copied(rows).is_err());
}
