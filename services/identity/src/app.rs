//! The use cases, one file each.

mod add_representative;
mod close_all_sessions;
mod close_session;
mod directory_changed;
mod exchange_token;
mod get_patient;
mod introspect_token;
mod list_identity_issues;
mod list_representatives;
mod list_sessions;
mod log_out;
mod merge_patients;
mod permission;
mod refresh_token;
mod register_patient;
mod remove_representative;
mod resolve_patient;
mod unmerge_patients;
mod update_identity;
mod watch_merges;

pub use add_representative::AddRepresentative;
pub use exchange_token::{Capacity, ExchangeToken};
pub use introspect_token::Introspected;
pub use list_identity_issues::{IssuesPage, ListIdentityIssues};
pub use list_representatives::{ListRepresentatives, RepresentationsPage};
pub use list_sessions::{ListSessions, SessionView, SessionsPage};
pub use log_out::LogoutFailed;
pub use merge_patients::MergePatients;
pub use permission::{follow_merges, keep_patients, serve_sessions};
pub use refresh_token::NextTokens;
pub use register_patient::RegisterPatient;
pub use resolve_patient::{By, Found};
pub use unmerge_patients::UnmergePatients;
pub use update_identity::UpdateIdentity;
pub use watch_merges::WatchedMerge;

use std::collections::BTreeMap;
use std::sync::Arc;

use aval_domain::ins::{Ins, InsKind};
use aval_runtime::page::PageTokens;
use aval_runtime::token::{AuthenticationStrength, TokenVerifier};

use crate::config::PatientClaims;
use crate::directory::Directory;
use crate::error::Error;
use crate::patient::Patient;
use crate::patient_keys::PatientKeys;
use crate::provider::IdentityProvider;
use crate::provider_names::ProviderNames;
use crate::refresh_token::RefreshTokens;
use crate::session::{ParallelSessions, SessionLifetimes};
use crate::store::{SealedPatient, Store};
use crate::token_issuer::TokenIssuer;

/// So many merges are followed from a patient to the one who stays.
const LONGEST_WAY: usize = 64;

/// The use cases and what they need.
#[derive(Debug)]
pub struct App {
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// Who practises.
    pub directory: Arc<dyn Directory>,
    /// Proves professionals.
    pub practitioners_provider: Arc<dyn IdentityProvider>,
    /// Proves patients.
    pub patients_provider: Arc<dyn IdentityProvider>,
    /// Keeps the providers' names for people and sign-ins.
    pub provider_names: ProviderNames,
    /// Finds those that are kept under other digest keys.
    pub other_provider_names: Vec<ProviderNames>,
    /// Issues the tokens.
    pub issuer: TokenIssuer,
    /// Makes the refresh tokens.
    pub refresh_tokens: RefreshTokens,
    /// Verifies the tokens that were issued here.
    pub verifier: Arc<TokenVerifier>,
    /// Protects the patients' identities.
    pub patient_keys: PatientKeys,
    /// What the configuration decides.
    pub settings: Settings,
}

/// What the configuration decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What each accepted `acr` of the professionals' provider stands for.
    pub practitioners_acr: BTreeMap<String, AuthenticationStrength>,
    /// What each accepted `acr` of the patients' provider stands for.
    pub patients_acr: BTreeMap<String, AuthenticationStrength>,
    /// The age, in years, at which parents no longer act for their children.
    pub age_of_majority: u8,
    /// What a shared account is.
    pub parallel_sessions: ParallelSessions,
    /// How long sessions go on.
    pub sessions: SessionLifetimes,
    /// Where the patients' provider puts the INS.
    pub patient_claims: PatientClaims,
    /// Whether test and demonstration matricules are accepted.
    pub accept_test_identities: bool,
}

impl App {
    fn accepts(&self, kind: InsKind) -> bool {
        kind.is_real() || self.settings.accept_test_identities
    }

    /// Refuses a matricule of a kind that has no place in this environment.
    fn require_accepted(&self, ins: &Ins) -> Result<(), Error> {
        if self.accepts(ins.kind()) {
            return Ok(());
        }
        Err(Error::FieldInvalid {
            field: "ins.oid",
            rule: "test and demonstration identities are not accepted here",
        })
    }

    /// The patient of a row.
    fn opened(&self, row: &SealedPatient) -> Result<Patient, Error> {
        Ok(Patient {
            patient_id: row.patient_id,
            identity: self.patient_keys.open(row.patient_id, &row.sealed)?,
            status: row.status,
            registered_at: row.registered_at,
            updated_at: row.updated_at,
            version: row.version,
        })
    }

    /// The patient whom this row leads to: themselves, or who they turned out to be.
    async fn survivor(&self, row: SealedPatient) -> Result<SealedPatient, Error> {
        let mut row = row;
        // Merges make no circle, and nobody turns out to be somebody else so often.
        for _ in 0..LONGEST_WAY {
            let Some(next) = row.merged_into else {
                return Ok(row);
            };
            row = self
                .store
                .patient(next)
                .await?
                .ok_or(Error::PatientNotFound)?;
        }
        Err(Error::PatientNotFound)
    }

    fn page_tokens(&self) -> PageTokens {
        PageTokens::new(&self.patient_keys.derived("page tokens"))
    }
}
