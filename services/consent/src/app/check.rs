//! May I? Nothing is traced and nothing may be disclosed.

use aval_runtime::context::RequestContext;

use super::App;
use super::asking::AccessQuestion;
use crate::decision::Decision;
use crate::error::Error;

impl App {
    /// Decides, and changes nothing. From memory, nearly always: the span of the call
    /// is enough to tell of it.
    #[tracing::instrument(name = "consent.check", level = "debug", skip_all)]
    pub async fn check(
        &self,
        cx: &RequestContext,
        question: AccessQuestion,
    ) -> Result<Decision, Error> {
        let mode = question.mode;
        let decision = self.decide(cx, question).await?;
        self.decided.checked(decision.verdict, mode);
        Ok(decision.as_check())
    }
}

#[cfg(test)]
mod tests {
    use aval_database::testing::test_databases;
    use aval_domain::access::{AccessMode, DenialReason, Ground};

    use super::*;
    use crate::app::testing::Fixture;
    use crate::decision::{Obligation, Verdict};

    #[tokio::test]
    async fn a_grant_opens_the_record_and_a_check_obliges_to_authorize() {
        let fixture = Fixture::new().await;
        let question = fixture.question();
        let before = fixture
            .app
            .check(&fixture.as_doctor(), question.clone())
            .await
            .unwrap();
        assert_eq!(before.verdict, Verdict::Deny(DenialReason::NoGrant));
        let grant = fixture.grant_to_doctor().await;
        let after = fixture
            .app
            .check(&fixture.as_doctor(), question)
            .await
            .unwrap();
        assert_eq!(
            after.verdict,
            Verdict::Permit(Ground::Grant(grant.grant_id))
        );
        assert_eq!(after.obligations, [Obligation::AuthorizeFirst]);
        assert_eq!(fixture.app.decided.counted(), 2);
        let cx = fixture.as_doctor();
        let questions = vec![fixture.question(), fixture.question()];
        fixture.app.batch_check(&cx, questions).await.unwrap();
        assert_eq!(fixture.app.decided.counted(), 4);
    }

    #[tokio::test]
    async fn a_check_about_somebody_new_is_one_statement_and_a_repeated_one_none() {
        for mut database in test_databases("consent.app.check.statements").await {
            let statements = database.hear_statements();
            let fixture = Fixture::cached(database).await;
            fixture.grant_to_doctor().await;
            fixture.learn_of_changes().await;
            let check = async |cx| {
                drop(statements.take());
                let checked = fixture.app.check(&cx, fixture.question()).await.unwrap();
                (checked.is_permit(), statements.take().len())
            };
            // The first of all reads the policies too.
            assert!(!check(fixture.as_nurse()).await.0);
            for cx in [fixture.as_patient(), fixture.as_doctor()] {
                assert_eq!(check(cx).await, (true, 1));
            }
            for cx in [fixture.as_patient(), fixture.as_doctor()] {
                assert_eq!(check(cx).await, (true, 0));
            }
        }
    }

    #[tokio::test]
    async fn nobody_and_a_patient_in_an_emergency_mode_get_an_error_not_a_decision() {
        let fixture = Fixture::new().await;
        let denied = fixture
            .app
            .check(&fixture.as_nobody(), fixture.question())
            .await;
        assert!(matches!(denied, Err(Error::Denied(_))));
        let emergency = AccessQuestion {
            mode: AccessMode::BreakGlass,
            ..fixture.question()
        };
        let invalid = fixture.app.check(&fixture.as_patient(), emergency).await;
        assert!(matches!(invalid, Err(Error::Invalid { .. })));
    }

    #[tokio::test]
    async fn software_that_signed_in_for_a_professional_breaks_no_glass() {
        let fixture = Fixture::new().await;
        let question = AccessQuestion {
            mode: AccessMode::BreakGlass,
            emergency_reason: Some("patient inconscient".to_owned()),
            ..fixture.question()
        };
        let direct = fixture
            .app
            .check(&fixture.as_doctor(), question.clone())
            .await
            .unwrap();
        assert_eq!(direct.verdict, Verdict::Permit(Ground::BreakGlass));
        let weak = fixture.as_doctor_through_software();
        let indirect = fixture.app.check(&weak, question).await.unwrap();
        let reason = DenialReason::EmergencyAuthenticationTooWeak;
        assert_eq!(indirect.verdict, Verdict::Deny(reason));
    }
}
