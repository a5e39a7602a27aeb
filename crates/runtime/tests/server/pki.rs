//! Certificates made for one test.

use std::path::PathBuf;

use aval_runtime::config::TlsFiles;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
    date_time_ymd,
};

/// An authority, and the folder that the certificates it signs are written to.
pub(crate) struct Pki {
    folder: tempfile::TempDir,
    authority: Issuer<'static, KeyPair>,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Self {
            folder,
            authority: Issuer::new(params, key),
        }
    }

    /// Where the authority's certificate is.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What is in that file.
    pub(crate) fn pem(&self) -> String {
        std::fs::read_to_string(self.authority()).unwrap()
    }

    /// A certificate for `localhost` with this SPIFFE name.
    pub(crate) fn files(&self, name: &str) -> TlsFiles {
        self.files_with_uris(name, &[&format!("spiffe://aval.test/{name}")])
    }

    /// A certificate for `localhost` with these URI names.
    pub(crate) fn files_with_uris(&self, file: &str, uris: &[&str]) -> TlsFiles {
        self.write(file, uris, |_| {})
    }

    /// The certificate of this SPIFFE name, replaced by one that has ended.
    pub(crate) fn ended_files(&self, name: &str) -> TlsFiles {
        self.write(name, &[&format!("spiffe://aval.test/{name}")], |params| {
            params.not_after = date_time_ymd(2020, 1, 1);
        })
    }

    fn write(
        &self,
        file: &str,
        uris: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> TlsFiles {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        change(&mut params);
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        for uri in uris {
            params
                .subject_alt_names
                .push(SanType::URI(Ia5String::try_from(*uri).unwrap()));
        }
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        let path = |kind: &str| self.folder.path().join(format!("{file}-{kind}.pem"));
        std::fs::write(path("certificate"), certificate.pem()).unwrap();
        std::fs::write(path("key"), key.serialize_pem()).unwrap();
        TlsFiles {
            certificate: path("certificate"),
            private_key: path("key"),
            client_ca: self.authority(),
        }
    }
}
