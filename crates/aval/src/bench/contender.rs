//! What is measured, and what it is measured against.

mod asker;
mod bare;
pub(crate) mod connections;
mod credentials;
mod empty_handler;
mod grpc;
mod layers;
mod raw_insert;

use serde::{Serialize, Serializer};

use super::figures::Beside;
use super::load::Callers;
use crate::language::{Text, say};

pub(crate) use asker::Operation;
pub(crate) use credentials::{Credentials, SelfSigned};
pub(crate) use grpc::{GrpcContender, Questions};
pub(crate) use raw_insert::RawInsertContender;
pub(crate) use {bare::serve_bare, layers::serve_layers};

/// One of those that take turns.
#[tonic::async_trait]
pub(crate) trait Contender: Send + Sync {
    /// So many callers, ready to call: connected, and with a token that lasts for a
    /// round. Asked for inside of the callers' run time.
    async fn callers(&self, count: usize) -> anyhow::Result<Callers>;

    /// Ends what goes on beside the calls of a turn, and answers what that was; an error if
    /// it went wrong.
    async fn end_turn(&self) -> anyhow::Result<Option<Beside>> {
        Ok(None)
    }
}

/// The contenders, in the order of their turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrant {
    /// A tonic server as it comes, with TLS and an empty handler.
    Bare,
    /// The services' own server with every layer, and an empty handler.
    Layers,
    /// `Check` of the running consent service.
    Check,
    /// `Check` about patients whom neither this process nor the shared tier remembers.
    ColdCheck,
    /// `BatchCheck` of 200 documents of one record.
    BatchCheck,
    /// The empty handler with every layer, while grants are made and revoked beside it.
    LayersRevoking,
    /// `Check` while grants of the patients asked about are made and revoked.
    CheckRevoking,
    /// One row, one durable transaction, and nothing around it.
    RawInsert,
    /// `Authorize` of the running consent service.
    Authorize,
}

impl Entrant {
    /// The name in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Layers => "layers",
            Self::Check => "check",
            Self::ColdCheck => "cold_check",
            Self::BatchCheck => "batch_check",
            Self::LayersRevoking => "layers_revoking",
            Self::CheckRevoking => "check_revoking",
            Self::RawInsert => "raw_insert",
            Self::Authorize => "authorize",
        }
    }

    /// What it is, for people, in few words.
    pub(crate) fn description(self) -> Text {
        match self {
            Self::Bare => say("tonic + TLS, vide", "tonic + TLS, empty"),
            Self::Layers => say("toutes les couches, vide", "every layer, empty"),
            Self::Check => say("consent, à chaud", "consent, warm"),
            Self::ColdCheck => say("consent, à froid", "consent, cold"),
            Self::BatchCheck => say("200 documents, à chaud", "200 documents, warm"),
            Self::LayersRevoking => say("vide, pendant des révocations", "empty, while revoking"),
            Self::CheckRevoking => say(
                "consent, pendant des révocations",
                "consent, while revoking",
            ),
            Self::RawInsert => say("SQL, une ligne durable", "SQL, one durable row"),
            Self::Authorize => say("consent, tracé durable", "consent, durable trace"),
        }
    }
}

impl Serialize for Entrant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
