//! The keys by which PostgreSQL searches: at every moment those that follow from the words,
//! the practice situations and the structures.

use std::collections::{BTreeMap, BTreeSet};

use aval_database::{DatabaseError, Transaction, migrate};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use sea_orm_migration::MigratorTrait;

use super::*;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        days_of_changes_are_followed,
        people_known_before_get_theirs_by_the_migration,
    ],
}

/// Whether somebody is active, under which name they are sorted, and their keys.
type Keys = BTreeMap<Uuid, (bool, String, BTreeSet<String>)>;

impl Fixture {
    /// The fixture's tests come here after whatever they do to the directory.
    pub(super) async fn assert_search_keys(&self) {
        if self.db.reader().get_database_backend() != DbBackend::Postgres {
            return;
        }
        let read = self.db.snapshot("test.search_keys", |tx| async move {
            Ok::<_, DatabaseError>((kept(&tx).await?, followed(&tx).await?))
        });
        let (kept, followed) = read.await.unwrap();
        assert_eq!(kept.len(), followed.len());
        for (id, expected) in followed {
            assert_eq!(kept.get(&id), Some(&expected));
        }
    }
}

async fn rows(tx: &Transaction, sql: &str) -> Result<Vec<QueryResult>, DatabaseError> {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    Ok(tx.query_all_raw(statement).await?)
}

async fn kept(tx: &Transaction) -> Result<Keys, DatabaseError> {
    let sql = "SELECT practitioner_id, active, sort_name, \
        array_to_string(tsvector_to_array(keys), '|') AS keys FROM search_keys";
    let mut kept = Keys::new();
    for row in rows(tx, sql).await? {
        let keys: String = row.try_get("", "keys")?;
        let keys = keys.split('|').map(str::to_owned).collect();
        let of = (row.try_get("", "active")?, row.try_get("", "sort_name")?);
        kept.insert(row.try_get("", "practitioner_id")?, (of.0, of.1, keys));
    }
    Ok(kept)
}

async fn followed(tx: &Transaction) -> Result<Keys, DatabaseError> {
    let sql = "SELECT practitioner_id, active, sort_name, word FROM practitioner_words";
    let mut words: BTreeMap<Uuid, (bool, String, Vec<String>)> = BTreeMap::new();
    for row in rows(tx, sql).await? {
        let of = (row.try_get("", "active")?, row.try_get("", "sort_name")?);
        let id = row.try_get("", "practitioner_id")?;
        let known = words.entry(id).or_insert((of.0, of.1, Vec::new()));
        known.2.push(row.try_get("", "word")?);
    }
    let sql = "SELECT a.practitioner_id, a.profession, o.town_key, o.postal_code \
        FROM activities a LEFT JOIN organizations o ON o.organization_id = a.organization_id \
        WHERE a.active";
    let mut practised: BTreeMap<Uuid, BTreeSet<String>> = BTreeMap::new();
    for row in rows(tx, sql).await? {
        let id = row.try_get("", "practitioner_id")?;
        let keys = practised.entry(id).or_default();
        let profession: String = row.try_get("", "profession")?;
        keys.insert(format!("%{profession}"));
        let postal_code: Option<String> = row.try_get("", "postal_code")?;
        keys.extend(
            postal_code
                .filter(|code| !code.is_empty())
                .map(|code| format!("#{code}")),
        );
        let town: Option<String> = row.try_get("", "town_key")?;
        let town = town.unwrap_or_default();
        let ends = town
            .match_indices(' ')
            .map(|(end, _)| end)
            .chain([town.len()]);
        let parts = ends.map(|end| &town[..end]).filter(|part| !part.is_empty());
        let here = words.get(&id).map(|(_, _, words)| words.as_slice());
        for part in parts {
            let words = here.unwrap_or_default().iter();
            keys.extend(words.map(|word| format!("{part}/{word}")));
        }
    }
    let keys = words.into_iter().map(|(id, (active, sort_name, words))| {
        let mut keys = practised.remove(&id).unwrap_or_default();
        keys.extend(words.iter().map(|word| format!("/{word}")));
        (id, (active, sort_name, keys))
    });
    Ok(keys.collect())
}

async fn days_of_changes_are_followed(fixture: &Fixture) {
    let plan = SynthesisPlan::new(7, 600);
    for day in [0, 1, 2, 30] {
        fixture
            .applied(&SynthesisPlan { day, ..plan }.directory())
            .await;
    }
    // A structure moves, and nobody in it changes.
    let mut directory = SynthesisPlan { day: 30, ..plan }.directory();
    let mut places = directory.people.iter().flat_map(|p| &p.activities);
    let place = places.find_map(|a| a.organization.as_ref()).unwrap();
    let (technical_id, town) = (place.technical_id.clone(), place.address.town);
    let towns = directory.people.iter().flat_map(|p| &p.activities);
    let mut towns = towns.filter_map(|a| a.organization.as_ref().map(|o| o.address.town));
    let other = towns.find(|other| other.name != town.name).unwrap();
    let places = directory.people.iter_mut().flat_map(|p| &mut p.activities);
    for place in places.filter_map(|a| a.organization.as_mut()) {
        if place.technical_id == technical_id {
            place.address.town = other;
        }
    }
    fixture.applied(&directory).await;
}

async fn people_known_before_get_theirs_by_the_migration(fixture: &Fixture) {
    if fixture.db.reader().get_database_backend() != DbBackend::Postgres {
        return;
    }
    fixture.applied(&synthesized(100)).await;
    let undo = format!(
        "DROP TABLE search_keys; DELETE FROM {} WHERE version = 'm0016_search_keys'",
        Migrator::migration_table_name()
    );
    let undo = undo.as_str();
    let undone = fixture.db.transaction("test.undo", move |tx| async move {
        tx.execute_unprepared(undo).await?;
        Ok::<_, DatabaseError>(())
    });
    undone.await.unwrap();
    migrate::migrate::<Migrator>(&fixture.db).await.unwrap();
    fixture.assert_search_keys().await;
}
