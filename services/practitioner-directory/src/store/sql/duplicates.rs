//! Entries that are probably one human.
//!
//! Written as SQL: it compares everybody with everybody of the same names, inside the
//! database. It says the same to both engines.

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::id::PractitionerId;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};

use super::practitioners;
use crate::error::Error;
use crate::merge::{DuplicateCandidate, DuplicatePosition, Evidence};
use crate::page::{Page, PageOf};

/// Homonyms are compared in pairs; what two practise in common is what is current of
/// both in one profession. The rank is how much speaks for it, 0 the most.
const PAIRS: &str = "\
    WITH names AS ( \
        SELECT sort_name FROM practitioners WHERE active \
        GROUP BY sort_name HAVING COUNT(*) > 1), \
    pairs AS ( \
        SELECT p.sort_name AS sort_name, p.practitioner_id AS first_id, \
            q.practitioner_id AS second_id \
        FROM names n \
        JOIN practitioners p ON p.active AND p.sort_name = n.sort_name \
        JOIN practitioners q ON q.active AND q.sort_name = n.sort_name \
            AND q.practitioner_id > p.practitioner_id), \
    shared AS ( \
        SELECT pairs.sort_name, pairs.first_id, pairs.second_id, \
            MAX(CASE WHEN a.organization_id = b.organization_id THEN 1 ELSE 0 END) \
                AS same_organization, \
            MAX(CASE WHEN o.address_line <> '' AND o.address_line = r.address_line \
                AND o.postal_code = r.postal_code THEN 1 ELSE 0 END) AS same_address, \
            MAX(CASE WHEN o.town_code <> '' AND o.town_code = r.town_code THEN 1 ELSE 0 END) \
                AS same_town \
        FROM pairs \
        JOIN activities a ON a.practitioner_id = pairs.first_id AND a.active \
        JOIN activities b ON b.practitioner_id = pairs.second_id AND b.active \
            AND b.profession = a.profession \
        LEFT JOIN organizations o ON o.organization_id = a.organization_id \
        LEFT JOIN organizations r ON r.organization_id = b.organization_id \
        GROUP BY pairs.sort_name, pairs.first_id, pairs.second_id), \
    numbered AS ( \
        SELECT shared.*, \
            CASE WHEN EXISTS (SELECT 1 FROM practitioner_identifiers i \
                    WHERE i.practitioner_id = first_id AND i.national_id LIKE '8%') \
                AND EXISTS (SELECT 1 FROM practitioner_identifiers i \
                    WHERE i.practitioner_id = second_id AND i.national_id LIKE '8%') \
            THEN 0 ELSE 1 END AS number_missing \
        FROM shared), \
    ranked AS ( \
        SELECT numbered.*, CASE \
            WHEN same_organization = 1 OR same_address = 1 THEN 1 - number_missing \
            WHEN same_town = 1 THEN 3 - number_missing \
            WHEN number_missing = 1 THEN 4 ELSE 9 END AS place \
        FROM numbered) \
    SELECT sort_name, first_id, second_id, same_organization, same_address, same_town, \
        number_missing, place \
    FROM ranked \
    WHERE place < 9 AND (place, sort_name, first_id, second_id) > ($1, $2, $3, $4) \
        AND NOT EXISTS (SELECT 1 FROM merges m WHERE m.is_undo \
            AND ((m.source_practitioner_id = first_id AND m.target_practitioner_id = second_id) \
            OR (m.source_practitioner_id = second_id AND m.target_practitioner_id = first_id))) \
    ORDER BY place, sort_name, first_id, second_id LIMIT $5";

/// A pair, before its entries are read.
struct Pair {
    position: DuplicatePosition,
    evidence: Vec<Evidence>,
}

pub(super) async fn list(
    db: &Database,
    page: &PageOf<DuplicatePosition>,
) -> Result<Page<DuplicateCandidate, DuplicatePosition>, Error> {
    db.snapshot("practitioner_directory.duplicates", move |tx| async move {
        let pairs = pairs(&tx, page).await?;
        let pairs = Page::cut(pairs, page.size, |pair| pair.position.clone());
        let ids = pairs.items.iter();
        let ids: Vec<Uuid> = ids
            .flat_map(|pair| {
                [
                    pair.position.first.as_uuid(),
                    pair.position.second.as_uuid(),
                ]
            })
            .collect();
        let people = practitioners::entries(&tx, &ids).await?;
        Ok(pairs.map(|pairs| {
            let candidate = |pair: Pair| {
                Some(DuplicateCandidate {
                    first: people.get(&pair.position.first.as_uuid())?.clone(),
                    second: people.get(&pair.position.second.as_uuid())?.clone(),
                    evidence: pair.evidence,
                })
            };
            pairs.into_iter().filter_map(candidate).collect()
        }))
    })
    .await
}

async fn pairs(
    tx: &Transaction,
    page: &PageOf<DuplicatePosition>,
) -> Result<Vec<Pair>, DatabaseError> {
    let backend = ConnectionTrait::get_database_backend(tx);
    if backend == DbBackend::Postgres {
        // Everybody is read; the call's own deadline ends it.
        tx.execute_unprepared("SET LOCAL statement_timeout = 0")
            .await?;
    }
    let after = page.after.as_ref();
    let values: [sea_orm::Value; 5] = [
        after.map_or(-1, |after| i32::from(after.rank)).into(),
        after
            .map_or_else(String::new, |after| after.sort_name.clone())
            .into(),
        after
            .map_or(Uuid::nil(), |after| after.first.as_uuid())
            .into(),
        after
            .map_or(Uuid::nil(), |after| after.second.as_uuid())
            .into(),
        i64::try_from(page.size.with_one_more())
            .unwrap_or(i64::MAX)
            .into(),
    ];
    let rows = tx
        .query_all_raw(Statement::from_sql_and_values(backend, PAIRS, values))
        .await?;
    rows.iter().map(pair_of).collect()
}

fn pair_of(row: &QueryResult) -> Result<Pair, DatabaseError> {
    let mut evidence = vec![Evidence::SameNames, Evidence::SameProfession];
    for (column, found) in [
        ("same_organization", Evidence::SameOrganization),
        ("same_address", Evidence::SameAddress),
        ("same_town", Evidence::SameTown),
        ("number_missing", Evidence::NumberMissing),
    ] {
        if row.try_get::<i32>("", column)? == 1 {
            evidence.push(found);
        }
    }
    let rank: i32 = row.try_get("", "place")?;
    Ok(Pair {
        position: DuplicatePosition {
            rank: u8::try_from(rank)
                .map_err(|_| DatabaseError::corrupt("practitioners", "place", &rank))?,
            sort_name: row.try_get("", "sort_name")?,
            first: PractitionerId::from_uuid(row.try_get("", "first_id")?),
            second: PractitionerId::from_uuid(row.try_get("", "second_id")?),
        },
        evidence,
    })
}
