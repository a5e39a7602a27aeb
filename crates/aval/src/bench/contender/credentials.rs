//! In whose name the callers call.

use std::sync::Arc;
use std::time::Duration;

use aval_domain::code::{Profession, Sector};
use aval_domain::id::{ActivityId, OrganizationId, PractitionerId, SessionId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_runtime::caller::CertificateThumbprint;
use aval_runtime::config::{TlsFiles, TokenConfig};
use aval_runtime::environment::Environment;
use aval_runtime::token::{
    AUDIENCE, ActivityClaims, AuthenticationStrength, AvalClaims, Confirmation, LONGEST_LIFETIME,
    PersonKind, StaticKeys, TokenSigner, TokenVerifier,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::client::Bearer;

/// Where tokens come from.
#[tonic::async_trait]
pub(crate) trait Credentials: Send + Sync {
    /// A token of a few minutes, bound to the callers' certificate.
    async fn bearer(&self) -> anyhow::Result<Bearer>;
}

/// A professional who exists in no directory, with tokens signed here: for servers
/// that look at the token and at nothing behind it.
#[derive(Debug)]
pub(crate) struct SelfSigned {
    signer: TokenSigner,
    thumbprint: CertificateThumbprint,
    practitioner_id: PractitionerId,
    activity_id: ActivityId,
    organization_id: OrganizationId,
}

const ISSUER: &str = "https://localhost/bench";

impl SelfSigned {
    /// Tokens for callers who show this certificate.
    pub(crate) fn new(caller: &TlsFiles) -> anyhow::Result<Self> {
        let (now, random) = (SystemClock.now(), SystemRandom);
        let certificate = CertificateDer::from_pem_file(&caller.certificate)?;
        Ok(Self {
            signer: TokenSigner::generate(),
            thumbprint: CertificateThumbprint::of_der(&certificate),
            practitioner_id: PractitionerId::new(now, &random),
            activity_id: ActivityId::new(now, &random),
            organization_id: OrganizationId::new(now, &random),
        })
    }

    /// A token of a session of its own.
    pub(crate) fn token(&self) -> String {
        self.signer.sign(&self.claims())
    }

    /// The certificate that they are bound to.
    pub(crate) const fn thumbprint(&self) -> CertificateThumbprint {
        self.thumbprint
    }

    /// Verifies these tokens as the services do theirs.
    pub(crate) fn verifier(&self) -> TokenVerifier {
        let config = TokenConfig {
            issuer: ISSUER.to_owned(),
            jwks_url: format!("{ISSUER}/keys"),
            jwks_ca: None,
            closed_sessions_url: None,
            leeway: Duration::from_secs(2).into(),
        };
        let keys = Arc::new(StaticKeys::of(&self.signer));
        TokenVerifier::with_keys(&config, keys, &Environment::system())
    }

    /// As much as a real token says.
    fn claims(&self) -> AvalClaims {
        let (now, random) = (SystemClock.now(), SystemRandom);
        let session = SessionId::new(now, &random);
        AvalClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: self.practitioner_id.to_string(),
            sid: session,
            jti: session.to_string(),
            iat: now.unix_seconds(),
            exp: now.saturating_add(LONGEST_LIFETIME).unix_seconds(),
            kind: PersonKind::Practitioner,
            strength: AuthenticationStrength::Substantial,
            auth_time: now.unix_seconds(),
            direct: true,
            rep: None,
            activity: Some(ActivityClaims {
                activity_id: self.activity_id,
                profession: Profession::Doctor,
                speciality: None,
                function: None,
                organization_id: Some(self.organization_id),
                organization_name: Some("CABINET DU BANC D'ESSAI".to_owned()),
                sector: None::<Sector>,
                regulation_access: false,
            }),
            display_name: Some("DR ESSAI DE CHARGE".to_owned()),
            cnf: Some(Confirmation {
                x5t_s256: self.thumbprint.to_base64url(),
            }),
        }
    }
}

#[tonic::async_trait]
impl Credentials for SelfSigned {
    async fn bearer(&self) -> anyhow::Result<Bearer> {
        Bearer::new(&self.token())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn its_own_verifier_believes_its_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let pki = crate::bench::pki::open(folder.path()).unwrap();
        let files = crate::bench::pki::files(&pki, "records").unwrap();
        let professional = SelfSigned::new(&files).unwrap();
        let token = professional.token();
        let thumbprint = Some(professional.thumbprint());
        let believed = professional.verifier().verify(&token, thumbprint).await;
        assert_eq!(believed.unwrap().bound_to, thumbprint);
    }
}
