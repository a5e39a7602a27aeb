//! `aval patient …`: identities, as the operator keeps them.

mod merging;
mod search;

use aval_domain::ins::InsKind;
use aval_proto::identity::v1 as proto;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::demo::request_id;
use crate::language::{Text, say};
use crate::output::Rows;

use super::Session;
use super::directory::instant;
use merging::{IssuesArguments, MergeArguments, UnmergeArguments};
use search::SearchArguments;

/// What to do with identities.
#[derive(Debug, Subcommand)]
pub enum PatientCommand {
    /// Registers a patient; the same matricule with the same traits is the same patient.
    Register(RegisterArguments),
    /// Shows what is known of a patient.
    Show {
        /// Which.
        patient_id: String,
    },
    /// Looks a patient up, by the matricule or by all five traits: one, none, or more
    /// than one, of whom none is named.
    Resolve(ResolveArguments),
    /// Searches for a patient by what somebody said or wrote, however the names are spelt:
    /// one to the letter, one who is alike and is not named, none, or more than one.
    Search(SearchArguments),
    /// Lists what somebody has to look at: likely duplicates, patients who are alike,
    /// collisions, identities that are not qualified.
    Issues(IssuesArguments),
    /// Declares that one patient is another: what was decided and recorded under either is
    /// the human's from then on.
    Merge(MergeArguments),
    /// Takes a merge back: each has again what was written under it.
    Unmerge(UnmergeArguments),
}

/// Arguments of `aval patient register`.
#[derive(Debug, Args)]
pub struct RegisterArguments {
    /// The matricule and its key, 15 characters.
    #[arg(long)]
    ins: String,
    /// What kind of matricule it is.
    #[arg(long, value_enum, default_value = "test")]
    kind: Kind,
    #[command(flatten)]
    traits: TraitsArguments,
    /// How far the identity is proved.
    #[arg(long, value_enum, default_value = "provisional")]
    status: Status,
}

/// Arguments of `aval patient resolve`.
#[derive(Debug, Args)]
pub struct ResolveArguments {
    /// The matricule and its key, 15 characters.
    #[arg(long, required_unless_present = "birth_name")]
    #[arg(conflicts_with = "TraitsArguments")]
    ins: Option<String>,
    /// What kind of matricule it is.
    #[arg(long, value_enum, default_value = "test")]
    kind: Kind,
    #[command(flatten)]
    traits: Option<TraitsArguments>,
}

/// The five traits of an identity.
#[derive(Debug, Args)]
pub struct TraitsArguments {
    /// The birth name.
    #[arg(long)]
    birth_name: String,
    /// The birth first names in their order, with commas between them.
    #[arg(long, value_delimiter = ',', required = true)]
    first_names: Vec<String>,
    /// The birth date, YYYY-MM-DD.
    #[arg(long)]
    birth_date: String,
    /// The sex, as in the register.
    #[arg(long, value_enum)]
    sex: Sex,
    /// The INSEE code of the birth place.
    #[arg(long)]
    birth_place: String,
}

/// What kind of matricule an INS has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// The number of the national register.
    Nir,
    /// The number of those who wait for one.
    Nia,
    /// Of a test.
    Test,
    /// Of a demonstration.
    Demonstration,
}

/// Sex, as in the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sex {
    /// Female.
    F,
    /// Male.
    M,
    /// Unknown to the register.
    Unknown,
}

/// How far an identity is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Status {
    /// Neither called from the national service nor checked against a document.
    Provisional,
    /// Called from the national service, no document checked.
    Retrieved,
    /// A document checked, not called.
    Validated,
    /// Both.
    Qualified,
}

impl Session {
    /// Obeys a patient command.
    pub async fn patient_command(&self, command: &PatientCommand) -> anyhow::Result<()> {
        match command {
            PatientCommand::Register(arguments) => self.register(arguments).await,
            PatientCommand::Show { patient_id } => self.show_patient(patient_id).await,
            PatientCommand::Resolve(arguments) => self.resolve(arguments).await,
            PatientCommand::Search(arguments) => self.search_patient(arguments).await,
            PatientCommand::Issues(arguments) => self.identity_issues(arguments).await,
            PatientCommand::Merge(arguments) => self.merge_patients(arguments).await,
            PatientCommand::Unmerge(arguments) => self.unmerge_patients(arguments).await,
        }
    }

    async fn register(&self, arguments: &RegisterArguments) -> anyhow::Result<()> {
        let request = proto::RegisterPatientRequest {
            ins: Some(ins(&arguments.ins, arguments.kind)),
            traits: Some(arguments.traits.to_proto()),
            status: arguments.status.to_proto().into(),
            request_id: request_id(),
        };
        let operator = self.software("operator")?;
        let answer = operator.patients().register_patient(request).await?;
        self.print_patient(answer.into_inner().patient)
    }

    async fn show_patient(&self, patient_id: &str) -> anyhow::Result<()> {
        let request = proto::GetPatientRequest {
            patient_id: patient_id.to_owned(),
        };
        let operator = self.software("operator")?;
        let answer = operator.patients().get_patient(request).await?;
        self.print_patient(answer.into_inner().patient)
    }

    async fn resolve(&self, arguments: &ResolveArguments) -> anyhow::Result<()> {
        let operator = self.software("operator")?;
        let request = proto::ResolvePatientRequest { by: arguments.by() };
        let answer = operator
            .patients()
            .resolve_patient(request)
            .await?
            .into_inner();
        let resolution = resolution_of(&answer);
        let mut columns = vec![("resolution", say("réponse", "answer"))];
        columns.extend(columns_of_a_patient());
        let mut rows = Rows::new(columns);
        let patient = answer.patient;
        let known = patient.map_or_else(nobody, |patient| row_of(&patient));
        rows.push([vec![resolution], known].concat());
        Ok(self.output.one(&rows)?)
    }

    fn print_patient(&self, patient: Option<proto::Patient>) -> anyhow::Result<()> {
        let mut rows = Rows::new(columns_of_a_patient());
        rows.push(row_of(&patient.unwrap_or_default()));
        Ok(self.output.one(&rows)?)
    }
}

impl ResolveArguments {
    fn by(&self) -> Option<proto::resolve_patient_request::By> {
        use proto::resolve_patient_request::By;

        let by_ins = self.ins.as_ref().map(|text| By::Ins(ins(text, self.kind)));
        by_ins.or_else(|| Some(By::Traits(self.traits.as_ref()?.to_proto())))
    }
}

impl TraitsArguments {
    fn to_proto(&self) -> proto::IdentityTraits {
        proto::IdentityTraits {
            birth_name: self.birth_name.clone(),
            birth_first_names: self.first_names.clone(),
            birth_date: self.birth_date.clone(),
            sex: self.sex.to_proto().into(),
            birth_place_code: self.birth_place.clone(),
        }
    }
}

impl Sex {
    const fn to_proto(self) -> proto::Sex {
        match self {
            Self::F => proto::Sex::Female,
            Self::M => proto::Sex::Male,
            Self::Unknown => proto::Sex::Unknown,
        }
    }
}

impl Status {
    const fn to_proto(self) -> proto::IdentityStatus {
        match self {
            Self::Provisional => proto::IdentityStatus::Provisional,
            Self::Retrieved => proto::IdentityStatus::Retrieved,
            Self::Validated => proto::IdentityStatus::Validated,
            Self::Qualified => proto::IdentityStatus::Qualified,
        }
    }
}

fn ins(matricule: &str, kind: Kind) -> proto::Ins {
    let kind = match kind {
        Kind::Nir => InsKind::Nir,
        Kind::Nia => InsKind::Nia,
        Kind::Test => InsKind::Test,
        Kind::Demonstration => InsKind::Demo,
    };
    proto::Ins {
        matricule: matricule.to_owned(),
        oid: kind.oid().to_owned(),
    }
}

fn resolution_of(answer: &proto::ResolvePatientResponse) -> Value {
    let resolution = answer.resolution().as_str_name();
    json!(resolution.trim_start_matches("RESOLUTION_"))
}

/// The matricule is not among them: no service answers it.
fn columns_of_a_patient() -> Vec<(&'static str, Text)> {
    vec![
        ("patient_id", say("patient", "patient")),
        ("birth_name", say("nom de naissance", "birth name")),
        ("first_names", say("prénoms", "first names")),
        ("birth_date", say("né(e) le", "born on")),
        ("sex", say("sexe", "sex")),
        ("birth_place", say("lieu (INSEE)", "place (INSEE)")),
        ("status", say("statut", "status")),
        ("merged_into", say("fusionné dans", "merged into")),
        ("registered_at", say("depuis", "since")),
    ]
}

fn row_of(patient: &proto::Patient) -> Vec<Value> {
    let traits = patient.traits.clone().unwrap_or_default();
    let merged_into = Some(&patient.merged_into_patient_id).filter(|id| !id.is_empty());
    vec![
        json!(patient.patient_id),
        json!(traits.birth_name),
        json!(traits.birth_first_names),
        json!(traits.birth_date),
        json!(traits.sex().as_str_name().trim_start_matches("SEX_")),
        json!(traits.birth_place_code),
        json!(
            patient
                .status()
                .as_str_name()
                .trim_start_matches("IDENTITY_STATUS_")
        ),
        json!(merged_into),
        instant(patient.registered_at.as_ref()),
    ]
}

fn nobody() -> Vec<Value> {
    vec![Value::Null; columns_of_a_patient().len()]
}
