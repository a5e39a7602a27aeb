//! How many tokens were refused, and why.

use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;

use super::TokenError;
use crate::telemetry::metrics::meter;

/// Counts refused tokens.
#[derive(Debug)]
pub(super) struct RefusedTokens(Counter<u64>);

impl RefusedTokens {
    pub(super) fn new() -> Self {
        let counter = meter()
            .u64_counter("aval.tokens.refused")
            .with_description(
                "Tokens that were refused, by reason. One that is bound to another certificate \
                 than its caller's was taken from somebody.",
            )
            .build();
        Self(counter)
    }

    pub(super) fn count(&self, error: TokenError) {
        self.0.add(1, &[KeyValue::new("reason", name(error))]);
    }
}

const fn name(error: TokenError) -> &'static str {
    match error {
        TokenError::Malformed => "malformed",
        TokenError::TypeWrong => "type_wrong",
        TokenError::AlgorithmNotAllowed => "algorithm_not_allowed",
        TokenError::KeyUnknown => "key_unknown",
        TokenError::SignatureWrong => "signature_wrong",
        TokenError::IssuerWrong => "issuer_wrong",
        TokenError::AudienceWrong => "audience_wrong",
        TokenError::ClaimsMalformed => "claims_malformed",
        TokenError::NotYetValid => "not_yet_valid",
        TokenError::LivesTooLong => "lives_too_long",
        TokenError::Expired => "expired",
        TokenError::SessionClosed => "session_closed",
        TokenError::BoundElsewhere => "bound_elsewhere",
        TokenError::BoundToNothing => "bound_to_nothing",
        TokenError::KeysUnavailable => "keys_unavailable",
        TokenError::ClosedSessionsUnavailable => "closed_sessions_unavailable",
    }
}
