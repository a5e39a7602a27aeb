//! A right that is given, used and taken back, with every call counted.

use std::collections::BTreeMap;

use aval::client::Bearer;
use aval_proto::consent::v1 as consent;
use consent::Effect;
use tonic::{Code, Request};

use crate::procedure::usual;
use crate::scene::fresh_id;
use crate::telemetry::{CALLERS_SPAN, TRACE};
use crate::world::{World, practitioner};

/// How often each call was answered with each status.
pub(super) type Counted = BTreeMap<[String; 2], f64>;

const DECISIONS: &str = "aval.consent.v1.DecisionService";
const GRANTS: &str = "aval.consent.v1.GrantService";

/// Plays it, under [`TRACE`] where the right is given. Every call of these methods that
/// anybody makes in `world`, by its method and its status.
pub(super) async fn give_use_and_take_back(world: &World) -> Counted {
    let scene = &world.scene;
    let (patient, doctor) = (&world.anne, &world.other_doctor);
    let mut request = patient.bearer.asks(consent::CreateGrantRequest {
        patient_id: patient.patient_id.clone(),
        grantee: Some(practitioner(&doctor.practitioner_id)),
        document_classes: vec![1],
        period: None,
        request_id: fresh_id(),
    });
    traced(&mut request);
    let mut grants = scene.portal.grants();
    let created = grants.create_grant(request).await.unwrap().into_inner();
    let grant = created.grant.unwrap();

    for _ in 0..3 {
        assert_eq!(check(world, &doctor.bearer).await, Ok(Effect::Permit));
    }
    for _ in 0..2 {
        assert_eq!(authorize(world).await, Effect::Permit);
    }
    let revoke = consent::RevokeGrantRequest {
        grant_id: grant.grant_id,
        etag: grant.etag,
        request_id: fresh_id(),
    };
    let revoke = patient.bearer.asks(revoke);
    grants.revoke_grant(revoke).await.unwrap();
    assert_eq!(check(world, &doctor.bearer).await, Ok(Effect::Deny));
    assert_eq!(authorize(world).await, Effect::Deny);

    let nobodys = Bearer::new("no.token.at-all").unwrap();
    assert_eq!(check(world, &nobodys).await, Err(Code::Unauthenticated));
    let missing = consent::GetGrantRequest {
        grant_id: fresh_id(),
    };
    let missing = grants.get_grant(patient.bearer.asks(missing)).await;
    assert_eq!(missing.unwrap_err().code(), Code::NotFound);

    let counted = [
        // The other one is the world's own.
        (GRANTS, "CreateGrant", "OK", 2.0),
        (GRANTS, "RevokeGrant", "OK", 1.0),
        (GRANTS, "GetGrant", "NOT_FOUND", 1.0),
        (DECISIONS, "Check", "OK", 4.0),
        (DECISIONS, "Check", "UNAUTHENTICATED", 1.0),
        (DECISIONS, "Authorize", "OK", 3.0),
    ];
    let counted = counted.map(|(service, method, status, calls)| {
        let method = format!("{service}/{method}");
        ([method, status.to_owned()], calls)
    });
    counted.into()
}

async fn check(world: &World, bearer: &Bearer) -> Result<Effect, Code> {
    let request = bearer.asks(consent::CheckRequest {
        question: Some(usual(&world.anne)),
    });
    let answer = world.scene.other_clinic.decisions().check(request).await;
    let answer = answer.map_err(|status| status.code())?;
    Ok(answer.into_inner().decision.unwrap().effect())
}

async fn authorize(world: &World) -> Effect {
    let request = world.other_doctor.bearer.asks(consent::AuthorizeRequest {
        question: Some(usual(&world.anne)),
        request_id: fresh_id(),
    });
    let mut decisions = world.scene.other_clinic.decisions();
    let answer = decisions.authorize(request).await.unwrap();
    answer.into_inner().decision.unwrap().effect()
}

/// As a caller does that traces by itself.
fn traced<T>(request: &mut Request<T>) {
    let parent = format!("00-{TRACE:032x}-{CALLERS_SPAN:016x}-01");
    let metadata = request.metadata_mut();
    metadata.insert("traceparent", parent.parse().unwrap());
}
