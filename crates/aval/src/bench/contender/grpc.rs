//! A `DecisionService` behind a socket, whichever server it is.

use std::net::SocketAddr;
use std::sync::Arc;

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::decision_service_client::DecisionServiceClient;
use aval_runtime::config::TlsFiles;
use tonic::transport::Channel;

use super::asker::{Asker, Operation};
use super::credentials::Credentials;
use super::{Contender, connections};
use crate::bench::load::{Caller, Callers};

/// What is asked, and what must be answered.
#[derive(Debug, Clone)]
pub(crate) struct Questions {
    /// At least one.
    pub(crate) questions: Arc<[proto::AccessQuestion]>,
    /// The effect of every answer.
    pub(crate) expected: proto::Effect,
}

impl Questions {
    /// The same questions, to a server that answers an empty decision to all.
    pub(crate) fn with_empty_answers(self) -> Self {
        Self {
            expected: proto::Effect::Unspecified,
            ..self
        }
    }
}

/// A server, the connections to it, and what is asked of it.
pub(crate) struct GrpcContender {
    connections: Vec<Channel>,
    operation: Operation,
    questions: Questions,
    credentials: Arc<dyn Credentials>,
}

impl GrpcContender {
    /// Connects to the server. Call it inside of the callers' run time.
    pub(crate) async fn connect(
        address: SocketAddr,
        caller: &TlsFiles,
        connections: usize,
        operation: Operation,
        questions: Questions,
        credentials: Arc<dyn Credentials>,
    ) -> anyhow::Result<Self> {
        anyhow::ensure!(!questions.questions.is_empty(), "there is nothing to ask");
        let connections = connections::open(address, caller, connections.max(1)).await?;
        Ok(Self {
            connections,
            operation,
            questions,
            credentials,
        })
    }
}

#[tonic::async_trait]
impl Contender for GrpcContender {
    async fn callers(&self, count: usize) -> anyhow::Result<Callers> {
        let bearer = self.credentials.bearer().await?;
        let connections = self.connections.iter().cycle().cloned();
        let callers = connections.take(count).enumerate().map(|(index, channel)| {
            Box::new(Asker {
                client: DecisionServiceClient::new(channel),
                bearer: bearer.clone(),
                operation: self.operation,
                questions: Arc::clone(&self.questions.questions),
                // Callers do not ask the same one after the other.
                next: index * self.questions.questions.len() / count.max(1),
                expected: self.questions.expected,
            }) as Box<dyn Caller>
        });
        Ok(callers.collect())
    }
}
