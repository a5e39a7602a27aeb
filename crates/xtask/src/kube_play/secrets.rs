//! The secrets that an environment brings along: the certificates that cert-manager would make
//! of the manifests, and those that `deploy/README.md` has made by hand.

use crate::process::capture;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name of the log, as the base has it.
const ORIGIN: &str = "aval.local/trail";
const P_256: &str = "ec_paramgen_curve:P-256";

pub(super) struct Secrets {
    folder: PathBuf,
    documents: Vec<Value>,
}

impl Secrets {
    /// Makes them, in a folder, and a certificate of the same authority for each of `callers`.
    pub(super) fn make(documents: &[Value], folder: &Path, callers: &[&str]) -> Result<Self> {
        DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(folder)?;
        let mut secrets = Self {
            folder: folder.to_owned(),
            documents: Vec::new(),
        };
        secrets.make_authority()?;
        for certificate in documents
            .iter()
            .filter(|document| document["kind"] == "Certificate")
        {
            let spec = &certificate["spec"];
            if spec["isCA"] != true {
                secrets.make_as_cert_manager_would(spec)?;
            }
        }
        for caller in callers {
            secrets.issue(caller, &format!("URI:spiffe://aval/{caller}"))?;
        }
        secrets.make_by_hand()?;
        Ok(secrets)
    }

    /// As manifests.
    pub(super) fn documents(&self) -> &[Value] {
        &self.documents
    }

    /// Where the authority's certificate and the callers' are, and the key of the tokens.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn make_authority(&self) -> Result<()> {
        let mut openssl = self.certificate("ca", "/CN=Aval");
        openssl.args(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
        capture(&mut openssl).map(drop)
    }

    fn make_as_cert_manager_would(&mut self, spec: &Value) -> Result<()> {
        let name = spec["secretName"]
            .as_str()
            .context("a certificate has a secret")?;
        let of_kind = |kind: &'static str, key: &str| {
            let names = spec[key].as_array().into_iter().flatten();
            names
                .filter_map(Value::as_str)
                .map(move |name| format!("{kind}:{name}"))
        };
        let names: Vec<String> = of_kind("DNS", "dnsNames")
            .chain(of_kind("URI", "uris"))
            .collect();
        self.issue(name, &names.join(","))?;
        let text = |file: String| fs::read_to_string(self.folder.join(file));
        let files = [
            ("tls.crt", text(format!("{name}.crt"))?),
            ("tls.key", text(format!("{name}.key"))?),
            ("ca.crt", text("ca.crt".to_owned())?),
        ];
        self.add(name, &files);
        Ok(())
    }

    fn issue(&self, name: &str, names: &str) -> Result<()> {
        let mut openssl = self.certificate(name, "/");
        for extension in [
            "basicConstraints=critical,CA:FALSE",
            "keyUsage=critical,digitalSignature",
            "extendedKeyUsage=serverAuth,clientAuth",
            &format!("subjectAltName=critical,{names}"),
        ] {
            openssl.args(["-addext", extension]);
        }
        openssl.arg("-CA").arg(self.folder.join("ca.crt"));
        capture(openssl.arg("-CAkey").arg(self.folder.join("ca.key"))).map(drop)
    }

    fn certificate(&self, name: &str, subject: &str) -> Command {
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", P_256, "-nodes"]);
        openssl.args(["-days", "1", "-subj", subject, "-keyout"]);
        openssl.arg(self.folder.join(format!("{name}.key")));
        openssl
            .arg("-out")
            .arg(self.folder.join(format!("{name}.crt")));
        openssl
    }

    fn make_by_hand(&mut self) -> Result<()> {
        let openssl = |arguments: &[&str]| capture(Command::new("openssl").args(arguments));
        let sealing = || openssl(&["rand", "-hex", "32"]);
        let random = || openssl(&["rand", "-base64", "32"]);
        let signing = openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", P_256])?;
        fs::write(self.folder.join("token-signing.pem"), &signing)?;
        let provider_ca = fs::read_to_string(self.folder.join("ca.crt"))?;
        let checkpoint_key = self.checkpoint_key()?;
        self.add("consent", &[("page-tokens.key", sealing()?)]);
        let audit = [
            ("page-tokens.key", sealing()?),
            ("trail-encryption.key", random()?),
            ("checkpoint.key", checkpoint_key),
        ];
        self.add("audit", &audit);
        // Nobody signs in: no identity provider is asked for anything.
        let identity = [
            ("token-signing.pem", signing),
            ("patient-digest.key", random()?),
            ("patient-encryption.key", random()?),
            ("practitioners-client-secret", "nobody asks".to_owned()),
            ("patients-client-secret", "nobody asks".to_owned()),
            ("provider-ca.pem", provider_ca),
        ];
        self.add("identity", &identity);
        Ok(())
    }

    /// `PRIVATE+KEY+<origin>+<id>+<base64>`, as C2SP's signed notes have it.
    fn checkpoint_key(&self) -> Result<String> {
        const MAKE: &str = r#"
set -eu
cd "$1"
openssl genpkey -algorithm ed25519 -outform DER -out log.key
openssl pkey -inform DER -in log.key -pubout -outform DER -out log.pub
id=$({ printf '%s\n\001' "$2"; tail -c 32 log.pub; } | openssl dgst -sha256 -r | cut -c 1-8)
printf 'PRIVATE+KEY+%s+%s+%s\n' "$2" "$id" "$({ printf '\001'; tail -c 32 log.key; } | openssl base64 -A)"
"#;
        capture(
            Command::new("sh")
                .args(["-c", MAKE, "sh"])
                .arg(&self.folder)
                .arg(ORIGIN),
        )
    }

    fn add(&mut self, name: &str, files: &[(&str, String)]) {
        let files = files
            .iter()
            .map(|(file, text)| ((*file).to_owned(), text.clone().into()));
        self.documents.push(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": name },
            "stringData": files.collect::<serde_json::Map<_, _>>(),
        }));
    }
}
