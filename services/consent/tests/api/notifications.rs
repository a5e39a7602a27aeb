//! Who is told of what, by the calls that cause it.

mod choices;
mod watch;

use aval_proto::common::v1::{AccessMode, DocumentClass};
use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::NotificationKind as Kind;
use tonic::Status;

use crate::care_episodes::open_care_episode;
use crate::grant_requests::{approve, declare_grant, request_grant};
use crate::people::{ANNA, DOCTOR, NURSE, Person};
use crate::stand::{Stand, create_grant, person, question, request_id};

impl Stand {
    /// Everything that this person was told, the newest first.
    pub(crate) async fn told(&self, person: Person) -> Vec<proto::Notification> {
        let all = proto::ListNotificationsRequest::default();
        self.list_told(all, person).await.unwrap().notifications
    }

    pub(crate) async fn list_told(
        &self,
        message: proto::ListNotificationsRequest,
        person: Person,
    ) -> Result<proto::ListNotificationsResponse, Status> {
        let request = self.request(message, person);
        let answer = self
            .notifications(person)
            .list_notifications(request)
            .await?;
        Ok(answer.into_inner())
    }

    pub(crate) async fn kinds_told(&self, person: Person) -> Vec<Kind> {
        let told = self.told(person).await;
        told.iter().map(proto::Notification::kind).collect()
    }

    pub(crate) async fn revoke(&self, grant: &proto::Grant) -> proto::Grant {
        let message = proto::RevokeGrantRequest {
            grant_id: grant.grant_id.clone(),
            etag: String::new(),
            request_id: request_id(),
        };
        let request = self.request(message, Person::Anna);
        let answer = self.grants(Person::Anna).revoke_grant(request).await;
        answer.unwrap().into_inner().grant.unwrap()
    }

    async fn add_treating_doctor(&self, practitioner_id: &str) {
        let message = proto::AddTreatingDoctorRequest {
            patient_id: ANNA.to_owned(),
            practitioner_id: practitioner_id.to_owned(),
            request_id: request_id(),
        };
        let request = self.request(message, Person::Anna);
        let mut settings = self.settings(Person::Anna);
        settings.add_treating_doctor(request).await.unwrap();
    }
}

#[tokio::test]
async fn the_professional_is_told_that_a_grant_was_given_changed_and_revoked() {
    let stand = Stand::start().await;
    let grant = stand.grant_to_doctor().await;
    let message = proto::UpdateGrantRequest {
        grant: Some(proto::Grant {
            document_classes: vec![DocumentClass::Imaging.into()],
            ..grant.clone()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["document_classes".to_owned()],
        }),
        request_id: request_id(),
    };
    let request = stand.request(message, Person::Anna);
    let mut grants = stand.grants(Person::Anna);
    grants.update_grant(request).await.unwrap();
    stand.revoke(&grant).await;
    stand.revoke(&grant).await;
    let told = stand.told(Person::Doctor).await;
    let kinds: Vec<_> = told.iter().map(proto::Notification::kind).collect();
    assert_eq!(
        kinds,
        [Kind::GrantRevoked, Kind::GrantUpdated, Kind::GrantCreated]
    );
    for one in &told {
        assert_eq!(one.patient_id, ANNA);
        assert_eq!(one.practitioner_id, DOCTOR);
        assert_eq!(one.subject_id, grant.grant_id);
        assert!(one.created_at.is_some() && one.acknowledged_at.is_none());
        assert!(!one.sentence_fr.is_empty() && !one.sentence_en.is_empty());
        assert_ne!(one.sentence_fr, one.sentence_en);
    }
    for other in [Person::Anna, Person::Nurse] {
        assert_eq!(stand.kinds_told(other).await, []);
    }
}

#[tokio::test]
async fn ending_every_grant_tells_each_professional() {
    let stand = Stand::start().await;
    stand.grant_to_doctor().await;
    let message = proto::CreateGrantRequest {
        grantee: Some(person(NURSE)),
        ..create_grant()
    };
    let request = stand.request(message, Person::Anna);
    let mut grants = stand.grants(Person::Anna);
    grants.create_grant(request).await.unwrap();
    let message = proto::RevokeAllGrantsRequest {
        patient_id: ANNA.to_owned(),
        request_id: request_id(),
    };
    let request = stand.request(message, Person::Anna);
    grants.revoke_all_grants(request).await.unwrap();
    for professional in [Person::Doctor, Person::Nurse] {
        let told = stand.kinds_told(professional).await;
        assert_eq!(told, [Kind::GrantRevoked, Kind::GrantCreated]);
    }
}

#[tokio::test]
async fn the_patient_is_told_of_a_request_and_the_professional_of_the_answer() {
    let stand = Stand::start().await;
    let asked = stand.request_by_doctor().await;
    let told = stand.told(Person::Anna).await;
    assert_eq!(told[0].kind(), Kind::GrantRequested);
    assert_eq!(told[0].practitioner_id, DOCTOR);
    assert_eq!(told[0].subject_id, asked.grant_id);
    assert_eq!(stand.told(Person::BelaForAnna).await, told);
    assert_eq!(stand.kinds_told(Person::Doctor).await, []);
    let request = stand.request(approve(&asked), Person::Anna);
    let mut grants = stand.grants(Person::Anna);
    grants.approve_grant(request).await.unwrap();
    assert_eq!(stand.kinds_told(Person::Doctor).await, [Kind::GrantCreated]);
}

#[tokio::test]
async fn the_patient_is_told_of_a_declaration_and_so_is_the_colleague_it_is_for() {
    let stand = Stand::start().await;
    let message = proto::DeclareGrantRequest {
        on_behalf_of_practitioner_id: DOCTOR.to_owned(),
        ..declare_grant()
    };
    let request = stand.request(message, Person::Nurse);
    let mut grants = stand.grants(Person::Nurse);
    grants.declare_grant(request).await.unwrap();
    let told = stand.told(Person::Anna).await;
    assert_eq!(told[0].kind(), Kind::GrantDeclared);
    assert_eq!(told[0].practitioner_id, NURSE);
    assert_eq!(stand.kinds_told(Person::Doctor).await, [Kind::GrantCreated]);
    assert_eq!(stand.kinds_told(Person::Nurse).await, []);
}

#[tokio::test]
async fn the_patient_is_told_of_a_care_team_that_begins() {
    let stand = Stand::start().await;
    let opened = stand.open_episode(open_care_episode(), Person::Doctor);
    let opened = opened.await.unwrap();
    let told = stand.told(Person::Anna).await;
    assert_eq!(told[0].kind(), Kind::CareEpisodeOpened);
    assert_eq!(told[0].practitioner_id, DOCTOR);
    assert_eq!(told[0].subject_id, opened.care_episode_id);
}

#[tokio::test]
async fn the_patient_is_told_of_somebodys_first_access_once() {
    let stand = Stand::start().await;
    // Nothing was opened: refused, and by the patient.
    stand.authorize(question(), Person::Nurse).await;
    stand.authorize(question(), Person::Anna).await;
    stand.authorize(question(), Person::BelaForAnna).await;
    assert_eq!(stand.kinds_told(Person::Anna).await, []);
    stand.grant_to_doctor().await;
    let first = stand.authorize(question(), Person::Doctor).await;
    stand.authorize(question(), Person::Doctor).await;
    let told = stand.told(Person::Anna).await;
    let kinds: Vec<_> = told.iter().map(proto::Notification::kind).collect();
    assert_eq!(kinds, [Kind::FirstAccess]);
    assert_eq!(told[0].practitioner_id, DOCTOR);
    assert_eq!(told[0].subject_id, first.event_id);
}

#[tokio::test]
async fn the_patient_and_the_treating_doctor_are_told_of_each_emergency() {
    let stand = Stand::start().await;
    stand.add_treating_doctor(DOCTOR).await;
    let broken_glass = || proto::AccessQuestion {
        mode: AccessMode::BreakGlass.into(),
        emergency_reason: "patient inconscient".to_owned(),
        ..question()
    };
    let first = stand.authorize(broken_glass(), Person::Nurse).await;
    let second = stand.authorize(broken_glass(), Person::Nurse).await;
    let events = [second.event_id, first.event_id];
    let anna = stand.told(Person::Anna).await;
    let treating = stand.told(Person::Doctor).await;
    for told in [&anna, &treating] {
        let about: Vec<_> = told.iter().map(|one| one.subject_id.as_str()).collect();
        assert_eq!(about, events);
        assert!(told.iter().all(|one| one.kind() == Kind::EmergencyAccess));
        assert!(told.iter().all(|one| one.practitioner_id == NURSE));
        // Nothing of why.
        assert!(!format!("{told:?}").contains("inconscient"));
    }
    assert_ne!(anna[0].sentence_fr, treating[0].sentence_fr);
    assert_eq!(stand.kinds_told(Person::Nurse).await, []);
}

#[tokio::test]
async fn a_repeated_authorize_tells_once() {
    let stand = Stand::start().await;
    let message = proto::AuthorizeRequest {
        question: Some(proto::AccessQuestion {
            mode: AccessMode::BreakGlass.into(),
            emergency_reason: "patient inconscient".to_owned(),
            ..question()
        }),
        request_id: request_id(),
    };
    for _ in 0..3 {
        let request = stand.request(message.clone(), Person::Doctor);
        let mut decisions = stand.decisions(Person::Doctor);
        decisions.authorize(request).await.unwrap();
    }
    assert_eq!(
        stand.kinds_told(Person::Anna).await,
        [Kind::EmergencyAccess]
    );
}

#[tokio::test]
async fn a_refused_request_tells_nobody() {
    let stand = Stand::start_empty().await;
    let refused = stand.try_request(request_grant(), Person::Doctor).await;
    assert!(refused.is_err());
    assert_eq!(stand.kinds_told(Person::Anna).await, []);
}
