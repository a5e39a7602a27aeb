//! Questions, which have answers: a denial is one. Explanations are refused.

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::DecisionReason;

use super::{NOT_ANNA, WrongPeople, anna, refused};
use crate::people::{DOCTOR, Person, activity_id_of};
use crate::stand::question;

impl WrongPeople {
    pub(super) async fn try_explanations(&mut self) {
        let explain = || proto::ExplainRequest {
            question: Some(question()),
            practitioner_id: DOCTOR.to_owned(),
            activity_id: activity_id_of(DOCTOR),
        };
        let preview = || proto::PreviewAccessRequest {
            patient_id: anna(),
            practitioner_id: DOCTOR.to_owned(),
            activity_id: activity_id_of(DOCTOR),
            documents: Vec::new(),
        };
        let neither = [Person::Bela, Person::Nurse];
        refused!(
            self,
            decisions.explain(explain()),
            neither,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            decisions.preview_access(preview()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
    }

    pub(super) async fn try_decisions(&mut self) {
        for (wrong, expected) in [
            (Person::Bela, DecisionReason::NoGrant),
            (Person::Nurse, DecisionReason::Blocked),
        ] {
            let checked = self.stand.check(question(), wrong).await;
            assert_eq!(checked.reason(), expected, "{wrong:?}");
            let authorized = self
                .stand
                .authorize(question(), wrong)
                .await
                .decision
                .unwrap();
            assert_eq!(authorized.reason(), expected, "{wrong:?}");
            let message = proto::BatchCheckRequest {
                questions: vec![question()],
            };
            let request = self.stand.request(message, wrong);
            let answer = self
                .stand
                .decisions(wrong)
                .batch_check(request)
                .await
                .unwrap();
            assert_eq!(
                answer.into_inner().decisions[0].reason(),
                expected,
                "{wrong:?}"
            );
        }
        self.tried.extend(["check", "authorize", "batch_check"]);
    }
}
