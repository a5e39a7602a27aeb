//! The same rows, on both engines.

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::prelude::Uuid;
use sea_orm::{EntityTrait, QueryOrder};

use super::*;
use crate::Database;
use crate::testing::test_databases;

mod line {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "lines")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(unique)]
        pub place: i64,
        pub words: String,
        pub mark: Vec<u8>,
        pub note: Option<String>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

use line::Column::{Id, Place};

fn row(place: u64) -> line::ActiveModel {
    line::ActiveModel {
        id: Set(Uuid::from_u128(u128::from(place))),
        place: Set(i64::try_from(place).unwrap()),
        words: Set(format!("l'élève n° {place}, {{\"a\"}}\\")),
        mark: Set(place.to_be_bytes().to_vec()),
        note: NotSet,
    }
}

async fn prepare(db: &Database) {
    let (id, bytes) = match db.backend() {
        crate::Backend::Postgres => ("UUID", "BYTEA"),
        crate::Backend::Sqlite => ("BLOB", "BLOB"),
    };
    let sql = format!(
        "CREATE TABLE lines (id {id} NOT NULL PRIMARY KEY, place BIGINT NOT NULL UNIQUE, \
         words TEXT NOT NULL, mark {bytes} NOT NULL, note TEXT)"
    );
    db.transaction("test.prepare", async |tx| {
        tx.execute_unprepared(&sql).await?;
        Ok::<_, DatabaseError>(())
    })
    .await
    .unwrap();
}

async fn insert_committed(
    db: &Database,
    rows: Vec<line::ActiveModel>,
    skipping_known: &[line::Column],
) -> Result<u64, DatabaseError> {
    db.transaction("test.insert", async |tx| {
        insert(&tx, rows.clone(), skipping_known).await
    })
    .await
}

#[tokio::test]
async fn however_many_rows_are_stored_as_they_are_and_in_their_order() {
    const NAME: &str = concat!(
        module_path!(),
        "::however_many_rows_are_stored_as_they_are_and_in_their_order"
    );
    for test in test_databases(NAME).await {
        let db = &test.db;
        prepare(db).await;
        let mut expected = Vec::new();
        for (first, last) in [(1, 1), (2, 4), (5, 2_600)] {
            let rows: Vec<_> = (first..=last).map(row).collect();
            let inserted = insert_committed(db, rows, &[]).await.unwrap();
            assert_eq!(inserted, last - first + 1);
            expected.extend(first..=last);
        }
        assert_eq!(insert_committed(db, Vec::new(), &[]).await.unwrap(), 0);
        let stored = line::Entity::find().order_by_asc(Place);
        let stored = stored.all(db.reader()).await.unwrap();
        assert_eq!(stored.len(), expected.len());
        for (stored, place) in stored.iter().zip(expected) {
            let wanted = row(place);
            assert_eq!(Set(stored.id), wanted.id);
            assert_eq!(Set(stored.words.clone()), wanted.words);
            assert_eq!(Set(stored.mark.clone()), wanted.mark);
            assert_eq!(stored.note, None);
        }
    }
}

#[tokio::test]
async fn what_is_known_is_left_out_where_that_is_asked_for_and_an_error_elsewhere() {
    const NAME: &str = concat!(
        module_path!(),
        "::what_is_known_is_left_out_where_that_is_asked_for_and_an_error_elsewhere"
    );
    for test in test_databases(NAME).await {
        let db = &test.db;
        prepare(db).await;
        insert_committed(db, vec![row(1)], &[]).await.unwrap();
        let again = || vec![row(1), row(2), row(2)];
        assert!(insert_committed(db, again(), &[]).await.is_err());
        assert_eq!(insert_committed(db, again(), &[Id]).await.unwrap(), 1);
        assert_eq!(insert_committed(db, again(), &[Id]).await.unwrap(), 0);
        // Another column than the one that may be known.
        let clash = line::ActiveModel {
            id: Set(Uuid::nil()),
            ..row(2)
        };
        assert!(insert_committed(db, vec![clash], &[Id]).await.is_err());
    }
}
