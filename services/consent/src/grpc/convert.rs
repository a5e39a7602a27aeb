//! Requests to commands, results to responses.

mod authorized;
mod block;
mod care_episode;
mod decision;
mod explanation;
mod grant;
mod grant_request;
mod matrix;
mod notification;
mod page;
mod record;
mod visibility;

pub use page::Pages;
pub(super) use page::Query;

pub(super) use authorized::{authorized_to_proto, list_authorized};
pub(super) use block::{block_grantee, block_to_proto, list_blocks, unblock_grantee};
pub(super) use care_episode::{
    care_episode_to_proto, close_care_episode, list_care_episodes, open_care_episode,
};
pub(super) use decision::{authorize, batch_check, check, decision_to_proto, preview_access};
pub(super) use explanation::{explain, missing_to_proto, rule_trace_to_proto};
pub(super) use grant::{
    authorization_to_proto, create_grant, grant_id, grant_to_proto, list_grants, revoke_all_grants,
    revoke_grant, standing_to_proto, update_grant,
};
pub(super) use grant_request::{approve_grant, declare_grant, decline_grant, request_grant};
pub(super) use matrix::{
    check_matrix, checked_matrix_to_proto, load_matrix, matrix_to_proto, policies_to_proto,
};
pub(super) use notification::{
    list_notifications, notification_id, notification_to_proto, preferences_to_proto,
    set_notification_preferences, watch_from, watch_item_to_proto,
};
pub(super) use record::{
    add_treating_doctor, close_record, open_record, patient_id, record_to_proto,
    remove_treating_doctor, set_emergency_oppositions,
};
pub(super) use visibility::{
    list_document_visibilities, set_document_visibility, visibility_to_proto,
};

use std::collections::HashSet;

use ahash::RandomState;
use aval_domain::document::DocumentRef;
use aval_proto::common::v1 as common;
use aval_runtime::convert::{
    document_ref_from_proto, optional_timestamp_from_proto, period_to_proto,
};
use aval_runtime::status::FieldErrors;

use crate::asked_period::AskedPeriod;
use crate::grantee::Grantee;

/// How many documents one question names.
const MOST_DOCUMENTS: usize = 200;

/// What an unknown or absent value of one of this contract's enums breaks.
const NOT_A_VALUE: &str = "must be one of the values of the contract";

fn grantee(fields: &mut FieldErrors, value: Option<&common::Grantee>) -> Option<Grantee> {
    use common::grantee::Grantee as Proto;
    let value = fields.required("grantee", value)?;
    fields.within("grantee", |fields| {
        match fields.required("", value.grantee.as_ref())? {
            Proto::PractitionerId(id) => fields
                .parse("practitioner_id", id)
                .map(Grantee::Practitioner),
            Proto::OrganizationId(id) => fields
                .parse("organization_id", id)
                .map(Grantee::Organization),
            Proto::Rpps(number) => fields.parse("rpps", number).map(Grantee::Rpps),
        }
    })
}

fn grantee_to_proto(grantee: Grantee) -> common::Grantee {
    use common::grantee::Grantee as Proto;
    common::Grantee {
        grantee: Some(match grantee {
            Grantee::Practitioner(id) => Proto::PractitionerId(id.to_string()),
            Grantee::Organization(id) => Proto::OrganizationId(id.to_string()),
            Grantee::Rpps(rpps) => Proto::Rpps(rpps.to_string()),
        }),
    }
}

/// The bounds asked for; what may be absent is settled by the use case.
fn asked_period(fields: &mut FieldErrors, value: Option<&common::Period>) -> Option<AskedPeriod> {
    let Some(value) = value else {
        return Some(AskedPeriod::default());
    };
    fields.within("period", |fields| {
        let from = optional_timestamp_from_proto(fields, "from_at", value.from_at.as_ref());
        let until = optional_timestamp_from_proto(fields, "until_at", value.until_at.as_ref());
        Some(AskedPeriod {
            from: from?,
            until: until?,
        })
    })
}

/// The documents of a question: at most 200, none twice.
fn documents(
    fields: &mut FieldErrors,
    mut values: Vec<common::DocumentRef>,
) -> Option<Vec<DocumentRef>> {
    if values.len() > MOST_DOCUMENTS {
        fields.add("documents", "must be at most 200");
        return None;
    }
    let mut seen = HashSet::with_capacity_and_hasher(values.len(), RandomState::new());
    let each_once = fields.each("documents", &values, |fields, value| {
        let first = seen.insert(value.document_id.as_str());
        if !first {
            fields.add("document_id", "must not be repeated");
        }
        first.then_some(())
    });
    let documents = fields.each("documents", &mut values, document_ref_from_proto);
    each_once.and(documents)
}
