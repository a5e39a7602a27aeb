//! What opens a record further asks for a firm sign-in; what closes it never does.

use aval_runtime::context::RequestContext;
use aval_runtime::token::AuthenticationStrength;

use super::App;
use crate::error::Error;

impl App {
    /// The same use cases, which ask for so firm a sign-in of whoever opens a record
    /// further: authorises somebody or for more, lifts a block or an opposition, shows
    /// what was hidden, declares a treating doctor, opens the record itself. Somebody
    /// who was careless with a weak sign-in must not have let others in; to shut them
    /// out is always possible.
    #[must_use]
    pub const fn opening_with(mut self, least: AuthenticationStrength) -> Self {
        self.opening_strength = least;
        self
    }

    /// Refuses a person who signed in less firmly than opening a record asks for. A
    /// representative's own sign-in counts.
    pub(super) fn may_open(&self, cx: &RequestContext) -> Result<(), Error> {
        Ok(cx.require_strength(self.opening_strength)?)
    }
}

#[cfg(test)]
mod tests;
