//! `ListUnusualAccesses`: the same list for the same log.

use aval_domain::access::{AccessMode, DenialReason, Effect, Ground};
use aval_domain::event::{Event, Outcome};
use aval_domain::id::{PatientId, PractitionerId};
use aval_proto::audit::v1::{ListUnusualAccessesRequest, ListUnusualAccessesResponse, UnusualKind};
use tonic::Status;

use crate::deeds::access;
use crate::oversight::{AUDITOR, PURPOSE};
use crate::people::{patient_id, practitioner_id};
use crate::stand::{Stand, fields, reason};

impl Stand {
    pub(crate) async fn unusual(
        &self,
        request: ListUnusualAccessesRequest,
    ) -> Result<ListUnusualAccessesResponse, Status> {
        let answer = self.oversight(AUDITOR).list_unusual_accesses(request).await;
        answer.map(tonic::Response::into_inner)
    }
}

pub(crate) fn of_last_week() -> ListUnusualAccessesRequest {
    ListUnusualAccessesRequest {
        purpose: PURPOSE.to_owned(),
        ..ListUnusualAccessesRequest::default()
    }
}

pub(crate) fn refused(who: PractitionerId, whose: PatientId) -> Event {
    let mut event = access(who, whose);
    event.outcome = Outcome::Refused;
    let decision = event.decision.as_mut().unwrap();
    decision.effect = Effect::Deny;
    (decision.reason, decision.ground) = (Some(DenialReason::NoGrant), None);
    decision.ground_terms = None;
    event
}

pub(crate) fn emergency(who: PractitionerId, whose: PatientId) -> Event {
    let mut event = access(who, whose);
    let decision = event.decision.as_mut().unwrap();
    (decision.mode, decision.ground) = (AccessMode::BreakGlass, Some(Ground::BreakGlass));
    decision.ground_terms = None;
    event
}

#[tokio::test]
async fn what_is_unusual_is_listed_and_what_explains_itself_is_not() {
    let stand = Stand::with_auditor().await;
    let (stranger, doctor) = (practitioner_id(), practitioner_id());
    let tried = refused(stranger, patient_id());
    stand
        .record(&[access(doctor, patient_id()), tried.clone()])
        .await;
    let page = stand.unusual(of_last_week()).await.unwrap();
    assert_eq!(page.accesses.len(), 1);
    let found = &page.accesses[0];
    assert_eq!(found.kind(), UnusualKind::FirstAccessWithoutRelation);
    assert_eq!(found.practitioner_id, stranger.to_string());
    assert_eq!(found.event_ids, [tried.event_id.to_string()]);
    assert_eq!((found.event_count, found.patient_count), (1, 1));
    assert!(found.sentence_fr.contains("sans lien connu"));
    assert!(found.sentence_en.contains("without any known relation"));
    // Nobody is accused of an emergency whose time is not over.
    let of_emergencies = ListUnusualAccessesRequest {
        kinds: vec![UnusualKind::EmergencyWithoutFollowUp.into()],
        ..of_last_week()
    };
    let page = stand.unusual(of_emergencies).await.unwrap();
    assert!(page.accesses.is_empty());
}

#[tokio::test]
async fn the_list_is_the_same_whoever_asks_again_and_its_pages_show_each_once() {
    let mut stand = Stand::with_auditor().await;
    let doctors = [practitioner_id(), practitioner_id()];
    let mut events = Vec::new();
    for _ in 0..6 {
        for doctor in doctors {
            events.push(refused(doctor, patient_id()));
        }
        events.push(emergency(doctors[0], patient_id()));
    }
    stand.record(&events).await;
    let whole = stand.unusual(of_last_week()).await.unwrap().accesses;
    let kind = UnusualKind::FirstAccessWithoutRelation;
    let first = whole.iter().filter(|found| found.kind() == kind);
    assert_eq!(first.count(), 18);
    let mut request = ListUnusualAccessesRequest {
        page_size: 5,
        ..of_last_week()
    };
    let mut paged = Vec::new();
    loop {
        let page = stand.unusual(request.clone()).await.unwrap();
        paged.extend(page.accesses);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(paged, whole);
    stand.stop().await;
    stand.start_again().await;
    assert_eq!(stand.unusual(of_last_week()).await.unwrap().accesses, whole);

    let of_one = ListUnusualAccessesRequest {
        practitioner_id: doctors[1].to_string(),
        kinds: vec![kind.into()],
        ..of_last_week()
    };
    let of_one = stand.unusual(of_one).await.unwrap().accesses;
    assert_eq!(of_one.len(), 6);
    let is_theirs = |id: &String| *id == doctors[1].to_string();
    assert!(of_one.iter().all(|found| is_theirs(&found.practitioner_id)));
}

#[tokio::test]
async fn a_list_that_makes_no_sense_is_refused() {
    let stand = Stand::with_auditor().await;
    let unknown_kind = ListUnusualAccessesRequest {
        kinds: vec![0, 99],
        ..of_last_week()
    };
    let refused = stand.unusual(unknown_kind).await.unwrap_err();
    assert_eq!(fields(&refused), ["kinds[0]", "kinds[1]"]);
    let forged = ListUnusualAccessesRequest {
        page_token: "AAAA".to_owned(),
        ..of_last_week()
    };
    let refused = stand.unusual(forged).await.unwrap_err();
    assert_eq!(reason(&refused), "PAGE_TOKEN_INVALID");
}
