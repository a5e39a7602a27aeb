//! The two listeners of a service.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ConfigError, DurationText, require_loopback};

/// The gRPC listener.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcConfig {
    /// Where to listen, an IP address and a port. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The certificate of this service and the authority of its callers. Without it,
    /// `insecure_loopback` must be set.
    #[serde(default)]
    pub tls: Option<TlsFiles>,
    /// Serve in clear, to this machine only, taking every caller for
    /// `insecure-loopback`. For development. Default: false.
    #[serde(default)]
    pub insecure_loopback: bool,
    /// The file that says which caller may call which gRPC service
    /// (`deploy/base/callers.toml`). Default: none, so nobody may call anything but health
    /// and reflection.
    #[serde(default)]
    pub callers: Option<PathBuf>,
    /// The trust domain that callers' SPIFFE names must have. Default: any that the
    /// authority signs.
    #[serde(default)]
    pub trust_domain: Option<String>,
    /// The largest request message, in bytes, 1 to 4 MiB. Default: 4 MiB.
    #[serde(default = "default_max_message_bytes")]
    pub max_message_bytes: usize,
    /// How long a unary call may take when its caller sets no deadline. Default: 10s.
    #[serde(default = "default_deadline")]
    pub default_deadline: DurationText,
    /// The longest deadline that a caller of a unary call gets. Default: 60s.
    #[serde(default = "longest_deadline")]
    pub longest_deadline: DurationText,
    /// How many calls are worked on at once; what comes beyond is answered
    /// `RESOURCE_EXHAUSTED`. Health is exempt. Default: 1024.
    #[serde(default = "default_concurrency_limit")]
    pub concurrency_limit: usize,
    /// How often each caller may call in a second, a second's worth at once; what comes
    /// beyond is answered `RESOURCE_EXHAUSTED`. Health is exempt. Default: no limit.
    #[serde(default)]
    pub calls_per_second: Option<NonZeroU32>,
    /// How long calls may go on after the shutdown signal. Default: 20s.
    #[serde(default = "default_drain")]
    pub drain: DurationText,
    /// How long a connection lives before its caller is asked to open another, so that
    /// new instances get callers and new certificates are seen. Default: 5m.
    #[serde(default = "default_connection_age")]
    pub connection_age: DurationText,
    /// How long calls that are open then may go on over that connection; streams are ended
    /// after it (`UNAVAILABLE`), and what is left is cut off. Not shorter than
    /// `longest_deadline`. Default: 1h.
    #[serde(default = "default_connection_grace")]
    pub connection_grace: DurationText,
    /// How often the files of `tls` are read again, 100ms at least. Default: 30s.
    #[serde(default = "default_certificates_read_every")]
    pub certificates_read_every: DurationText,
}

/// PEM files of one side of a mutually authenticated connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// This side's certificate chain, its own certificate first.
    pub certificate: PathBuf,
    /// The private key of that certificate (PKCS#8).
    pub private_key: PathBuf,
    /// The authorities that may have signed the other side's certificate.
    pub client_ca: PathBuf,
}

/// The ops listener: health and metrics over clear HTTP, for the inside of the
/// cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpsConfig {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
}

/// Reading certificates takes a millisecond.
const SHORTEST_READING: DurationText = DurationText::from_millis(100);

impl GrpcConfig {
    /// The defaults, in clear on this address of the loopback.
    #[must_use]
    pub fn insecure_loopback(listen: SocketAddr) -> Self {
        Self {
            listen,
            tls: None,
            insecure_loopback: true,
            callers: None,
            trust_domain: None,
            max_message_bytes: default_max_message_bytes(),
            default_deadline: default_deadline(),
            longest_deadline: longest_deadline(),
            concurrency_limit: default_concurrency_limit(),
            calls_per_second: None,
            drain: default_drain(),
            connection_age: default_connection_age(),
            connection_grace: default_connection_grace(),
            certificates_read_every: default_certificates_read_every(),
        }
    }

    /// Refuses values that may not stand together, naming the key to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        let refused = |key, rule: &str| {
            Err(ConfigError::Refused {
                key,
                rule: rule.to_owned(),
            })
        };
        match (&self.tls, self.insecure_loopback) {
            (None, false) => refused(
                "grpc.tls",
                "a certificate is required; for development on this machine only, set \
                 grpc.insecure_loopback = true",
            )?,
            (None, true) => require_loopback("grpc.listen", self.listen)?,
            (Some(_), true) => {
                refused(
                    "grpc.insecure_loopback",
                    "must be false where grpc.tls is set",
                )?;
            }
            (Some(_), false) => {}
        }
        if !(1..=default_max_message_bytes()).contains(&self.max_message_bytes) {
            refused("grpc.max_message_bytes", "must be 1 to 4194304")?;
        }
        if self.concurrency_limit == 0 {
            refused("grpc.concurrency_limit", "must be at least 1")?;
        }
        if self.longest_deadline < self.default_deadline {
            refused(
                "grpc.longest_deadline",
                "must not be shorter than grpc.default_deadline",
            )?;
        }
        if self.connection_grace < self.longest_deadline {
            refused(
                "grpc.connection_grace",
                "must not be shorter than grpc.longest_deadline",
            )?;
        }
        if self.certificates_read_every < SHORTEST_READING {
            refused("grpc.certificates_read_every", "must be at least 100ms")?;
        }
        Ok(())
    }
}

fn default_max_message_bytes() -> usize {
    4 * 1024 * 1024
}

fn default_deadline() -> DurationText {
    DurationText::from_secs(10)
}

fn longest_deadline() -> DurationText {
    DurationText::from_secs(60)
}

fn default_concurrency_limit() -> usize {
    1024
}

fn default_drain() -> DurationText {
    DurationText::from_secs(20)
}

fn default_connection_age() -> DurationText {
    DurationText::from_secs(300)
}

fn default_connection_grace() -> DurationText {
    DurationText::from_secs(3600)
}

fn default_certificates_read_every() -> DurationText {
    DurationText::from_secs(30)
}
