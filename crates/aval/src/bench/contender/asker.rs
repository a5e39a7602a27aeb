//! One caller of a `DecisionService`.

use std::sync::Arc;

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::decision_service_client::DecisionServiceClient;
use tonic::transport::Channel;

use crate::bench::load::{Caller, Calling, Failure};
use crate::client::Bearer;
use crate::demo::request_id;

/// Which call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Decides, and changes nothing.
    Check,
    /// The same for a batch: of one question here.
    BatchCheck,
    /// Decides and traces.
    Authorize,
}

/// A caller who asks one question after the other, round and round.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) client: DecisionServiceClient<Channel>,
    pub(super) bearer: Bearer,
    pub(super) operation: Operation,
    pub(super) questions: Arc<[proto::AccessQuestion]>,
    /// Which question is asked next; below the number of questions.
    pub(super) next: usize,
    /// What every question must be answered with: an unexpected denial is quick and
    /// would be taken for speed.
    pub(super) expected: proto::Effect,
}

impl Asker {
    fn next_question(&mut self) -> proto::AccessQuestion {
        let question = self.questions[self.next].clone();
        self.next = (self.next + 1) % self.questions.len();
        question
    }

    async fn ask(&mut self) -> Result<(), Failure> {
        let question = Some(self.next_question());
        let decision = match self.operation {
            Operation::Check => {
                let request = self.bearer.asks(proto::CheckRequest { question });
                let answer = self.client.check(request).await;
                answer.map(|answer| answer.into_inner().decision)
            }
            Operation::BatchCheck => {
                let request = self.bearer.asks(proto::BatchCheckRequest {
                    questions: question.into_iter().collect(),
                });
                let answer = self.client.batch_check(request).await;
                answer.map(|answer| answer.into_inner().decisions.into_iter().next())
            }
            Operation::Authorize => {
                let request = self.bearer.asks(proto::AuthorizeRequest {
                    question,
                    request_id: request_id(),
                });
                let answer = self.client.authorize(request).await;
                answer.map(|answer| answer.into_inner().decision)
            }
        };
        let decision = decision.map_err(|status| Failure::of_status(&status))?;
        if decision.is_none_or(|decision| decision.effect() != self.expected) {
            return Err(Failure::UNEXPECTED_ANSWER);
        }
        Ok(())
    }
}

impl Caller for Asker {
    fn call(&mut self) -> Calling<'_> {
        Box::pin(self.ask())
    }
}
