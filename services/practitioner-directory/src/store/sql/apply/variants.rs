//! The variants of the words of people's names, by which mistyped words are met.

use aval_database::{DatabaseError, Transaction};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, Value};

use super::steps;
use crate::words::near::{LONGEST, SHORTEST};

/// Each word that is not known yet, without each of its letters in turn and, at the
/// place behind the last one, whole. A word that is too short to be forgiven a slip in
/// may still be meant by a longer one. Words that nobody bears any more stay: they find
/// nobody.
const LEARN: &str = "\
    INSERT INTO word_variants (variant, word) \
    WITH RECURSIVE places (place) AS ( \
        SELECT 1 UNION ALL SELECT place + 1 FROM places WHERE place <= {longest}), \
    news (word) AS ( \
        SELECT DISTINCT w.value FROM {bearers} \
        WHERE {are_concerned} AND length(w.value) BETWEEN {shortest} - 1 AND {longest} \
            AND NOT EXISTS (SELECT 1 FROM word_variants known \
                WHERE known.variant = w.value AND known.word = w.value)) \
    SELECT substr(word, 1, place - 1) || substr(word, place + 1), word \
    FROM news JOIN places ON place <= length(word) + 1 \
    WHERE length(word) >= {shortest} OR place = length(word) + 1 \
    ORDER BY substr(word, 1, place - 1) || substr(word, place + 1) {bytewise} \
    ON CONFLICT DO NOTHING";

/// Those whom the import names.
const NAMED: [&str; 2] = [
    "staged_practitioners s CROSS JOIN {words}",
    "s.import_id = $1",
];

/// Everybody.
const ALL: [&str; 2] = ["practitioner_words AS w(active, value)", "w.active"];

/// Keeps the words that an import brings with their variants.
pub(super) async fn learn(tx: &Transaction, import_id: Uuid) -> Result<(), DatabaseError> {
    learn_of(tx, NAMED, vec![import_id.into()]).await
}

/// Keeps the words of everybody with their variants.
pub(super) async fn learn_all(tx: &Transaction) -> Result<(), DatabaseError> {
    learn_of(tx, ALL, Vec::new()).await
}

async fn learn_of(
    tx: &Transaction,
    [bearers, are_concerned]: [&str; 2],
    values: Vec<Value>,
) -> Result<(), DatabaseError> {
    // The order of the key, in which the rows are put there.
    let bytewise = match ConnectionTrait::get_database_backend(tx) {
        DbBackend::Postgres => "COLLATE \"C\"",
        _ => "",
    };
    let sql = LEARN
        .replace("{bearers}", bearers)
        .replace("{are_concerned}", are_concerned)
        .replace("{words}", steps::words(tx))
        .replace("{shortest}", &SHORTEST.to_string())
        .replace("{longest}", &LONGEST.to_string())
        .replace("{bytewise}", bytewise);
    steps::execute(tx, &sql, values).await?;
    Ok(())
}
