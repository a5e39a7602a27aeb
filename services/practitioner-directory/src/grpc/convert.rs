//! The words of the contract to and from the directory's own.

mod attachment;
mod change;
mod identifier;
mod import;
mod merge;
mod practitioner;
mod search;

pub(super) use attachment::override_attachment;
pub(super) use change::{watch_from, watch_until, watch_what, watched_to_proto};
pub(super) use identifier::readings_from_proto;
pub(super) use import::{import_decision, import_to_proto, quarantined_row_to_proto};
pub(super) use merge::{duplicate_to_proto, merge_practitioners};
pub(super) use practitioner::{activity_to_proto, organization_to_proto, practitioner_to_proto};
pub(super) use search::{organization_search, practitioner_search};

use aval_domain::id::PractitionerId;
use aval_domain::time::Timestamp;
use aval_proto::practitioner_directory::v1 as proto;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::status::{FieldErrors, Refusal};

use crate::app::{Age, FreshnessReport};

/// The most practitioners that one call asks for.
const MOST_IDS: usize = 200;

/// Reads one identifier that must be there.
pub(super) fn id_from_proto<Id>(field: &str, text: &str) -> Result<Id, Refusal>
where
    Id: std::str::FromStr<Err: std::fmt::Display>,
{
    let mut fields = FieldErrors::new();
    let id = fields.parse(field, text);
    fields.build(|| id)
}

/// Reads the identifiers of a batch.
pub(super) fn ids_from_proto(texts: &[String]) -> Result<Vec<PractitionerId>, Refusal> {
    const FIELD: &str = "practitioner_ids";

    let mut fields = FieldErrors::new();
    if !(1..=MOST_IDS).contains(&texts.len()) {
        fields.add(FIELD, "has 1 to 200 items");
        fields.finish()?;
        return Ok(Vec::new());
    }
    let ids = fields.each(FIELD, texts, |fields, text| {
        fields.parse::<PractitionerId>("", text)
    });
    if let Some(ids) = &ids {
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() < ids.len() {
            fields.add(FIELD, "has no repetition");
        }
    }
    fields.build(|| ids)
}

/// The time of the source behind an answer.
pub(super) fn as_of(instant: Option<Timestamp>) -> Option<prost_types::Timestamp> {
    instant.map(timestamp_to_proto)
}

/// How old the directory is.
pub(super) fn freshness_to_proto(report: FreshnessReport) -> proto::GetFreshnessResponse {
    let FreshnessReport { freshness, ages } = report;
    let sources = freshness.sources.into_iter().zip(ages);
    proto::GetFreshnessResponse {
        sources: sources
            .map(|(source, Age { age, is_stale })| proto::SourceFreshness {
                source: source.source.to_string(),
                generated_at: as_of(source.generated_at),
                imported_at: as_of(source.imported_at),
                stale: is_stale,
                // No age is as long as a duration can be.
                age: age.and_then(|age| age.try_into().ok()),
                changed_count: count_to_proto(source.changed_count),
                import_id: source
                    .import_id
                    .map_or_else(String::new, |id| id.to_string()),
            })
            .collect(),
        practitioner_count: count_to_proto(freshness.practitioner_count),
        activity_count: count_to_proto(freshness.activity_count),
        organization_count: count_to_proto(freshness.organization_count),
    }
}

fn count_to_proto(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
