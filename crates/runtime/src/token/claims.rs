//! What a token says.

use std::fmt;

use aval_domain::code::{Function, Profession, Sector, Speciality};
use aval_domain::id::{ActivityId, OrganizationId, PatientId, RepresentationId, SessionId};
use serde::{Deserialize, Serialize};

/// The claims of an Aval token.
///
/// `Debug` shows neither the name nor the binding.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvalClaims {
    /// The identity service that issued it.
    pub iss: String,
    /// Always [`AUDIENCE`](super::AUDIENCE).
    pub aud: String,
    /// The `patient_id` or `practitioner_id` of the person; for a representative, of
    /// the patient for whom they act.
    pub sub: String,
    /// The session.
    pub sid: SessionId,
    /// The token's own identifier.
    pub jti: String,
    /// When it was issued, in seconds since the Unix epoch.
    pub iat: i64,
    /// When it ends, in seconds since the Unix epoch; at most
    /// [`LONGEST_LIFETIME`](super::LONGEST_LIFETIME) after `iat`.
    pub exp: i64,
    /// In what capacity the person acts.
    pub kind: PersonKind,
    /// How firmly the person proved who they are.
    pub strength: AuthenticationStrength,
    /// When the person proved it, in seconds since the Unix epoch.
    pub auth_time: i64,
    /// Whether the person authenticated directly and strongly themselves, not through
    /// their software's own sign-in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub direct: bool,
    /// The representative who acts for the patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rep: Option<RepresentativeClaims>,
    /// The practice situation that the practitioner chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivityClaims>,
    /// The practitioner's name as the directory shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What the token is bound to. Absent only where a listener in clear on the
    /// loopback issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// In what capacity a person acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    /// A patient, or their representative.
    Patient,
    /// A professional, in one practice situation.
    Practitioner,
}

/// How firmly a person proved who they are when they signed in; the later, the
/// firmer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationStrength {
    /// One factor, or a level that the provider does not name.
    Low,
    /// eIDAS substantial, or `eidas1` of Pro Santé Connect.
    Substantial,
    /// eIDAS high.
    High,
}

/// Who acts for a patient, and by which right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepresentativeClaims {
    /// The representation used.
    pub representation_id: RepresentationId,
    /// The representative, as a patient of their own.
    pub patient_id: PatientId,
    /// By which right they act.
    pub kind: RepresentationKind,
}

/// By which right somebody acts for a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepresentationKind {
    /// Holder of parental authority over a minor.
    Parent,
    /// Guardian appointed for a protected adult.
    Guardian,
    /// A person whom the patient mandated.
    Mandated,
}

/// A practice situation, as the directory has it when the token is issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityClaims {
    /// The practice situation.
    pub activity_id: ActivityId,
    /// Its profession (`TRE_G15`).
    pub profession: Profession,
    /// Its speciality (`TRE_R38`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speciality: Option<Speciality>,
    /// Its function (`TRE_R21`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<Function>,
    /// The organization in which it takes place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// That organization's name as the directory shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_name: Option<String>,
    /// Its sector of activity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<Sector>,
    /// Whether it may use the regulation centre's access mode.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub regulation_access: bool,
}

/// What a token is bound to (RFC 8705 §3.1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The thumbprint of the carrier's client certificate, base64url.
    #[serde(rename = "x5t#S256")]
    pub x5t_s256: String,
}

impl fmt::Debug for AvalClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AvalClaims")
            .field("sub", &self.sub)
            .field("sid", &self.sid)
            .field("kind", &self.kind)
            .field("exp", &self.exp)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Confirmation")
    }
}
