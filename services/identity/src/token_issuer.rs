//! Issues the Aval tokens.

use std::sync::Arc;
use std::time::Duration;

use aval_domain::random::{self, Random};
use aval_domain::time::Timestamp;
use aval_runtime::caller::CertificateThumbprint;
use aval_runtime::token::{AUDIENCE, AvalClaims, Confirmation, PersonKind};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::session::{Person, Session};
use crate::token_keys::TokenKeys;

/// Issues tokens in one name, under the key that signs at the time.
#[derive(Debug)]
pub struct TokenIssuer {
    issuer: String,
    lifetime: Duration,
    keys: Arc<TokenKeys>,
}

impl TokenIssuer {
    /// Issues tokens as `issuer` that live for `lifetime`, whole seconds, at most
    /// [`LONGEST_LIFETIME`](aval_runtime::token::LONGEST_LIFETIME).
    #[must_use]
    pub const fn new(issuer: String, lifetime: Duration, keys: Arc<TokenKeys>) -> Self {
        Self {
            issuer,
            lifetime,
            keys,
        }
    }

    /// When a token of this session that is issued now ends: on a whole second, as its
    /// claims say it, and not after the session.
    #[must_use]
    pub fn end_of_token(&self, session: &Session, now: Timestamp) -> Timestamp {
        let issued = Timestamp::from_unix_seconds(now.unix_seconds());
        let end = issued.saturating_add(self.lifetime).min(session.expires_at);
        Timestamp::from_unix_seconds(end.unix_seconds())
    }

    /// A token for this session, good until [`Self::end_of_token`], for whoever shows
    /// the certificate of this thumbprint. Without one, on a listener in clear, it is
    /// good on listeners in clear alone.
    #[must_use]
    pub fn issue(
        &self,
        session: &Session,
        thumbprint: Option<CertificateThumbprint>,
        now: Timestamp,
        random: &dyn Random,
    ) -> String {
        let mut claims = AvalClaims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: String::new(),
            sid: session.session_id,
            jti: URL_SAFE_NO_PAD.encode(random::bytes::<16>(random)),
            iat: now.unix_seconds(),
            exp: self.end_of_token(session, now).unix_seconds(),
            kind: PersonKind::Patient,
            strength: session.bearer.strength,
            auth_time: session.bearer.authenticated_at.unix_seconds(),
            direct: false,
            rep: None,
            activity: None,
            display_name: None,
            cnf: thumbprint.map(|thumbprint| Confirmation {
                x5t_s256: thumbprint.to_base64url(),
            }),
        };
        match &session.bearer.person {
            Person::Patient {
                patient_id,
                representative,
            } => {
                claims.sub = patient_id.to_string();
                claims.rep.clone_from(representative);
            }
            Person::Practitioner(practitioner) => {
                claims.kind = PersonKind::Practitioner;
                claims.sub = practitioner.practitioner_id.to_string();
                claims.direct = practitioner.direct;
                claims.activity = Some(practitioner.activity.clone());
                claims.display_name = Some(practitioner.display_name.clone());
            }
        }
        self.keys.current().signer().sign(&claims)
    }
}
