//! `aval directory …`: importing and looking up.

use std::path::PathBuf;

use aval_proto::practitioner_directory::v1 as proto;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::import::{FileToImport, send};
use crate::language::say;
use crate::output::Rows;

use super::Session;
use super::synthesize::SynthesizeArguments;

/// What to do with the directory.
#[derive(Debug, Subcommand)]
pub enum DirectoryCommand {
    /// Imports a file as published.
    Import {
        /// The file, under its published name.
        file: PathBuf,
    },
    /// Looks people up by name and place.
    Search(SearchArguments),
    /// Shows one person, by number.
    Show {
        /// RPPS, ADELI, or the national identifier with its prefix.
        number: String,
    },
    /// Says how old the directory is.
    Freshness,
    /// Writes a file in the published format, of people who do not exist.
    Synthesize(SynthesizeArguments),
}

/// Arguments of `aval directory search`.
#[derive(Debug, Args)]
pub struct SearchArguments {
    /// Names, in any order.
    #[arg(required = true)]
    name: Vec<String>,
    /// Only this profession (`TRE_G15`), for example 10.
    #[arg(long, default_value = "")]
    profession: String,
    /// Only this speciality (`TRE_R38`), for example SM04.
    #[arg(long, default_value = "")]
    speciality: String,
    /// Only this town.
    #[arg(long, default_value = "")]
    town: String,
    /// Only this postal code, or how it begins.
    #[arg(long, default_value = "")]
    postal_code: String,
}

impl Session {
    /// Obeys a directory command.
    pub async fn directory(&self, command: &DirectoryCommand) -> anyhow::Result<()> {
        match command {
            DirectoryCommand::Import { file } => self.import(FileToImport::at(file)?).await,
            DirectoryCommand::Search(arguments) => self.search(arguments).await,
            DirectoryCommand::Show { number } => self.show(number).await,
            DirectoryCommand::Freshness => self.freshness().await,
            DirectoryCommand::Synthesize(arguments) => {
                super::synthesize::run(arguments, self.output)
            }
        }
    }

    async fn import(&self, file: FileToImport) -> anyhow::Result<()> {
        let bar = progress_bar(file.size()?);
        let stream = {
            let bar = bar.clone();
            send(&file, move |bytes| bar.inc(bytes))?
        };
        let operator = self.software("operator")?;
        let mut request = tonic::Request::new(stream);
        request.set_timeout(std::time::Duration::from_hours(1));
        let answer = operator.directory_admin().import_extraction(request).await;
        bar.finish_and_clear();
        let import = answer?.into_inner().import.unwrap_or_default();
        let report = import.report.clone().unwrap_or_default();
        let mut rows = Rows::new(vec![
            ("import_id", say("import", "import")),
            ("state", say("état", "state")),
            ("rows", say("lignes", "rows")),
            ("quarantined", say("mises de côté", "put aside")),
            ("practitioners", say("personnes", "people")),
            ("added", say("ajoutées", "added")),
            ("changed", say("changées", "changed")),
            ("deactivated", say("désactivées", "deactivated")),
        ]);
        rows.push(vec![
            json!(import.import_id),
            json!(
                import
                    .state()
                    .as_str_name()
                    .trim_start_matches("IMPORT_STATE_")
            ),
            json!(report.row_count),
            json!(report.quarantined_count),
            json!(report.practitioner_count),
            json!(report.practitioners_added_count),
            json!(report.practitioners_changed_count),
            json!(report.practitioners_deactivated_count),
        ]);
        self.output.one(&rows)?;
        if !import.state_reason.is_empty() {
            self.output
                .sentence(&say(&import.state_reason, &import.state_reason))?;
        }
        Ok(())
    }

    async fn search(&self, arguments: &SearchArguments) -> anyhow::Result<()> {
        let request = proto::SearchPractitionersRequest {
            name: arguments.name.join(" "),
            profession_code: arguments.profession.clone(),
            speciality_code: arguments.speciality.clone(),
            town: arguments.town.clone(),
            postal_code: arguments.postal_code.clone(),
            ..proto::SearchPractitionersRequest::default()
        };
        let portal = self.software("gateway")?;
        let answer = portal
            .directory()
            .search_practitioners(request)
            .await?
            .into_inner();
        let mut rows = Rows::new(person_columns());
        for matched in &answer.matches {
            let person = matched.practitioner.clone().unwrap_or_default();
            rows.push(person_row(&person, matched.homonym));
        }
        self.output.rows(&rows)?;
        if !answer.next_page_token.is_empty() {
            self.output.sentence(&say(
                "D'autres encore : précisez le nom, la profession ou le lieu.",
                "There are more: say more of the name, the profession or the place.",
            ))?;
        }
        Ok(())
    }

    async fn show(&self, number: &str) -> anyhow::Result<()> {
        let request = proto::ResolveIdentifierRequest {
            identifier: Some(proto::Identifier {
                kind: proto::IdentifierKind::Unspecified.into(),
                value: number.to_owned(),
            }),
        };
        let portal = self.software("gateway")?;
        let answer = portal
            .directory()
            .resolve_identifier(request)
            .await?
            .into_inner();
        match answer.resolved {
            Some(proto::resolve_identifier_response::Resolved::Practitioner(person)) => {
                self.show_activities(&person)
            }
            Some(proto::resolve_identifier_response::Resolved::Organization(organization)) => {
                let mut rows = Rows::new(vec![
                    ("organization_id", say("structure", "organization")),
                    ("name", say("nom", "name")),
                    ("town", say("ville", "town")),
                ]);
                rows.push(vec![
                    json!(organization.organization_id),
                    json!(organization.name),
                    json!(organization.town),
                ]);
                Ok(self.output.one(&rows)?)
            }
            None => anyhow::bail!("the directory answered nobody"),
        }
    }

    fn show_activities(&self, person: &proto::Practitioner) -> anyhow::Result<()> {
        let mut rows = Rows::new(vec![
            ("practitioner_id", say("professionnel", "practitioner")),
            ("name", say("nom", "name")),
            ("activity_id", say("activité", "activity")),
            ("profession", say("profession", "profession")),
            ("organization", say("structure", "organization")),
            ("town", say("ville", "town")),
            ("active", say("en activité", "active")),
        ]);
        for activity in &person.activities {
            let organization = activity.organization.clone().unwrap_or_default();
            rows.push(vec![
                json!(person.practitioner_id),
                json!(format!("{} {}", person.given_name, person.family_name)),
                json!(activity.activity_id),
                json!(activity.profession_label),
                json!(organization.name),
                json!(organization.town),
                json!(activity.active),
            ]);
        }
        Ok(self.output.rows(&rows)?)
    }

    async fn freshness(&self) -> anyhow::Result<()> {
        let portal = self.software("gateway")?;
        let request = proto::GetFreshnessRequest {};
        let answer = portal
            .directory()
            .get_freshness(request)
            .await?
            .into_inner();
        let mut rows = Rows::new(vec![
            ("source", say("source", "source")),
            ("generated_at", say("produite le", "generated at")),
            ("imported_at", say("importée le", "imported at")),
            ("stale", say("périmée", "stale")),
        ]);
        for source in &answer.sources {
            rows.push(vec![
                json!(source.source),
                instant(source.generated_at.as_ref()),
                instant(source.imported_at.as_ref()),
                json!(source.stale),
            ]);
        }
        Ok(self.output.rows(&rows)?)
    }
}

/// An instant as RFC 3339; nothing where there is none.
pub(super) fn instant(at: Option<&prost_types::Timestamp>) -> Value {
    at.map_or(Value::Null, |at| {
        let instant = aval_domain::time::Timestamp::from_unix_seconds(at.seconds);
        json!(instant.to_string())
    })
}

fn person_columns() -> Vec<(&'static str, crate::language::Text)> {
    vec![
        ("practitioner_id", say("professionnel", "practitioner")),
        ("name", say("nom", "name")),
        ("professions", say("profession", "profession")),
        ("specialities", say("spécialité", "speciality")),
        ("places", say("lieux", "places")),
        ("homonym", say("homonyme", "homonym")),
    ]
}

fn person_row(person: &proto::Practitioner, homonym: bool) -> Vec<Value> {
    let mut professions: Vec<_> = person
        .activities
        .iter()
        .map(|activity| activity.profession_label.as_str())
        .collect();
    professions.dedup();
    let skills = person
        .activities
        .iter()
        .flat_map(|activity| &activity.skills);
    let mut specialities: Vec<_> = skills.map(|skill| skill.label.as_str()).collect();
    specialities.dedup();
    let places = person
        .activities
        .iter()
        .filter_map(|activity| activity.organization.as_ref());
    let places: Vec<_> = places
        .map(|organization| format!("{} ({})", organization.name, organization.town))
        .collect();
    vec![
        json!(person.practitioner_id),
        json!(format!("{} {}", person.given_name, person.family_name)),
        json!(professions),
        json!(specialities),
        json!(places),
        json!(homonym),
    ]
}

fn progress_bar(bytes: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}");
    let bar = ProgressBar::new(bytes);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
