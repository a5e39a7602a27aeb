//! Says whether an Aval token is good at this moment.

use aval_domain::time::Timestamp;
use aval_runtime::caller::CertificateThumbprint;
use aval_runtime::context::RequestContext;
use aval_runtime::token::{Confirmation, TokenError};
use serde::Deserialize;

use super::permission::sees_every_token;
use super::{App, serve_sessions};
use crate::error::Error;
use crate::session::Session;

/// A good token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspected {
    /// Its session.
    pub session: Session,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What is read of a token before it is verified.
#[derive(Deserialize)]
struct Stated {
    exp: i64,
    cnf: Option<Confirmation>,
}

impl App {
    /// The session behind a token, if both are good; `None` tells nothing else. The
    /// software in which people sign in learns about the tokens that it carries itself,
    /// and of others not even that they are good.
    pub async fn introspect_token(
        &self,
        cx: &RequestContext,
        token: &str,
    ) -> Result<Option<Introspected>, Error> {
        serve_sessions(cx)?;
        // What it says of its binding is only believed once the signature fits.
        let Ok(stated) = jsonwebtoken::dangerous::insecure_decode_claims::<Stated>(token) else {
            return Ok(None);
        };
        let stated_binding = stated.cnf.as_ref();
        let bound_to = stated_binding.and_then(|cnf| CertificateThumbprint::parse(&cnf.x5t_s256));
        if bound_to != cx.thumbprint && !sees_every_token(cx) {
            return Ok(None);
        }
        let verified = match self.verifier.verify(token, bound_to).await {
            Ok(verified) => verified,
            Err(TokenError::KeysUnavailable) => return Err(Error::ProviderUnavailable),
            Err(_) => return Ok(None),
        };
        // Signed, so what it says of its end is believed: to the second, whatever a
        // verifier elsewhere bears with.
        let expires_at = Timestamp::from_unix_seconds(stated.exp);
        if expires_at <= cx.now {
            return Ok(None);
        }
        let session = self.store.session(verified.actor.session_id()).await?;
        let open = session.filter(|session| session.is_open(cx.now));
        Ok(open.map(|session| Introspected {
            session,
            expires_at,
        }))
    }
}
