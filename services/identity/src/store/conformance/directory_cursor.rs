//! Up to where the directory was followed is kept until it is kept anew.

use crate::store::Store;
use crate::store::sql::{Migrator, SqlStore};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: SqlStore::new,
    tests: [
        a_cursor_is_none_until_it_is_kept_and_then_the_last_one,
        of_many_who_keep_one_at_once_one_is_kept,
    ],
}

async fn a_cursor_is_none_until_it_is_kept_and_then_the_last_one(store: &SqlStore) {
    let known = async || store.directory_cursor().await.unwrap();
    store.keep_directory_cursor(None).await.unwrap();
    assert_eq!(known().await, None);
    for cursor in ["one", "two", "one"] {
        store.keep_directory_cursor(Some(cursor)).await.unwrap();
        assert_eq!(known().await.as_deref(), Some(cursor));
    }
    store.keep_directory_cursor(None).await.unwrap();
    assert_eq!(known().await, None);
}

async fn of_many_who_keep_one_at_once_one_is_kept(store: &SqlStore) {
    let cursors: Vec<String> = (0..8).map(|number| number.to_string()).collect();
    let kept = cursors
        .iter()
        .map(|cursor| store.keep_directory_cursor(Some(cursor)));
    for kept in futures::future::join_all(kept).await {
        kept.unwrap();
    }
    let known = store.directory_cursor().await.unwrap().unwrap();
    assert!(cursors.contains(&known));
}
