//! What each row of the statement means.

use aval_database::DatabaseError;
use aval_domain::document::DocumentClasses;
use aval_domain::id::{CareEpisodeId, DocumentId, GrantId, PatientId, PractitionerId};
use sea_orm::{DbErr, QueryResult};
use uuid::Uuid;

use super::super::change_clock;
use super::super::row::Row;
use crate::cache::{Position, Shard};
use crate::decision::{
    AccessBasis, BlockBasis, BlockTarget, CareEpisodeBasis, GrantBasis, GrantTarget, RecordBasis,
    VisibilityBasis,
};
use crate::grant::GrantOrigin;
use crate::visibility::VisibilityKind;

/// In the bits of a grant: it had begun when it was given.
const BEGUN: i64 = 1 << 16;
/// When what had begun when it was given is told to have begun.
const LONG_AGO: i64 = 0;

/// A row of the union, as its columns are called.
pub(super) struct Part {
    pub(super) kind: String,
    pub(super) id: Option<Uuid>,
    name: String,
    code: String,
    from_at: i64,
    until_at: Option<i64>,
    bits: i64,
    pub(super) other_id: Option<Uuid>,
}

impl Part {
    pub(super) fn of(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            kind: row.try_get("", "part")?,
            id: row.try_get("", "id")?,
            name: row.try_get("", "name")?,
            code: row.try_get("", "code")?,
            from_at: row.try_get("", "from_at")?,
            until_at: row.try_get("", "until_at")?,
            bits: row.try_get("", "bits")?,
            other_id: row.try_get("", "other_id")?,
        })
    }
}

pub(super) fn take(part: &Part, basis: &mut AccessBasis) -> Result<(), DatabaseError> {
    match part.kind.as_str() {
        // until_at: closed; bits: 1 opposes break-glass, 2 opposes the regulation centre.
        // A record under another identifier of the patient: the most restrictive wins.
        "record" => {
            let other = basis.record.unwrap_or(RecordBasis {
                open: true,
                opposes_break_glass: false,
                opposes_regulation_center: false,
            });
            basis.record = Some(RecordBasis {
                open: other.open && part.until_at.is_none(),
                opposes_break_glass: other.opposes_break_glass || part.bits & 1 != 0,
                opposes_regulation_center: other.opposes_regulation_center || part.bits & 2 != 0,
            });
        }
        // id: another identifier of the patient
        "patient" => basis
            .other_patient_ids
            .extend(part.id.map(PatientId::from_uuid)),
        // id: another identifier of the professional
        "alias" => basis
            .other_ids
            .extend(part.id.map(PractitionerId::from_uuid)),
        "treating_doctor" => basis.treating_doctor = true,
        // name: person or organization; code: origin; bits: classes, and BEGUN
        "grant" => basis.grants.push(grant(part)?),
        // name: person or organization; bits: 1 immediate
        "block" => basis.blocks.push(block(part)?),
        // id: the one concerned; name: document; code: kind; until_at: release
        "visibility" => basis.visibilities.push(visibility(part)?),
        _ => return Err(DatabaseError::corrupt("access_basis", "part", &part.kind)),
    }
    Ok(())
}

/// `from_at`: shard; `bits`: position.
pub(super) fn clock(part: &Part) -> Result<(Shard, Position), DatabaseError> {
    let shard = Shard::from_number(part.from_at)
        .ok_or_else(|| DatabaseError::corrupt("change_clock", "shard", &part.from_at))?;
    Ok((shard, change_clock::position("change_clock", part.bits)?))
}

/// `other_id`: the organization; the rest as of a block.
pub(super) fn care_block(part: &Part) -> Result<(Option<Uuid>, BlockBasis), DatabaseError> {
    Ok((part.other_id, block(part)?))
}

fn grant(part: &Part) -> Result<GrantBasis, DatabaseError> {
    let id = part.id.unwrap_or_default();
    let row = Row {
        table: "grants",
        id,
    };
    let origin = row.require("origin", GrantOrigin::from_code(&part.code))?;
    let from_at = if part.bits & BEGUN == 0 {
        part.from_at
    } else {
        LONG_AGO
    };
    let classes = u16::try_from(part.bits & !BEGUN)
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
        period: row.period(from_at, part.until_at)?,
        since: row.instant("from_at", part.from_at)?,
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

/// `other_id`: the organization in which the team cares.
pub(super) fn care_episode(part: &Part) -> Result<CareEpisodeBasis, DatabaseError> {
    let id = part.id.unwrap_or_default();
    let row = Row {
        table: "care_episodes",
        id,
    };
    Ok(CareEpisodeBasis {
        care_episode_id: CareEpisodeId::from_uuid(id),
        // It began when it was declared, whatever the clock of who reads.
        period: row.period(LONG_AGO, part.until_at)?,
        since: row.instant("from_at", part.from_at)?,
        blocks: Vec::new(),
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
