//! What was decided.

use aval_domain::access::{DenialReason, Effect, Ground, GroundHolder, GroundKind, GroundTerms};
use aval_domain::event::DecisionSummary;
use aval_proto::audit::v1 as proto;
use uuid::Uuid;

use crate::convert::{
    access_action_from_proto, access_action_to_proto, access_mode_from_proto, access_mode_to_proto,
    optional_timestamp_from_proto, timestamp_to_proto,
};
use crate::status::FieldErrors;

pub(super) fn to_proto(decision: &DecisionSummary) -> proto::EventDecision {
    proto::EventDecision {
        permitted: decision.effect == Effect::Permit,
        denial_reason: decision
            .reason
            .map(|reason| reason.code().to_owned())
            .unwrap_or_default(),
        ground: decision.ground.map(|ground| proto::EventGround {
            kind: ground.kind().code().to_owned(),
            id: ground
                .reference()
                .map(|id| id.hyphenated().to_string())
                .unwrap_or_default(),
            began_at: decision
                .ground_terms
                .map(|terms| timestamp_to_proto(terms.since)),
            given_to_organization: decision
                .ground_terms
                .is_some_and(|terms| terms.holder == GroundHolder::Organization),
        }),
        mode: access_mode_to_proto(decision.mode) as i32,
        action: access_action_to_proto(decision.action) as i32,
        purpose: decision.purpose.clone().unwrap_or_default(),
        emergency_reason: decision.emergency_reason.clone().unwrap_or_default(),
        policy_revision: decision.policy_revision.clone(),
    }
}

pub(super) fn from_proto(
    fields: &mut FieldErrors,
    value: &proto::EventDecision,
) -> Option<DecisionSummary> {
    let effect = if value.permitted {
        Effect::Permit
    } else {
        Effect::Deny
    };
    let reason = fields.parse_optional::<DenialReason>("denial_reason", &value.denial_reason);
    if value.permitted != value.denial_reason.is_empty() {
        fields.add(
            "denial_reason",
            "must stand beside a denial, and nowhere else",
        );
    }
    let ground = super::optional(fields, "ground", value.ground.as_ref(), ground_from_proto);
    let mode = access_mode_from_proto(fields, "mode", value.mode);
    let action = access_action_from_proto(fields, "action", value.action);
    let policy_revision = fields.required_text("policy_revision", &value.policy_revision);
    let present = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let (ground, ground_terms) = ground?.unzip();
    Some(DecisionSummary {
        effect,
        reason: reason?,
        ground,
        ground_terms: ground_terms.flatten(),
        mode: mode?,
        action: action?,
        purpose: present(&value.purpose),
        emergency_reason: present(&value.emergency_reason),
        policy_revision: policy_revision?.to_owned(),
    })
}

fn ground_from_proto(
    fields: &mut FieldErrors,
    value: &proto::EventGround,
) -> Option<(Ground, Option<GroundTerms>)> {
    let kind = fields.parse::<GroundKind>("kind", &value.kind)?;
    let reference = if value.id.is_empty() {
        None
    } else {
        let parsed = Uuid::try_parse(&value.id)
            .ok()
            .filter(|id| id.hyphenated().to_string() == value.id)
            .ok_or("must be a UUID in hyphenated lower-case form");
        Some(fields.check("id", parsed)?)
    };
    let Some(ground) = Ground::from_parts(kind, reference) else {
        fields.add(
            "id",
            "must be there for a grant or a care episode, and for nothing else",
        );
        return None;
    };
    let since = optional_timestamp_from_proto(fields, "began_at", value.began_at.as_ref())?;
    if since.is_some() && ground.reference().is_none() {
        fields.add("began_at", "must stand beside a grant or a care episode");
        return None;
    }
    if since.is_none() && value.given_to_organization {
        fields.add("given_to_organization", "must stand beside began_at");
        return None;
    }
    let holder = if value.given_to_organization {
        GroundHolder::Organization
    } else {
        GroundHolder::Practitioner
    };
    Some((ground, since.map(|since| GroundTerms { holder, since })))
}
