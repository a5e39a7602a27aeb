//! The provider as a process of node's, with what a test knows of it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aval_testing::pki::DevelopmentPki;
use aval_testing::provider::ClientConfig;
use serde_json::json;
use tempfile::TempDir;

use crate::clinic::{SINGLE, cabinet_at_the_provider};
use crate::stand::PATIENCE;

/// Names the folder into which the provider's packages were installed.
const PACKAGES: &str = "AVAL_TEST_OPENID_PROVIDER";
const NOT_RUN: &str =
    "not run: the certified OpenID provider (`cargo xtask test` installs its packages)";

/// The provider's name for the professional.
pub(super) const SUBJECT: &str = "f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:899700218896";
/// Where a browser is sent back to; nobody answers there.
pub(super) const REDIRECT: &str = "https://localhost/signed-in";

/// The provider at work; it ends when this is dropped.
pub(super) struct CertifiedProvider {
    port: u16,
    authority: Vec<u8>,
    process: Child,
    _folder: TempDir,
}

/// In what it differs from the plainest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It tells about tokens only to whoever shows a certificate.
    DemandsCertificate,
    /// It binds access tokens to the certificate that they are fetched under.
    Binds,
    /// Its ID tokens have all the claims that `UserInfo` has.
    IdTokenTells,
    /// Its access tokens last a second.
    Hurries,
}

/// Where the provider's packages are, if they were installed.
pub(super) fn packages() -> Option<PathBuf> {
    let packages = std::env::var_os(PACKAGES).map(PathBuf::from);
    if packages.is_none() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "{NOT_RUN}"
        );
        // Nobody reads a standard error that cannot be written to.
        let _ = writeln!(std::io::stderr(), "{NOT_RUN}");
    }
    packages
}

impl CertifiedProvider {
    /// Starts it with one professional and the development client, which hears of
    /// logouts there. It serves when this returns.
    pub(super) fn start(packages: &Path, pki: &DevelopmentPki, logout: &str, ways: &[Way]) -> Self {
        let port = aval_testing::ports::claim_port().unwrap();
        let folder = tempfile::tempdir().unwrap();
        // Node looks for packages beside the program.
        let modules = folder.path().join("node_modules");
        std::os::unix::fs::symlink(packages.join("node_modules"), modules).unwrap();
        let program = folder.path().join("provider.mjs");
        std::fs::copy(own_file("provider.mjs"), &program).unwrap();
        let accounts = folder.path().join("accounts.json");
        std::fs::write(&accounts, account().to_string()).unwrap();
        let files = pki.files("provider");
        let client = ClientConfig::development();
        let is = |way| ways.contains(&way);
        let asks = is(Way::DemandsCertificate) || is(Way::Binds);
        let mut process = Command::new("node")
            .arg(&program)
            .env("NODE_ENV", "test")
            .env("NODE_EXTRA_CA_CERTS", &files.ca)
            .env("PORT", port.to_string())
            .env("CERTIFICATE", &files.certificate)
            .env("KEY", &files.key)
            .env("ACCOUNTS", &accounts)
            .env("CLIENT", &client.id)
            .env("SECRET", &client.secret)
            .env("REDIRECT", REDIRECT)
            .env("LOGOUT", logout)
            .env("ACCESS_SECONDS", if is(Way::Hurries) { "1" } else { "300" })
            .envs(asks.then_some(("AUTHORITY", &files.ca)))
            .envs(is(Way::Binds).then_some(("BINDS", "yes")))
            .envs(is(Way::IdTokenTells).then_some(("ID_TOKEN_TELLS", "yes")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        let is_ready = said.map_while(Result::ok).any(|line| line == "ready");
        assert!(is_ready, "the provider ended before it served");
        Self {
            port,
            authority: std::fs::read(files.ca).unwrap(),
            process,
            _folder: folder,
        }
    }

    pub(super) fn issuer(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// A client that trusts the provider's certificate and follows no redirection.
    pub(super) fn http(&self) -> reqwest::Client {
        let authority = reqwest::Certificate::from_pem(&self.authority).unwrap();
        let http = reqwest::Client::builder().tls_certs_only([authority]);
        let http = http.redirect(reqwest::redirect::Policy::none());
        http.no_proxy().build().unwrap()
    }

    /// Waits until the provider says that this token is not alive.
    pub(super) async fn outlives(&self, access_token: &str) {
        let client = ClientConfig::development();
        let url = format!("{}/token/introspection", self.issuer());
        let ended = async {
            loop {
                let request = self.http().post(&url);
                let request = request.basic_auth(&client.id, Some(&client.secret));
                let answer = request.form(&[("token", access_token)]).send().await;
                let said: serde_json::Value = answer.unwrap().json().await.unwrap();
                if said["active"] == false {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.unwrap();
    }

    /// Has it `rotate` its keys, or `retire` all but the one that signs.
    pub(super) async fn post(&self, what: &str) {
        let url = format!("{}/{what}", self.issuer());
        let answer = self.http().post(url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
}

impl Drop for CertifiedProvider {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn own_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/certified_provider")
        .join(name)
}

/// What Pro Santé Connect says of a doctor with a cabinet alone.
fn account() -> serde_json::Value {
    json!({ SUBJECT: {
        "SubjectNameID": format!("8{SINGLE}"),
        "preferred_username": format!("8{SINGLE}"),
        "given_name": "SOMEONE",
        "family_name": "KIT-DOC",
        "SubjectRole": ["10^1.2.250.1.213.1.1.5.5"],
        "SubjectOrganization": "CABINET M DOC",
        "Secteur_Activite": "SA07^1.2.250.1.71.4.2.4",
        "PSI_Locale": "1.2.250.1.213.1.3.1.1",
        "Mode_Acces_Raison": "",
        "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
        "UITVersion": "1.0",
        "Acces_Regulation_Medicale": "FAUX",
        "otherIds": [{ "identifiant": format!("8{SINGLE}"), "origine": "RPPS", "qualite": 1 }],
        "SubjectRefPro": {
            "codeCivilite": "M",
            "exercices": [{
                "codeProfession": "10",
                "codeCategorieProfessionnelle": "C",
                "codeCiviliteDexercice": "DR",
                "codeTypeSavoirFaire": "S",
                "codeSavoirFaire": "SM26",
                "activities": [cabinet_at_the_provider()],
            }],
        },
    } })
}
