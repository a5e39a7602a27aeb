//! Ends the sessions of whoever signed out at their identity provider.

use std::time::Duration;

use aval_runtime::context::RequestContext;

use super::App;
use super::close_session::closing_event;
use crate::error::Error;
use crate::provider::{
    IdentityProvider, LogoutClaims, LogoutRefused, ProviderClient, stated_issuer,
};
use crate::provider_names::ProviderNames;
use crate::session::{Closed, Closing};
use crate::store::{LoggedOut, Logout};

/// A token is remembered longer than it is good: the clock of another replica may be
/// behind.
const REMEMBERED_BEYOND: Duration = Duration::from_mins(10);

/// Why nobody was signed out.
#[derive(Debug, thiserror::Error)]
pub enum LogoutFailed {
    /// The token is not believed.
    #[error(transparent)]
    Refused(#[from] LogoutRefused),
    /// It was, and the sessions could not be closed.
    #[error(transparent)]
    Sessions(#[from] Error),
}

impl App {
    /// Ends the sessions that a provider's logout token speaks of, and says how many
    /// went on. Each is traced. What a token said is done once.
    pub async fn log_out(
        &self,
        cx: &RequestContext,
        logout_token: &str,
    ) -> Result<usize, LogoutFailed> {
        let (provider, proven) = self.proven_logout(cx, logout_token).await?;
        // Sessions may have been opened under another digest key than the one that is
        // used now. A token that was done under some of them only was interrupted there.
        let every = [&self.provider_names].into_iter();
        let mut done = None;
        for names in every.chain(&self.other_provider_names) {
            match self
                .log_out_as(cx, provider.client(), &proven, names)
                .await?
            {
                LoggedOut::Replayed => {}
                LoggedOut::Sessions(closed) => *done.get_or_insert(0) += closed.len(),
            }
        }
        done.ok_or_else(|| LogoutRefused::Replayed.into())
    }

    /// Ends the sessions whose names at the provider are kept like this.
    async fn log_out_as(
        &self,
        cx: &RequestContext,
        client: &ProviderClient,
        proven: &LogoutClaims,
        names: &ProviderNames,
    ) -> Result<LoggedOut, Error> {
        let why = Closing::ByProvider;
        let logout = Logout {
            token: names.logout_token(client, &proven.jti),
            remembered_until: proven.good_until.saturating_add(REMEMBERED_BEYOND),
            who: proven.who.clone().map(
                |session| names.session(client, &session),
                |subject| names.subject(client, &subject),
            ),
            closed: Closed { at: cx.now, why },
            trace: &|session| closing_event(cx, session, why),
        };
        let done = self.store.log_out(&logout).await?;
        if let LoggedOut::Sessions(closed) = &done {
            for session in closed {
                self.verifier.close_session(*session);
            }
        }
        Ok(done)
    }

    /// What the token says, proven by the provider that it names. Where people sign in
    /// at one provider as two clients of it, its audience says which is meant.
    async fn proven_logout(
        &self,
        cx: &RequestContext,
        logout_token: &str,
    ) -> Result<(&dyn IdentityProvider, LogoutClaims), LogoutRefused> {
        let issuer = stated_issuer(logout_token).ok_or(LogoutRefused::Malformed)?;
        let mut refused = LogoutRefused::IssuerUnknown;
        for provider in [&self.practitioners_provider, &self.patients_provider] {
            if provider.client().issuer != issuer {
                continue;
            }
            match provider.prove_logout(logout_token, cx.now).await {
                Ok(proven) => return Ok((provider.as_ref(), proven)),
                Err(why) => refused = why,
            }
        }
        Err(refused)
    }
}
