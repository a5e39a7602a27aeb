//! Several checks in one consistent view.

use aval_runtime::context::RequestContext;

use super::App;
use super::asking::{AccessQuestion, asker};
use crate::access_basis::AccessQuery;
use crate::decision::{Decision, Question, decide_taking};
use crate::error::Error;

impl App {
    /// Decides each question on one state of the database, and changes nothing.
    #[tracing::instrument(name = "consent.batch_check", skip_all, fields(questions = questions.len()))]
    pub async fn batch_check(
        &self,
        cx: &RequestContext,
        questions: Vec<AccessQuestion>,
    ) -> Result<Vec<Decision>, Error> {
        let asked = |question: AccessQuestion| {
            let asker = asker(cx, question.mode)?;
            Ok(question.asked_by(asker))
        };
        let questions = questions.into_iter().map(asked);
        let questions: Vec<Question> = questions.collect::<Result<_, Error>>()?;
        let queries: Vec<_> = questions.iter().map(AccessQuery::of).collect();
        let policies = self.policies.policies().await?;
        let policy = policies.in_force(cx.now);
        let bases = self.bases.access_bases(&queries).await?;
        let decided = questions.into_iter().zip(&bases).map(|(question, basis)| {
            let mode = question.mode;
            let decision = decide_taking(question, basis, policy, cx.now);
            self.decided.checked(decision.verdict, mode);
            decision.as_check()
        });
        Ok(decided.collect())
    }
}
