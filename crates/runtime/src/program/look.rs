//! The files that a configuration names, looked at before anything starts.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use aval_domain::time::Timestamp;

use crate::caller::Allowlist;
use crate::config::{GrpcConfig, PeerConfig, TlsFiles};
use crate::key_file::{self, Missing};
use crate::tls::{self, Standing};

/// Looks at files as serving would: one that is wrong is an error that names its key. One
/// that is not here is told: a configuration may be checked elsewhere than where it serves.
pub struct Look<'a> {
    now: Timestamp,
    told: &'a mut dyn Write,
}

impl<'a> Look<'a> {
    /// At this time, telling what is no error.
    pub(super) fn new(now: Timestamp, told: &'a mut dyn Write) -> Self {
        Self { now, told }
    }

    /// Reads the file that this key names.
    pub fn at<T, E: Error + Send + Sync + 'static>(
        &mut self,
        key: &'static str,
        file: Option<&Path>,
        read: impl FnOnce(&Path) -> Result<T, E>,
    ) -> anyhow::Result<()> {
        if let Some(file) = self.here(key, file)? {
            read(file).context(key)?;
        }
        Ok(())
    }

    /// A secret of 64 hexadecimal digits.
    pub fn at_hexadecimal(&mut self, key: &'static str, file: &Path) -> anyhow::Result<()> {
        self.at(key, Some(file), |file| {
            key_file::hexadecimal(file, Missing::Refuse)
        })
    }

    /// A secret as one line of base64.
    pub fn at_base64(&mut self, key: &'static str, file: &Path) -> anyhow::Result<()> {
        self.at(key, Some(file), |file| {
            key_file::base64(file, Missing::Refuse)
        })
    }

    /// The files of the gRPC listener.
    pub fn at_listener(&mut self, grpc: &GrpcConfig) -> anyhow::Result<()> {
        self.at("grpc.callers", grpc.callers.as_deref(), Allowlist::load)?;
        self.at_tls("grpc.tls", grpc.tls.as_ref())
    }

    /// The files by which the peer of this section is called.
    pub fn at_peer(&mut self, section: &str, peer: &PeerConfig) -> anyhow::Result<()> {
        self.at_tls(&format!("{section}.tls"), peer.tls.as_ref())
    }

    /// The files of this section: a certificate, which must not have ended, its key and the
    /// authority. They must belong together.
    pub fn at_tls(&mut self, section: &str, files: Option<&TlsFiles>) -> anyhow::Result<()> {
        let Some(files) = files else {
            return Ok(());
        };
        let key = |name| format!("{section}.{name}");
        self.at_certificate(&key("certificate"), Some(&files.certificate))?;
        let mut are_here = files.certificate.exists();
        for (name, file) in [
            ("private_key", &files.private_key),
            ("client_ca", &files.client_ca),
        ] {
            are_here &= self.here(&key(name), Some(file))?.is_some();
        }
        if are_here {
            tls::server_config(files).with_context(|| section.to_owned())?;
        }
        Ok(())
    }

    /// A certificate, which must not have ended; one that soon will is told.
    pub fn at_certificate(&mut self, key: &str, file: Option<&Path>) -> anyhow::Result<()> {
        let Some(file) = self.here(key, file)? else {
            return Ok(());
        };
        let validity = tls::require_standing(key, file, self.now)?;
        if validity.standing(self.now) == Standing::Ending {
            let not_after = validity.not_after;
            writeln!(self.told, "{key}: {} ends at {not_after}", file.display())?;
        }
        Ok(())
    }

    fn here<'file>(
        &mut self,
        key: &str,
        file: Option<&'file Path>,
    ) -> anyhow::Result<Option<&'file Path>> {
        let Some(file) = file else {
            return Ok(None);
        };
        // One that may not be looked for is there, and whoever reads it says why they cannot.
        if !matches!(file.try_exists(), Ok(false)) {
            return Ok(Some(file));
        }
        writeln!(self.told, "{key}: {} is not here", file.display())?;
        Ok(None)
    }
}
