//! Who or what is known under a number.

use aval_runtime::context::RequestContext;

use super::{App, read_directory};
use crate::error::Error;
use crate::identifier::Identifier;
use crate::store::{Resolved, Sourced};

impl App {
    /// Answers who is known under one of these readings of a number. Several people or
    /// structures are an error, whatever the reading: nobody is chosen by guess.
    pub async fn resolve_identifier(
        &self,
        cx: &RequestContext,
        readings: &[Identifier],
    ) -> Result<Sourced<Resolved>, Error> {
        read_directory(cx)?;
        let found = self.store.resolve(readings).await?;
        let mut resolved = found.value.into_iter();
        match (resolved.next(), resolved.next()) {
            (None, _) => Err(Error::NotFound { what: "identifier" }),
            (Some(_), Some(_)) => Err(Error::Ambiguous),
            (Some(value), None) => Ok(Sourced {
                value,
                as_of: found.as_of,
            }),
        }
    }
}
