//! Software whose calls a test writes byte by byte.

use std::net::SocketAddr;

use aval::client::Channel;
use aval_domain::time::{Clock, SystemClock};
use aval_runtime::channel::connect_lazy;
use aval_runtime::config::{PeerConfig, TlsFiles};

use super::Scene;
use crate::contract::Listener;

/// A certificate, and a channel to each listener.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    channels: [(Listener, Channel); 4],
}

impl Caller {
    pub(super) fn new(scene: &Scene, name: &str) -> Self {
        let pki = aval::stack::open_pki(&scene.stack.layout().pki()).unwrap();
        let files = pki.issue(name, SystemClock.now()).unwrap();
        let tls = TlsFiles {
            certificate: files.certificate,
            private_key: files.key,
            client_ca: files.ca,
        };
        let connect = |listener| {
            let peer = PeerConfig {
                tls: Some(tls.clone()),
                uri: format!("https://{}", scene.address(listener)),
                server_name: Some("localhost".to_owned()),
                ..PeerConfig::insecure_loopback(scene.address(listener))
            };
            (listener, connect_lazy(&peer).unwrap())
        };
        Self {
            channels: Listener::ALL.map(connect),
        }
    }

    pub(crate) fn channel(&self, to: Listener) -> Channel {
        let mut channels = self.channels.iter();
        let found = channels.find(|(listener, _)| *listener == to);
        found
            .expect("there is a channel to each listener")
            .1
            .clone()
    }
}

impl Scene {
    /// Where a service listens.
    pub(crate) fn address(&self, listener: Listener) -> SocketAddr {
        let addresses = self.stack.addresses();
        match listener {
            Listener::Directory => addresses.directory,
            Listener::Identity => addresses.identity,
            Listener::Consent => addresses.consent,
            Listener::Audit => addresses.audit,
        }
    }
}
