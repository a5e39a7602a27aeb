//! What people are searched by on PostgreSQL, kept as one row each under an inverted index.
//!
//! A key is a word of the name, alone (`/MARTIN`) or in a town where the person practises
//! now (`LYON/MARTIN`), or a profession (`%10`) or a postal code (`#69003`) of a practice
//! situation. A town is also each part of its name that ends before a space: `LYON 3E
//! ARRONDISSEMENT` is `LYON`, too. The word stands with the town because both are had by
//! many, and few have both: so a search costs what it finds, not what it passes over.
//!
//! The keys follow from the words, the practice situations and the structures; whatever
//! changes one of these puts them right in the same transaction. SQLite has none: there
//! the words themselves are searched.

use aval_database::{DatabaseError, Transaction};
use aval_domain::id::ImportId;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

/// The key of a word of a name, in a town or, where that is empty, anywhere.
pub(super) fn of_word(town: &str, word: &str) -> String {
    format!("{town}/{word}")
}

/// The key of a profession.
pub(super) fn of_profession(code: &str) -> String {
    format!("%{code}")
}

/// The key of a postal code.
pub(super) fn of_postal_code(code: &str) -> String {
    format!("#{code}")
}

/// The parts of a town's name: it, and those of its beginnings that end before a space.
pub(super) fn parts_of(town: &str) -> impl Iterator<Item = &str> {
    let ends = town.match_indices(' ').map(|(end, _)| end);
    let ends = ends.chain((!town.is_empty()).then_some(town.len()));
    ends.map(|end| &town[..end])
}

/// Makes the keys of those people.
const MAKE: &str = "\
    INSERT INTO search_keys (practitioner_id, active, sort_name, keys) \
    WITH placed AS MATERIALIZED ( \
        SELECT DISTINCT a.practitioner_id, a.profession, o.postal_code, o.town_key \
        FROM activities a \
        LEFT JOIN organizations o ON o.organization_id = a.organization_id \
        WHERE a.active AND a.practitioner_id = ANY($1)), \
    parts AS MATERIALIZED ( \
        SELECT town_key, array_agg(array_to_string(names[:n], ' ')) AS parts \
        FROM (SELECT DISTINCT town_key, string_to_array(town_key, ' ') AS names \
            FROM placed WHERE town_key <> '') towns \
        CROSS JOIN LATERAL generate_series(1, cardinality(names)) n GROUP BY town_key) \
    SELECT w.practitioner_id, bool_or(w.active), min(w.sort_name), \
        array_to_tsvector(array_agg(k.key)) \
    FROM practitioner_words w \
    LEFT JOIN placed s ON s.practitioner_id = w.practitioner_id \
    LEFT JOIN parts p ON p.town_key = s.town_key \
    CROSS JOIN LATERAL ( \
        SELECT '/' || w.word AS key \
        UNION ALL SELECT part || '/' || w.word FROM unnest(p.parts) part \
        UNION ALL SELECT '%' || s.profession WHERE s.profession IS NOT NULL \
        UNION ALL SELECT '#' || s.postal_code WHERE s.postal_code <> '') k \
    WHERE w.practitioner_id = ANY($1) GROUP BY w.practitioner_id";

/// Whoever is there already gets them anew, if they are others.
const OR_REPLACE: &str = "\
    ON CONFLICT (practitioner_id) DO UPDATE SET active = excluded.active, \
        sort_name = excluded.sort_name, keys = excluded.keys \
    WHERE (search_keys.active, search_keys.sort_name, search_keys.keys) \
        IS DISTINCT FROM (excluded.active, excluded.sort_name, excluded.keys)";

/// Entries that lead elsewhere are found under no name.
const FORGET: &str = "\
    DELETE FROM search_keys k WHERE k.practitioner_id = ANY($1) \
        AND NOT EXISTS (SELECT 1 FROM practitioner_words w \
            WHERE w.practitioner_id = k.practitioner_id)";

/// How many people's keys are made by one statement: few enough that the planner looks
/// them up, whatever it thinks of tables that were filled a moment ago.
const AT_ONCE: usize = 5_000;

/// Whom an import of practice situations names, whose practice situations it touches, or
/// who practise in structures that it describes.
const OF_SITUATIONS: &str = "\
    SELECT t.practitioner_id FROM touched_practitioners t WHERE t.import_id = $1 \
    UNION SELECT i.practitioner_id FROM staged_practitioners s \
    JOIN practitioner_identifiers i ON i.national_id = s.national_id WHERE s.import_id = $1 \
    UNION SELECT a.practitioner_id FROM staged_organizations s \
    JOIN organizations o ON o.technical_id = s.technical_id \
    JOIN activities a ON a.organization_id = o.organization_id WHERE s.import_id = $1";

/// Of whom a first file says more, or something else, than stands with them; and who practise
/// in structures that were lent an address.
const OF_FIRST: &str = "\
    SELECT t.practitioner_id FROM touched_practitioners t WHERE t.import_id = $1 \
    UNION SELECT a.practitioner_id FROM organizations o \
    JOIN activities a ON a.organization_id = o.organization_id WHERE o.address_lent";

/// Who practise in structures whose establishments an import describes.
const OF_ESTABLISHMENTS: &str = "\
    SELECT DISTINCT a.practitioner_id FROM staged_establishments s \
    JOIN organizations o ON o.finess = s.finess \
    JOIN activities a ON a.organization_id = o.organization_id WHERE s.import_id = $1";

/// After an import of practice situations.
pub(super) async fn follow_situations(
    tx: &Transaction,
    import_id: ImportId,
) -> Result<(), DatabaseError> {
    follow(tx, OF_SITUATIONS, import_id.as_uuid()).await
}

/// After the first file of practice situations, which comes with the keys of everybody else.
pub(super) async fn follow_first(
    tx: &Transaction,
    import_id: ImportId,
) -> Result<(), DatabaseError> {
    follow(tx, OF_FIRST, import_id.as_uuid()).await
}

/// After an import of establishments.
pub(super) async fn follow_establishments(
    tx: &Transaction,
    import_id: ImportId,
) -> Result<(), DatabaseError> {
    follow(tx, OF_ESTABLISHMENTS, import_id.as_uuid()).await
}

/// After a change of this entry.
pub(super) async fn follow_entry(tx: &Transaction, id: Uuid) -> Result<(), DatabaseError> {
    if are_kept(tx) {
        put(tx, vec![id]).await?;
    }
    Ok(())
}

/// Whether this database has the keys.
pub(super) fn are_kept(db: &impl ConnectionTrait) -> bool {
    db.get_database_backend() == DbBackend::Postgres
}

async fn follow(tx: &Transaction, of: &str, import_id: Uuid) -> Result<(), DatabaseError> {
    if !are_kept(tx) {
        return Ok(());
    }
    let people = Statement::from_sql_and_values(DbBackend::Postgres, of, [import_id.into()]);
    let people = tx.query_all_raw(people).await?;
    for some in people.chunks(AT_ONCE) {
        let ids = some.iter().map(|row| row.try_get("", "practitioner_id"));
        put(tx, ids.collect::<Result<_, _>>()?).await?;
    }
    Ok(())
}

async fn put(tx: &Transaction, people: Vec<Uuid>) -> Result<(), DatabaseError> {
    for sql in [FORGET.to_owned(), format!("{MAKE} {OR_REPLACE}")] {
        let values = [Value::from(people.clone())];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        tx.execute_raw(statement).await?;
    }
    Ok(())
}
