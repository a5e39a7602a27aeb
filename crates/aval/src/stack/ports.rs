//! The ports of a stack, all on 127.0.0.1.

use std::net::{Ipv4Addr, SocketAddr};

use aval_testing::ports::claim_port;
use serde::{Deserialize, Serialize};

/// One port for each listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ports {
    /// gRPC of practitioner-directory.
    pub directory: u16,
    /// gRPC of identity.
    pub identity: u16,
    /// gRPC of consent.
    pub consent: u16,
    /// gRPC of audit.
    pub audit: u16,
    /// Health and metrics, in the same order.
    pub ops: [u16; 4],
    /// The keys of Aval tokens, over HTTPS.
    pub jwks: u16,
    /// The development identity provider.
    pub provider: u16,
}

impl Ports {
    /// Those of `aval up`.
    pub const USUAL: Self = Self {
        directory: 7401,
        identity: 7402,
        consent: 7403,
        audit: 7404,
        ops: [7411, 7412, 7413, 7414],
        jwks: 7422,
        provider: 7430,
    };

    /// Ports that nobody listens on, and that no other stack is given while this process
    /// lives.
    pub fn free() -> std::io::Result<Self> {
        Ok(Self {
            directory: claim_port()?,
            identity: claim_port()?,
            consent: claim_port()?,
            audit: claim_port()?,
            ops: [claim_port()?, claim_port()?, claim_port()?, claim_port()?],
            jwks: claim_port()?,
            provider: claim_port()?,
        })
    }

    /// Where a realm of the provider on these ports gives tokens.
    #[must_use]
    pub fn token_endpoint(&self, realm: &str) -> String {
        let provider = Self::address(self.provider);
        format!("https://{provider}/auth/realms/{realm}/protocol/openid-connect/token")
    }

    /// A port of this machine, reachable from this machine only.
    #[must_use]
    pub const fn address(port: u16) -> SocketAddr {
        SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
    }
}
