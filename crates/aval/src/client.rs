//! One piece of software that calls Aval: a certificate, and a channel to each
//! service.

mod sign_in;

use std::net::SocketAddr;

use aval_proto::audit::v1::oversight_service_client::OversightServiceClient;
use aval_proto::audit::v1::retention_service_client::RetentionServiceClient;
use aval_proto::audit::v1::trail_service_client::TrailServiceClient;
use aval_proto::audit::v1::transparency_service_client::TransparencyServiceClient;
use aval_proto::consent::v1::decision_service_client::DecisionServiceClient;
use aval_proto::consent::v1::grant_service_client::GrantServiceClient;
use aval_proto::consent::v1::notification_service_client::NotificationServiceClient;
use aval_proto::consent::v1::policy_service_client::PolicyServiceClient;
use aval_proto::consent::v1::record_settings_service_client::RecordSettingsServiceClient;
use aval_proto::identity::v1::patient_service_client::PatientServiceClient;
use aval_proto::identity::v1::session_service_client::SessionServiceClient;
use aval_proto::practitioner_directory::v1::directory_admin_service_client::DirectoryAdminServiceClient;
use aval_proto::practitioner_directory::v1::directory_service_client::DirectoryServiceClient;
use aval_runtime::channel;
use aval_runtime::config::{PeerConfig, TlsFiles};
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};

pub use sign_in::{ProviderClient, ProviderTokens};

/// The channel that every generated client speaks over.
pub type Channel = channel::Channel;

/// Where the four services listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Of practitioner-directory.
    pub directory: SocketAddr,
    /// Of identity.
    pub identity: SocketAddr,
    /// Of consent.
    pub consent: SocketAddr,
    /// Of audit.
    pub audit: SocketAddr,
}

/// A piece of software with its own certificate.
#[derive(Debug, Clone)]
pub struct Software {
    directory: Channel,
    identity: Channel,
    consent: Channel,
    audit: Channel,
}

impl Software {
    /// Software that shows this certificate. Connections are made when first used.
    pub fn new(addresses: &Addresses, tls: &TlsFiles) -> anyhow::Result<Self> {
        let connect = |address: SocketAddr| {
            channel::connect_lazy(&PeerConfig {
                uri: format!("https://{address}"),
                tls: Some(tls.clone()),
                server_name: Some("localhost".to_owned()),
                ..PeerConfig::insecure_loopback(address)
            })
        };
        Ok(Self {
            directory: connect(addresses.directory)?,
            identity: connect(addresses.identity)?,
            consent: connect(addresses.consent)?,
            audit: connect(addresses.audit)?,
        })
    }

    /// Looks people and structures up.
    #[must_use]
    pub fn directory(&self) -> DirectoryServiceClient<Channel> {
        DirectoryServiceClient::new(self.directory.clone())
    }

    /// Keeps the directory.
    #[must_use]
    pub fn directory_admin(&self) -> DirectoryAdminServiceClient<Channel> {
        DirectoryAdminServiceClient::new(self.directory.clone())
    }

    /// Signs in.
    #[must_use]
    pub fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.identity.clone())
    }

    /// Registers patients.
    #[must_use]
    pub fn patients(&self) -> PatientServiceClient<Channel> {
        PatientServiceClient::new(self.identity.clone())
    }

    /// Gives and takes access.
    #[must_use]
    pub fn grants(&self) -> GrantServiceClient<Channel> {
        GrantServiceClient::new(self.consent.clone())
    }

    /// Sets a record.
    #[must_use]
    pub fn settings(&self) -> RecordSettingsServiceClient<Channel> {
        RecordSettingsServiceClient::new(self.consent.clone())
    }

    /// Keeps the matrix of access rights.
    #[must_use]
    pub fn policy(&self) -> PolicyServiceClient<Channel> {
        PolicyServiceClient::new(self.consent.clone())
    }

    /// Asks for decisions.
    #[must_use]
    pub fn decisions(&self) -> DecisionServiceClient<Channel> {
        DecisionServiceClient::new(self.consent.clone())
    }

    /// Reads what people are told.
    #[must_use]
    pub fn notifications(&self) -> NotificationServiceClient<Channel> {
        NotificationServiceClient::new(self.consent.clone())
    }

    /// Reads the history.
    #[must_use]
    pub fn trail(&self) -> TrailServiceClient<Channel> {
        TrailServiceClient::new(self.audit.clone())
    }

    /// Looks across patients, as an auditor.
    #[must_use]
    pub fn oversight(&self) -> OversightServiceClient<Channel> {
        OversightServiceClient::new(self.audit.clone())
    }

    /// Erases what is told of a patient.
    #[must_use]
    pub fn retention(&self) -> RetentionServiceClient<Channel> {
        RetentionServiceClient::new(self.audit.clone())
    }

    /// Checks the log.
    #[must_use]
    pub fn transparency(&self) -> TransparencyServiceClient<Channel> {
        TransparencyServiceClient::new(self.audit.clone())
    }
}

/// An Aval token, ready to be sent.
#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Bearer {
    /// Of this token.
    pub fn new(token: &str) -> anyhow::Result<Self> {
        let mut value: MetadataValue<Ascii> = format!("Bearer {token}").parse()?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// A request in this person's name.
    pub fn asks<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        request
    }
}

impl std::fmt::Debug for Bearer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Bearer(..)")
    }
}
