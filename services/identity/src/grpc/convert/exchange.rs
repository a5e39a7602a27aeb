//! The messages of `ExchangeToken`.

use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::exchange_token_request::Capacity as Asked;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::status::{FieldErrors, Refusal};

use super::session::bearer;
use crate::app::{Capacity, ExchangeToken, NextTokens};
use crate::provider::SignInProof;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const LONGEST_TOKEN: usize = 16 * 1024;
const LONGEST_NONCE: usize = 255;

/// What is asked for. The ID token is not looked at here: whatever is wrong with it is
/// wrong with the sign-in, and is traced.
pub(in crate::grpc) fn command(
    message: proto::ExchangeTokenRequest,
) -> Result<ExchangeToken, Refusal> {
    let mut fields = FieldErrors::new();
    if message.grant_type != GRANT_TYPE {
        fields.add("grant_type", format!("must be {GRANT_TYPE}"));
    }
    if message.subject_token_type != ACCESS_TOKEN {
        fields.add("subject_token_type", format!("must be {ACCESS_TOKEN}"));
    }
    let is_token = |byte: u8| byte.is_ascii_graphic();
    if !(1..=LONGEST_TOKEN).contains(&message.subject_token.len())
        || !message.subject_token.bytes().all(is_token)
    {
        fields.add(
            "subject_token",
            "must be 1 to 16384 visible ASCII characters",
        );
    }
    if !(1..=LONGEST_NONCE).contains(&message.nonce.chars().count()) {
        fields.add("nonce", "must be 1 to 255 characters");
    }
    // A client that asks for less must not be given all.
    if !message.scope.is_empty() {
        fields.add("scope", "no scope is defined: leave it empty");
    }
    let capacity = capacity(&mut fields, message.capacity.as_ref());
    fields.build(|| {
        Some(ExchangeToken {
            proof: SignInProof {
                access_token: message.subject_token,
                id_token: message.id_token,
                nonce: message.nonce,
            },
            capacity: capacity?,
        })
    })
}

fn capacity(fields: &mut FieldErrors, asked: Option<&Asked>) -> Option<Capacity> {
    match fields.required("capacity", asked)? {
        Asked::Practitioner(practitioner) => {
            let id = &practitioner.activity_id;
            let activity_id = fields.parse_optional("practitioner.activity_id", id)?;
            Some(Capacity::Practitioner { activity_id })
        }
        Asked::Patient(_) => Some(Capacity::Patient),
        Asked::Representative(representative) => {
            let id = &representative.patient_id;
            let patient_id = fields.parse("representative.patient_id", id)?;
            Some(Capacity::Representative { patient_id })
        }
    }
}

/// The answer.
pub(in crate::grpc) fn response(exchanged: NextTokens) -> proto::ExchangeTokenResponse {
    let session = exchanged.session;
    proto::ExchangeTokenResponse {
        access_token: exchanged.token,
        issued_token_type: ACCESS_TOKEN.to_owned(),
        token_type: "Bearer".to_owned(),
        expire_at: Some(timestamp_to_proto(exchanged.expires_at)),
        refresh_token: exchanged.refresh_token,
        session_expire_at: Some(timestamp_to_proto(session.expires_at)),
        session_id: session.session_id.to_string(),
        bearer: Some(bearer(session.bearer)),
    }
}
