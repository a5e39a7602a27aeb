//! The basis of a decision, in one statement.
//!
//! One statement sees one state of the database on either engine, and costs one
//! round trip: this is the path of every check. Its parts have seven columns in
//! common; what each means in each part stands in [`take`].
//!
//! A professional may be one human under several identifiers: what was written under any
//! of them is theirs, and is given as if it had been written under the one asked for.
//!
//! `status = 'given'` and `standing` stand in the text, not among the values,
//! because the partial indexes are chosen by them.
//!
//! What began when it was last written (most grants and blocks, every care episode) is
//! given as having begun long ago: it holds from the moment it is stored, also on a replica
//! whose clock is a little behind the one that stored it.

use std::sync::Arc;

use aval_database::{Database, DatabaseError};
use aval_domain::document::DocumentClasses;
use aval_domain::id::{CareEpisodeId, DocumentId, GrantId, OrganizationId, PractitionerId};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};
use uuid::Uuid;

use super::change_clock;
use super::row::Row;
use crate::access_basis::AccessQuery;
use crate::cache::{
    AccessKey, Entry, EntryVisibilities, MOST_VISIBILITIES, Position, Positions, Shard,
};
use crate::decision::{
    AccessBasis, BlockBasis, BlockTarget, CareEpisodeBasis, GrantBasis, GrantTarget, RecordBasis,
    VisibilityBasis,
};
use crate::error::Error;
use crate::grant::GrantOrigin;
use crate::visibility::VisibilityKind;

/// $1 patient, $2 practitioner, $3 organization; either of the latter may be null,
/// which equals nothing.
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
        + CASE WHEN opposes_regulation_center THEN 2 ELSE 0 END AS BIGINT) AS bits \
    FROM records WHERE patient_id = $1 \
    UNION ALL \
    SELECT 'alias', id, '', '', 0, NULL, 0 FROM human WHERE id <> $2 \
    UNION ALL \
    SELECT 'treating_doctor', practitioner_id, '', '', added_at, removed_at, 0 \
    FROM treating_doctors \
    WHERE patient_id = $1 AND practitioner_id IN (SELECT id FROM human) \
        AND removed_at IS NULL \
    UNION ALL \
    SELECT 'grant', grant_id, 'person', origin, \
        CASE WHEN from_at <= updated_at THEN 0 ELSE from_at END, until_at, classes \
    FROM grants \
    WHERE patient_id = $1 AND practitioner_id IN (SELECT id FROM human) \
        AND status = 'given' \
    UNION ALL \
    SELECT 'grant', grant_id, 'organization', origin, \
        CASE WHEN from_at <= updated_at THEN 0 ELSE from_at END, until_at, classes \
    FROM grants \
    WHERE patient_id = $1 AND organization_id = $3 AND status = 'given' \
    UNION ALL \
    SELECT 'block', block_id, 'person', '', from_at, until_at, \
        CASE WHEN immediate THEN 1 ELSE 0 END \
    FROM blocks \
    WHERE patient_id = $1 AND practitioner_id IN (SELECT id FROM human) AND standing \
    UNION ALL \
    SELECT 'block', block_id, 'organization', '', from_at, until_at, \
        CASE WHEN immediate THEN 1 ELSE 0 END \
    FROM blocks \
    WHERE patient_id = $1 AND organization_id = $3 AND standing \
    UNION ALL \
    SELECT 'care_episode', care_episodes.care_episode_id, '', '', 0, until_at, 0 \
    FROM care_episodes JOIN care_episode_members \
        ON care_episode_members.care_episode_id = care_episodes.care_episode_id \
    WHERE patient_id = $1 AND practitioner_id IN (SELECT id FROM human) \
        AND closed_at IS NULL";

/// How far the clocks of the patient ($4) and of what spans patients ($5) are: part of
/// the same state as the rest.
const CLOCKS: &str = " \
    UNION ALL \
    SELECT 'clock', NULL, '', '', shard, NULL, position \
    FROM change_clock WHERE shard IN ($4, $5)";

/// All settings on the patient's documents that concern the professional; how many at most
/// follows. That number stands in the text: SQLite plans by the value of a bound limit, and
/// so prepares the statement anew each time one is bound.
const ALL_VISIBILITIES: &str = " \
    UNION ALL \
    SELECT * FROM (\
        SELECT 'visibility', CASE WHEN practitioner_id IS NULL THEN NULL ELSE $2 END, \
            document_id, kind, set_at, release_at, 0 \
        FROM document_visibilities \
        WHERE patient_id = $1 AND removed_at IS NULL \
            AND (practitioner_id IS NULL OR practitioner_id IN (SELECT id FROM human)) \
        LIMIT ";

/// The settings on the documents asked for; the list of values follows.
const VISIBILITIES: &str = " \
    UNION ALL \
    SELECT 'visibility', \
        CASE WHEN practitioner_id IN (SELECT id FROM human) THEN $2 ELSE practitioner_id END, \
        document_id, kind, set_at, release_at, 0 \
    FROM document_visibilities \
    WHERE patient_id = $1 AND removed_at IS NULL AND document_id IN (";

pub(super) async fn read(
    db: &Database,
    queries: &[AccessQuery],
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
    query: &AccessQuery,
) -> Result<AccessBasis, Error> {
    let statement = statement(connection.get_database_backend(), query);
    let mut basis = AccessBasis::default();
    for row in connection.query_all_raw(statement).await? {
        take(&Part::of(&row)?, &mut basis)?;
    }
    put_in_order(&mut basis);
    Ok(basis)
}

/// The engines give rows in any order; the first grant that covers is the ground. A team
/// may name one human twice.
fn put_in_order(basis: &mut AccessBasis) {
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
}

/// The entry about these three: one statement, one state.
pub(super) async fn entry(db: &Database, key: &AccessKey) -> Result<Entry, Error> {
    let reader = db.reader();
    let statement = entry_statement(reader.get_database_backend(), key);
    let mut basis = AccessBasis::default();
    let mut clocks = [None; Shard::COUNT];
    for row in reader.query_all_raw(statement).await? {
        let part = Part::of(&row)?;
        if part.kind == "clock" {
            let (shard, position) = clock(&part)?;
            clocks[shard.index()] = Some(position);
        } else {
            take(&part, &mut basis)?;
        }
    }
    put_in_order(&mut basis);
    let of = |shard: Shard| {
        let missing = || DatabaseError::corrupt("change_clock", "shard", &shard.number());
        clocks[shard.index()].ok_or_else(missing)
    };
    Ok(Entry {
        as_of: Positions {
            patient: of(key.shard())?.0,
            spanning: of(Shard::SPANNING)?.0,
        },
        visibilities: all_visibilities(&mut basis),
        basis: Arc::new(basis),
    })
}

fn all_visibilities(basis: &mut AccessBasis) -> EntryVisibilities {
    let settings = std::mem::take(&mut basis.visibilities);
    if settings.len() > MOST_VISIBILITIES {
        return EntryVisibilities::TooMany;
    }
    EntryVisibilities::All(settings)
}

pub(crate) fn entry_statement(engine: DbBackend, key: &AccessKey) -> Statement {
    let mut values = values(&key.query());
    let shards = [key.shard(), Shard::SPANNING].map(|shard| i16::from(shard.number()).into());
    values.extend(shards);
    let limit = MOST_VISIBILITIES + 1;
    let text = format!("{PARTS}{CLOCKS}{ALL_VISIBILITIES}{limit}) AS settings");
    Statement::from_sql_and_values(engine, text, values)
}

pub(crate) fn statement(engine: DbBackend, query: &AccessQuery) -> Statement {
    Statement::from_sql_and_values(engine, text(query), values(query))
}

fn text(query: &AccessQuery) -> String {
    let mut text = PARTS.to_owned();
    if !query.documents.is_empty() {
        let last = query.documents.len() + 3;
        let places: Vec<_> = (4..=last).map(|place| format!("${place}")).collect();
        text.push_str(VISIBILITIES);
        text.push_str(&places.join(", "));
        text.push(')');
    }
    text
}

fn values(query: &AccessQuery) -> Vec<Value> {
    let people = [
        Some(query.patient_id.as_uuid()),
        query.practitioner_id.map(PractitionerId::as_uuid),
        query.organization_id.map(OrganizationId::as_uuid),
    ];
    let documents = query.documents.iter().map(|id| Value::from(id.as_str()));
    people
        .into_iter()
        .map(Value::from)
        .chain(documents)
        .collect()
}

/// A row of the union, as its columns are called.
struct Part {
    kind: String,
    id: Option<Uuid>,
    name: String,
    code: String,
    from_at: i64,
    until_at: Option<i64>,
    bits: i64,
}

impl Part {
    fn of(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            kind: row.try_get("", "part")?,
            id: row.try_get("", "id")?,
            name: row.try_get("", "name")?,
            code: row.try_get("", "code")?,
            from_at: row.try_get("", "from_at")?,
            until_at: row.try_get("", "until_at")?,
            bits: row.try_get("", "bits")?,
        })
    }
}

fn take(part: &Part, basis: &mut AccessBasis) -> Result<(), DatabaseError> {
    match part.kind.as_str() {
        // until_at: closed; bits: 1 opposes break-glass, 2 opposes the regulation centre
        "record" => {
            basis.record = Some(RecordBasis {
                open: part.until_at.is_none(),
                opposes_break_glass: part.bits & 1 != 0,
                opposes_regulation_center: part.bits & 2 != 0,
            });
        }
        // id: another identifier of the professional
        "alias" => basis
            .other_ids
            .extend(part.id.map(PractitionerId::from_uuid)),
        "treating_doctor" => basis.treating_doctor = true,
        // name: person or organization; code: origin; bits: classes
        "grant" => basis.grants.push(grant(part)?),
        // name: person or organization; bits: 1 immediate
        "block" => basis.blocks.push(block(part)?),
        "care_episode" => basis.care_episodes.push(care_episode(part)?),
        // id: the one concerned; name: document; code: kind; until_at: release
        "visibility" => basis.visibilities.push(visibility(part)?),
        _ => return Err(DatabaseError::corrupt("access_basis", "part", &part.kind)),
    }
    Ok(())
}

/// `from_at`: shard; `bits`: position.
fn clock(part: &Part) -> Result<(Shard, Position), DatabaseError> {
    let shard = Shard::from_number(part.from_at)
        .ok_or_else(|| DatabaseError::corrupt("change_clock", "shard", &part.from_at))?;
    Ok((shard, change_clock::position("change_clock", part.bits)?))
}

fn grant(part: &Part) -> Result<GrantBasis, DatabaseError> {
    let id = part.id.unwrap_or_default();
    let row = Row {
        table: "grants",
        id,
    };
    let origin = row.require("origin", GrantOrigin::from_code(&part.code))?;
    let classes = u16::try_from(part.bits)
        .ok()
        .and_then(DocumentClasses::from_bits);
    Ok(GrantBasis {
        grant_id: GrantId::from_uuid(id),
        target: match part.name.as_str() {
            "person" => GrantTarget::Person,
            _ => GrantTarget::Organization,
        },
        declared: origin == GrantOrigin::Declaration,
        classes: row.require("classes", classes)?,
        period: row.period(part.from_at, part.until_at)?,
    })
}

fn block(part: &Part) -> Result<BlockBasis, DatabaseError> {
    let row = Row {
        table: "blocks",
        id: part.id.unwrap_or_default(),
    };
    let from = row.instant("from_at", part.from_at)?;
    Ok(BlockBasis {
        target: match part.name.as_str() {
            "person" => BlockTarget::Person,
            _ => BlockTarget::Organization,
        },
        begins_at: (part.bits & 1 == 0).then_some(from),
        until: row.optional_instant("until_at", part.until_at)?,
    })
}

fn care_episode(part: &Part) -> Result<CareEpisodeBasis, DatabaseError> {
    let id = part.id.unwrap_or_default();
    let row = Row {
        table: "care_episodes",
        id,
    };
    Ok(CareEpisodeBasis {
        care_episode_id: CareEpisodeId::from_uuid(id),
        period: row.period(part.from_at, part.until_at)?,
    })
}

fn visibility(part: &Part) -> Result<VisibilityBasis, DatabaseError> {
    let row = Row {
        table: "document_visibilities",
        id: &part.name,
    };
    let kind = VisibilityKind::from_code(&part.code);
    Ok(VisibilityBasis {
        document_id: row.require("document_id", DocumentId::parse(&part.name).ok())?,
        kind: row.require("kind", kind)?,
        practitioner_id: part.id.map(PractitionerId::from_uuid),
        release_at: row.optional_instant("release_at", part.until_at)?,
    })
}
