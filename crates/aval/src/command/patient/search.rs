//! Looking for somebody by what was said or written of them.

use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::resolve_patient_request::By;
use clap::Args;
use serde_json::json;

use super::{Sex, columns_of_a_patient, nobody, resolution_of, row_of};
use crate::command::Session;
use crate::language::say;
use crate::output::Rows;

/// Arguments of `aval patient search`.
#[derive(Debug, Args)]
pub struct SearchArguments {
    /// The birth name, however it is spelt.
    #[arg(long)]
    birth_name: String,
    /// The birth first names with commas between them; the first is what counts.
    #[arg(long, value_delimiter = ',', required = true)]
    first_names: Vec<String>,
    /// The birth date, YYYY-MM-DD.
    #[arg(long)]
    birth_date: String,
    /// The sex, as in the register.
    #[arg(long, value_enum)]
    sex: Sex,
    /// The INSEE code of the birth place, if it is known: without it nobody is named.
    #[arg(long)]
    birth_place: Option<String>,
}

impl Session {
    pub(super) async fn search_patient(&self, arguments: &SearchArguments) -> anyhow::Result<()> {
        let operator = self.software("operator")?;
        let request = proto::ResolvePatientRequest {
            by: Some(By::Search(arguments.to_proto())),
        };
        let answer = operator.patients().resolve_patient(request).await?;
        let answer = answer.into_inner();
        let mut columns = vec![
            ("resolution", say("réponse", "answer")),
            ("differing_traits", say("à vérifier", "to be checked")),
        ];
        columns.extend(columns_of_a_patient());
        let mut rows = Rows::new(columns);
        let found = vec![resolution_of(&answer), json!(answer.differing_traits)];
        let known = answer.patient.as_ref().map_or_else(nobody, row_of);
        rows.push([found, known].concat());
        Ok(self.output.one(&rows)?)
    }
}

impl SearchArguments {
    fn to_proto(&self) -> proto::SearchTraits {
        proto::SearchTraits {
            birth_name: self.birth_name.clone(),
            birth_first_names: self.first_names.clone(),
            birth_date: self.birth_date.clone(),
            sex: self.sex.to_proto().into(),
            birth_place_code: self.birth_place.clone().unwrap_or_default(),
        }
    }
}
