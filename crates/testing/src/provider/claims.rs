//! What the tokens say.

use aval_domain::time::Timestamp;
use aws_lc_rs::digest;
use serde_json::{Map, Value, json};

use super::account::{Accounts, PatientAccount, ProfessionalAccount};
use super::session::{IssuedToken, Session};
use super::{Realm, jws};

/// The claims of a token.
pub(super) type Claims = Map<String, Value>;

/// Keycloak's name of the store that professionals' accounts come from: the
/// middle part of their `sub`.
const ACCOUNT_STORE: &str = "b0d1a0c4-3a52-4f0e-9a43-5f0a1f7b2c96";

/// Whose tokens these are.
#[derive(Clone, Copy)]
pub(super) enum Holder<'a> {
    Professional(&'a ProfessionalAccount),
    Patient(&'a PatientAccount),
}

impl<'a> Holder<'a> {
    /// The account of `realm` that signs in with `name`.
    pub(super) fn find(accounts: &'a Accounts, realm: Realm, name: &str) -> Option<Self> {
        match realm {
            Realm::Professionals => accounts.professional(name).map(Self::Professional),
            Realm::Patients => accounts.patient(name).map(Self::Patient),
        }
    }

    pub(super) fn username(self) -> &'a str {
        match self {
            Self::Professional(account) => &account.username,
            Self::Patient(account) => &account.username,
        }
    }

    pub(super) fn acr(self) -> &'a str {
        match self {
            Self::Professional(account) => &account.acr,
            Self::Patient(account) => &account.acr,
        }
    }

    /// `f:<store>:<national id>` for professionals, a pseudonym for patients.
    pub(super) fn subject(self) -> String {
        match self {
            Self::Professional(account) => format!("f:{ACCOUNT_STORE}:{}", account.national_id),
            Self::Patient(account) => {
                let digest = digest::digest(&digest::SHA256, account.username.as_bytes());
                jws::segment(digest.as_ref()) + "v1"
            }
        }
    }

    /// What `preferred_username` says: the national identifier for professionals.
    pub(super) fn preferred_username(self) -> &'a str {
        match self {
            Self::Professional(account) => &account.national_id,
            Self::Patient(account) => &account.username,
        }
    }
}

/// The claims of an ID token.
pub(super) fn id_token(
    holder: Holder<'_>,
    issuer: &str,
    token: &IssuedToken,
    access_token: &str,
) -> Claims {
    let session = &token.session;
    let mut claims = common(holder, issuer, token, "ID");
    claims.insert("aud".to_owned(), json!(session.client_id));
    claims.insert("at_hash".to_owned(), json!(at_hash(access_token)));
    claims.insert("email_verified".to_owned(), json!(false));
    claims.insert(
        "preferred_username".to_owned(),
        json!(holder.preferred_username()),
    );
    match holder {
        Holder::Professional(account) => {
            claims.insert("family_name".to_owned(), json!(account.family_name));
        }
        Holder::Patient(account) => claims.extend(patient_identity(account)),
    }
    claims
}

/// The claims of an access token that is a JWT.
pub(super) fn access_token(holder: Holder<'_>, issuer: &str, token: &IssuedToken) -> Claims {
    let mut claims = common(holder, issuer, token, "Bearer");
    claims.insert("scope".to_owned(), json!(scope(token.session.realm)));
    claims
}

/// The claims of a back-channel logout token.
pub(super) fn logout_token(
    issuer: &str,
    client_id: &str,
    sid: &str,
    jti: &str,
    now: Timestamp,
) -> Value {
    json!({
        "iss": issuer,
        "aud": client_id,
        "iat": now.unix_seconds(),
        "exp": now.unix_seconds() + 120,
        "jti": jti,
        "sid": sid,
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    })
}

/// The traits and the INS of a patient, as `UserInfo` and the ID token show them.
pub(super) fn patient_identity(account: &PatientAccount) -> Claims {
    let claims = json!({
        "family_name": account.family_name,
        "given_name": account.given_names.join(" "),
        "given_name_array": account.given_names,
        "birthdate": account.birth_date,
        "gender": account.gender.claim(),
        "birthplace": account.birth_place,
        "ins": account.ins,
        "ins_oid": account.ins_oid,
    });
    match claims {
        Value::Object(claims) => claims,
        _ => unreachable!("the literal above is an object"),
    }
}

/// What a realm's tokens are granted.
pub(super) fn scope(realm: Realm) -> &'static str {
    match realm {
        Realm::Professionals => "openid scope_all",
        Realm::Patients => "openid profile birth ins",
    }
}

fn common(holder: Holder<'_>, issuer: &str, token: &IssuedToken, typ: &str) -> Claims {
    let Session {
        client_id,
        sid,
        nonce,
        acr,
        signed_in_at,
        ..
    } = &*token.session;
    let mut claims = Claims::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("exp", json!(token.expires_at.unix_seconds()));
    put("iat", json!(token.issued_at.unix_seconds()));
    put("auth_time", json!(signed_in_at.unix_seconds()));
    put("jti", json!(token.jti));
    put("iss", json!(issuer));
    put("sub", json!(holder.subject()));
    put("typ", json!(typ));
    put("azp", json!(client_id));
    if let Some(nonce) = nonce {
        put("nonce", json!(nonce));
    }
    put("session_state", json!(sid));
    put("sid", json!(sid));
    put("acr", json!(acr));
    claims
}

/// The left half of the access token's SHA-256 (OpenID Connect Core 3.1.3.6).
fn at_hash(access_token: &str) -> String {
    let digest = digest::digest(&digest::SHA256, access_token.as_bytes());
    jws::segment(&digest.as_ref()[..16])
}
