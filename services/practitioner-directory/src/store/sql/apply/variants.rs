//! The variants of the words of people's names, by which mistyped words are met.

use aval_database::{DatabaseError, Transaction};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend};

use super::steps;
use crate::words::near::{LONGEST, SHORTEST};

/// Each word that is not known yet, without each of its letters in turn and, at the
/// place behind the last one, whole. A word that is too short to be forgiven a slip in
/// may still be meant by a longer one. Words that nobody bears any more stay: they find
/// nobody.
const LEARN: &str = "\
    INSERT INTO {next}word_variants (variant, word) \
    WITH RECURSIVE places (place) AS ( \
        SELECT 1 UNION ALL SELECT place + 1 FROM places WHERE place <= {longest}), \
    news (word) AS ( \
        SELECT DISTINCT w.value FROM {bearers} \
        WHERE {are_concerned} AND length(w.value) BETWEEN {shortest} - 1 AND {longest} \
            AND NOT EXISTS (SELECT 1 FROM {next}word_variants known \
                WHERE known.variant = w.value AND known.word = w.value)) \
    SELECT v.variant, v.word FROM ( \
        SELECT DISTINCT substr(word, 1, place - 1) || substr(word, place + 1) AS variant, word \
        FROM news JOIN places ON place <= length(word) + 1 \
        WHERE length(word) >= {shortest} OR place = length(word) + 1) v \
    ORDER BY v.variant {bytewise} ON CONFLICT DO NOTHING";

/// Keeps the words that an import brings with their variants.
pub(super) async fn learn(tx: &Transaction, import_id: Uuid) -> Result<(), DatabaseError> {
    let bearers = "staged_practitioners s CROSS JOIN {words}";
    let bearers = bearers.replace("{words}", steps::words(tx));
    let bytewise = match ConnectionTrait::get_database_backend(tx) {
        DbBackend::Postgres => BYTEWISE,
        _ => "",
    };
    let sql = learning("", &bearers, "s.import_id = $1", bytewise);
    steps::execute(tx, &sql, vec![import_id.into()]).await?;
    Ok(())
}

/// The statement that keeps the words of a first file in the table that is to be.
pub(super) fn learning_first() -> String {
    let bearers = "next_practitioner_words AS w(active, value)";
    learning("next_", bearers, "w.active", BYTEWISE)
}

/// The order of the key, in which the rows are put there.
const BYTEWISE: &str = "COLLATE \"C\"";

fn learning(next: &str, bearers: &str, are_concerned: &str, bytewise: &str) -> String {
    LEARN
        .replace("{next}", next)
        .replace("{bearers}", bearers)
        .replace("{are_concerned}", are_concerned)
        .replace("{shortest}", &SHORTEST.to_string())
        .replace("{longest}", &LONGEST.to_string())
        .replace("{bytewise}", bytewise)
}
