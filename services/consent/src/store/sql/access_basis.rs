//! The basis of a decision, in one statement.
//!
//! One statement sees one state of the database on either engine, and costs one
//! round trip: this is the path of every check. Its parts have eight columns in
//! common; what each means in each part stands in [`part`].
//!
//! A professional may be one human under several identifiers: what was written under any
//! of them is theirs, and is given as if it had been written under the one asked for.
//!
//! So may a patient. The statement names the patient's identifiers, so that it is as good
//! for the many who have one as if nobody ever had two, and tells in its own state which
//! there are. If they are others than it named, it is made again with those: a patient of
//! several costs two.
//!
//! `status = 'given'` and `standing` stand in the text, not among the values,
//! because the partial indexes are chosen by them.
//!
//! What had begun when it was given (most grants and blocks, every care episode) is
//! given as having begun long ago: it holds from the moment it is stored, also on a replica
//! whose clock is a little behind the one that stored it. Whoever changes a grant later
//! says nothing of its beginning: their clock may be ahead.

mod part;

use std::ops::RangeInclusive;
use std::sync::Arc;

use aval_database::{Database, DatabaseError};
use aval_domain::id::{CareEpisodeId, OrganizationId, PatientId, PractitionerId};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use uuid::Uuid;

use crate::access_basis::AccessQuery;
use crate::cache::{
    AccessKey, Entry, EntryVisibilities, MOST_VISIBILITIES, OtherPosition, Position, Positions,
    Shard,
};
use crate::decision::{AccessBasis, BlockBasis};
use crate::error::Error;
use part::{Part, care_block, care_episode, clock, take};

/// Of a grant, 65536 among its classes says that it had begun when it was given
/// (`part::BEGUN`): made or declared, or approved where it was requested. `from_at` is since
/// when its patient reads that it held: not from before it was given or asked for.
///
/// `other_id` is the organization of a care episode, and of a block on one that may care: the two
/// are brought together here, where neither is joined by what its table is distributed by.
///
/// $1 patient, $2 practitioner, $3 organization; either of the latter may be null,
/// which equals nothing. Each `patient_id = $1` takes further identifiers of the patient;
/// `$1 = …` asks about the one alone.
const PARTS: &str = "\
    WITH human (id) AS ( \
        SELECT $2 \
        UNION \
        SELECT entry.practitioner_id \
        FROM practitioner_aliases AS asked JOIN practitioner_aliases AS entry \
            ON entry.human_id = asked.human_id \
        WHERE asked.practitioner_id = $2 \
    ) \
    SELECT 'record' AS part, patient_id AS id, '' AS name, '' AS code, \
        opened_at AS from_at, closed_at AS until_at, \
        CAST(CASE WHEN opposes_break_glass THEN 1 ELSE 0 END \
        + CASE WHEN opposes_regulation_center THEN 2 ELSE 0 END AS BIGINT) AS bits, \
        CAST(NULL AS uuid) AS other_id \
    FROM records WHERE patient_id = $1 \
    UNION ALL \
    SELECT 'alias', id, '', '', 0, NULL, 0, NULL FROM human WHERE id <> $2 \
    UNION ALL \
    SELECT 'patient', entry.patient_id, '', '', 0, NULL, 0, NULL \
    FROM patient_aliases AS asked JOIN patient_aliases AS entry \
        ON entry.human_id = asked.human_id \
    WHERE $1 = asked.patient_id AND entry.patient_id <> $1 \
    UNION ALL \
    SELECT 'treating_doctor', practitioner_id, '', '', added_at, removed_at, 0, NULL \
    FROM treating_doctors \
    WHERE patient_id = $1 AND practitioner_id IN (SELECT id FROM human) \
        AND removed_at IS NULL \
    UNION ALL \
    SELECT 'grant', grant_id, 'person', origin, \
        CASE WHEN from_at < created_at THEN created_at ELSE from_at END, until_at, \
        classes + CASE WHEN COALESCE(begun_when_answered, from_at <= created_at) THEN 65536 ELSE 0 END, NULL \
    FROM grants \
    WHERE patient_id = $1 AND practitioner_id IN (SELECT id FROM human) \
        AND status = 'given' \
    UNION ALL \
    SELECT 'grant', grant_id, 'organization', origin, \
        CASE WHEN from_at < created_at THEN created_at ELSE from_at END, until_at, \
        classes + CASE WHEN COALESCE(begun_when_answered, from_at <= created_at) THEN 65536 ELSE 0 END, NULL \
    FROM grants \
    WHERE patient_id = $1 AND organization_id = $3 AND status = 'given' \
    UNION ALL \
    SELECT 'block', block_id, 'person', '', from_at, until_at, \
        CASE WHEN immediate THEN 1 ELSE 0 END, NULL \
    FROM blocks \
    WHERE patient_id = $1 AND practitioner_id IN (SELECT id FROM human) AND standing \
    UNION ALL \
    SELECT 'block', block_id, 'organization', '', from_at, until_at, \
        CASE WHEN immediate THEN 1 ELSE 0 END, NULL \
    FROM blocks \
    WHERE patient_id = $1 AND organization_id = $3 AND standing \
    UNION ALL \
    SELECT 'care_episode', care_episodes.care_episode_id, '', '', from_at, until_at, 0, \
        care_episodes.organization_id \
    FROM care_episodes JOIN care_episode_members \
        ON care_episode_members.care_episode_id = care_episodes.care_episode_id \
    WHERE patient_id = $1 AND practitioner_id IN (SELECT id FROM human) \
        AND closed_at IS NULL \
    UNION ALL \
    SELECT 'care_block', block_id, 'organization', '', from_at, until_at, \
        CASE WHEN immediate THEN 1 ELSE 0 END, organization_id \
    FROM blocks \
    WHERE patient_id = $1 AND organization_id IS NOT NULL AND standing";

/// How far the clocks of the patient and of what spans patients are: part of the same state
/// as the rest. The list of shards follows.
const CLOCKS: &str = " \
    UNION ALL \
    SELECT 'clock', NULL, '', '', shard, NULL, position, NULL \
    FROM change_clock WHERE shard IN (";

/// All settings on the patient's documents that concern the professional; how many at most
/// follows. That number stands in the text: SQLite plans by the value of a bound limit, and
/// so prepares the statement anew each time one is bound.
const ALL_VISIBILITIES: &str = " \
    UNION ALL \
    SELECT * FROM (\
        SELECT 'visibility', CASE WHEN practitioner_id IS NULL THEN NULL ELSE $2 END, \
            document_id, kind, set_at, release_at, 0, CAST(NULL AS uuid) \
        FROM document_visibilities \
        WHERE patient_id = $1 AND removed_at IS NULL \
            AND (practitioner_id IS NULL OR practitioner_id IN (SELECT id FROM human)) \
        LIMIT ";

/// The settings on the documents asked for; the list of values follows.
const VISIBILITIES: &str = " \
    UNION ALL \
    SELECT 'visibility', \
        CASE WHEN practitioner_id IN (SELECT id FROM human) THEN $2 ELSE practitioner_id END, \
        document_id, kind, set_at, release_at, 0, NULL \
    FROM document_visibilities \
    WHERE patient_id = $1 AND removed_at IS NULL AND document_id IN (";

pub(super) async fn read(
    db: &Database,
    queries: &[AccessQuery<'_>],
) -> Result<Vec<Arc<AccessBasis>>, Error> {
    if let [query] = queries {
        return Ok(vec![Arc::new(basis(db.reader(), query).await?)]);
    }
    db.snapshot("consent.access_bases", async |tx| {
        let mut bases = Vec::with_capacity(queries.len());
        for query in queries {
            bases.push(Arc::new(basis(&tx, query).await?));
        }
        Ok(bases)
    })
    .await
}

async fn basis(
    connection: &impl ConnectionTrait,
    query: &AccessQuery<'_>,
) -> Result<AccessBasis, Error> {
    let engine = connection.get_database_backend();
    let read = read_of_human(connection, |others| statement(engine, query, others)).await?;
    Ok(read.basis)
}

/// What a statement gave.
#[derive(Default)]
struct Read {
    basis: AccessBasis,
    /// In which organization each of the care episodes cares.
    caring: Vec<(CareEpisodeId, Option<Uuid>)>,
    /// The patient's blocks on organizations, whichever cares.
    care_blocks: Vec<(Option<Uuid>, BlockBasis)>,
    clocks: [Option<Position>; Shard::COUNT],
}

impl Read {
    fn take(&mut self, part: &Part) -> Result<(), DatabaseError> {
        match part.kind.as_str() {
            "clock" => {
                let (shard, position) = clock(part)?;
                self.clocks[shard.index()] = Some(position);
            }
            "care_block" => self.care_blocks.push(care_block(part)?),
            "care_episode" => {
                let episode = care_episode(part)?;
                self.caring.push((episode.care_episode_id, part.other_id));
                self.basis.care_episodes.push(episode);
            }
            _ => take(part, &mut self.basis)?,
        }
        Ok(())
    }

    /// The engines give rows in any order; the first grant that covers is the ground. A team
    /// may name one human twice.
    fn put_in_order(&mut self) {
        let basis = &mut self.basis;
        basis.other_patient_ids.sort_unstable();
        basis.other_ids.sort_unstable();
        basis.grants.sort_by_key(|grant| grant.grant_id);
        basis.blocks.sort();
        basis
            .care_episodes
            .sort_by_key(|episode| episode.care_episode_id);
        basis
            .care_episodes
            .dedup_by_key(|episode| episode.care_episode_id);
        basis.visibilities.sort();
        self.care_blocks.sort();
        self.care_blocks.dedup();
        for episode in &mut basis.care_episodes {
            let mut caring = self.caring.iter();
            let caring = caring.find(|(id, _)| *id == episode.care_episode_id);
            let organization = caring.and_then(|(_, organization)| *organization);
            let on_it = self.care_blocks.iter();
            let on_it = on_it.filter(|(blocked, _)| *blocked == organization);
            episode.blocks = on_it.map(|(_, block)| *block).collect();
        }
    }
}

/// Makes the statement about one identifier of the patient, and again until it named all
/// that there are: which they are changes when patients are merged, and hardly twice.
async fn read_of_human(
    connection: &impl ConnectionTrait,
    statement: impl Fn(&[PatientId]) -> Statement,
) -> Result<Read, Error> {
    let mut named = Vec::new();
    loop {
        let mut read = Read::default();
        for row in connection.query_all_raw(statement(&named)).await? {
            read.take(&Part::of(&row)?)?;
        }
        read.put_in_order();
        if read.basis.other_patient_ids == named {
            return Ok(read);
        }
        named = read.basis.other_patient_ids;
    }
}

/// The entry about these three: one statement, one state.
pub(super) async fn entry(db: &Database, key: &AccessKey) -> Result<Entry, Error> {
    let reader = db.reader();
    let engine = reader.get_database_backend();
    let mut read = read_of_human(reader, |others| entry_statement(engine, key, others)).await?;
    let position = |shard: Shard| {
        let missing = || DatabaseError::corrupt("change_clock", "shard", &shard.number());
        read.clocks[shard.index()].ok_or_else(missing)
    };
    let others = read.basis.other_patient_ids.iter().map(|patient_id| {
        Ok(OtherPosition {
            patient_id: *patient_id,
            position: position(Shard::of_patient(*patient_id))?.0,
        })
    });
    Ok(Entry {
        as_of: Positions {
            patient: position(key.shard())?.0,
            spanning: position(Shard::SPANNING)?.0,
            others: others.collect::<Result<_, DatabaseError>>()?,
        },
        visibilities: all_visibilities(&mut read.basis),
        basis: Arc::new(read.basis),
    })
}

fn all_visibilities(basis: &mut AccessBasis) -> EntryVisibilities {
    let settings = std::mem::take(&mut basis.visibilities);
    if settings.len() > MOST_VISIBILITIES {
        return EntryVisibilities::TooMany;
    }
    EntryVisibilities::All(settings)
}

pub(crate) fn entry_statement(
    engine: DbBackend,
    key: &AccessKey,
    others: &[PatientId],
) -> Statement {
    let mut values = values(&key.query(), others);
    let first = values.len() + 1;
    let shards = others.iter().map(|id| Shard::of_patient(*id));
    let shards = [key.shard(), Shard::SPANNING].into_iter().chain(shards);
    values.extend(shards.map(|shard| i16::from(shard.number()).into()));
    let shards = places(first..=values.len());
    let limit = MOST_VISIBILITIES + 1;
    let text = format!("{PARTS}{CLOCKS}{shards}){ALL_VISIBILITIES}{limit}) AS settings");
    Statement::from_sql_and_values(engine, of_each(text, others), values)
}

pub(crate) fn statement(
    engine: DbBackend,
    query: &AccessQuery<'_>,
    others: &[PatientId],
) -> Statement {
    let mut values = values(query, others);
    let first = values.len() + 1;
    let documents = query.documents.iter().map(|id| Value::from(id.as_str()));
    values.extend(documents);
    let mut text = PARTS.to_owned();
    if first <= values.len() {
        text.push_str(VISIBILITIES);
        text.push_str(&places(first..=values.len()));
        text.push(')');
    }
    Statement::from_sql_and_values(engine, of_each(text, others), values)
}

/// The text, about these identifiers of the patient as well: the values behind the first
/// three.
fn of_each(text: String, others: &[PatientId]) -> String {
    if others.is_empty() {
        return text;
    }
    let further = places(4..=3 + others.len());
    text.replace("patient_id = $1", &format!("patient_id IN ($1, {further})"))
}

/// The places of values in a statement, as a list.
fn places(numbers: RangeInclusive<usize>) -> String {
    let places: Vec<_> = numbers.map(|number| format!("${number}")).collect();
    places.join(", ")
}

fn values(query: &AccessQuery<'_>, others: &[PatientId]) -> Vec<Value> {
    let people = [
        Some(query.patient_id.as_uuid()),
        query.practitioner_id.map(PractitionerId::as_uuid),
        query.organization_id.map(OrganizationId::as_uuid),
    ];
    let others = others.iter().map(|id| Some(id.as_uuid()));
    people.into_iter().chain(others).map(Value::from).collect()
}
