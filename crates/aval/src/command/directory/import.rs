//! Importing files, and deciding about those that wait.

use std::time::Duration;

use aval_proto::practitioner_directory::v1 as proto;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::instant;
use crate::command::Session;
use crate::demo::request_id;
use crate::import::{FileToImport, send};
use crate::language::{Text, say};
use crate::output::Rows;

/// Arguments of `aval directory approve` and `reject`.
#[derive(Debug, Args)]
pub struct DecisionArguments {
    /// Which import.
    import_id: String,
    /// Why, for the history, at most 500 characters.
    #[arg(long)]
    reason: String,
}

/// The most that one page holds.
const LARGEST_PAGE: usize = 200;
/// How long an import may take.
const LONGEST_IMPORT: Duration = Duration::from_hours(1);

impl Session {
    /// Sends a file and says what became of it.
    pub(super) async fn import(&self, file: FileToImport) -> anyhow::Result<()> {
        let bar = progress_bar(file.size()?);
        let stream = {
            let bar = bar.clone();
            send(&file, move |bytes| bar.inc(bytes))?
        };
        let operator = self.software("operator")?;
        let mut request = tonic::Request::new(stream);
        request.set_timeout(LONGEST_IMPORT);
        let answer = operator.directory_admin().import_extraction(request).await;
        bar.finish_and_clear();
        let import = answer?.into_inner().import.unwrap_or_default();
        self.show_import(&import)
    }

    /// Lists imports, the newest first.
    pub(super) async fn imports(&self, most: usize) -> anyhow::Result<()> {
        let mut client = self.software("operator")?.directory_admin();
        let mut rows = Rows::new(import_columns());
        let (mut left, mut page_token) = (most, String::new());
        while left > 0 {
            let request = proto::ListImportsRequest {
                page_size: page_size(left),
                page_token,
            };
            let page = client.list_imports(request).await?.into_inner();
            left -= page.imports.len().min(left);
            for import in &page.imports {
                rows.push(import_row(import));
            }
            if page.next_page_token.is_empty() {
                break;
            }
            page_token = page.next_page_token;
        }
        Ok(self.output.rows(&rows)?)
    }

    /// Shows an import with its report and the rows that it put aside.
    pub(super) async fn import_report(&self, import_id: &str, most: usize) -> anyhow::Result<()> {
        let mut client = self.software("operator")?.directory_admin();
        let request = proto::GetImportRequest {
            import_id: import_id.to_owned(),
        };
        let import = client.get_import(request).await?.into_inner().import;
        let import = import.unwrap_or_default();
        let aside = self.quarantined(import_id, most).await?;
        let mut columns = import_columns();
        columns.extend(further_columns());
        let mut values = import_row(&import);
        values.extend(further_values(&import));
        let mut report = Rows::new(columns);
        report.push(values);
        let aside = quarantined_rows(&aside);
        self.output.with_list(&report, "quarantined_rows", &aside)?;
        self.say_what_next(&import)
    }

    /// Applies a suspended import.
    pub(super) async fn approve(&self, decision: &DecisionArguments) -> anyhow::Result<()> {
        let mut request = tonic::Request::new(proto::ApproveImportRequest {
            import_id: decision.import_id.clone(),
            reason: decision.reason.clone(),
            request_id: request_id(),
        });
        request.set_timeout(LONGEST_IMPORT);
        let mut client = self.software("operator")?.directory_admin();
        let answer = client.approve_import(request).await?.into_inner();
        self.show_import(&answer.import.unwrap_or_default())
    }

    /// Discards a suspended import.
    pub(super) async fn reject(&self, decision: &DecisionArguments) -> anyhow::Result<()> {
        let request = proto::RejectImportRequest {
            import_id: decision.import_id.clone(),
            reason: decision.reason.clone(),
            request_id: request_id(),
        };
        let mut client = self.software("operator")?.directory_admin();
        let answer = client.reject_import(request).await?.into_inner();
        self.show_import(&answer.import.unwrap_or_default())
    }

    async fn quarantined(
        &self,
        import_id: &str,
        most: usize,
    ) -> anyhow::Result<Vec<proto::QuarantinedRow>> {
        let mut client = self.software("operator")?.directory_admin();
        let (mut aside, mut page_token) = (Vec::new(), String::new());
        while aside.len() < most {
            let request = proto::ListQuarantinedRowsRequest {
                import_id: import_id.to_owned(),
                page_size: page_size(most - aside.len()),
                page_token,
            };
            let page = client.list_quarantined_rows(request).await?.into_inner();
            aside.extend(page.rows);
            if page.next_page_token.is_empty() {
                break;
            }
            page_token = page.next_page_token;
        }
        Ok(aside)
    }

    fn show_import(&self, import: &proto::Import) -> anyhow::Result<()> {
        let mut rows = Rows::new(import_columns());
        rows.push(import_row(import));
        self.output.one(&rows)?;
        self.say_what_next(import)
    }

    fn say_what_next(&self, import: &proto::Import) -> anyhow::Result<()> {
        let reason = &import.state_reason;
        if !reason.is_empty() {
            self.output.sentence(&say(reason, reason))?;
        }
        match what_next(import) {
            Some(next) => Ok(self.output.sentence(&next)?),
            None => Ok(()),
        }
    }
}

/// What the import changed, and what may be done now.
fn what_next(import: &proto::Import) -> Option<Text> {
    let id = &import.import_id;
    match import.state() {
        proto::ImportState::Suspended => Some(say(
            format!(
                "Rien n'a changé : cet import attend une décision. Son rapport : `aval directory \
                 import-report {id}` ; puis `aval directory approve {id} --reason …` ou `reject`."
            ),
            format!(
                "Nothing changed: this import waits for a decision. Its report: `aval directory \
                 import-report {id}`; then `aval directory approve {id} --reason …` or `reject`."
            ),
        )),
        proto::ImportState::Applied => Some(say(
            "L'annuaire est celui de ce fichier, ou d'un plus récent : `aval directory freshness`.",
            "The directory is this file's, or a newer one's: `aval directory freshness`.",
        )),
        proto::ImportState::Rejected | proto::ImportState::Failed => Some(say(
            "Rien n'a changé. Un autre fichier s'envoie par `aval directory import`.",
            "Nothing changed. Another file is sent with `aval directory import`.",
        )),
        proto::ImportState::Receiving | proto::ImportState::Unspecified => None,
    }
}

fn import_columns() -> Vec<(&'static str, Text)> {
    vec![
        ("import_id", say("import", "import")),
        ("file_name", say("fichier", "file")),
        ("state", say("état", "state")),
        ("rows", say("lignes", "rows")),
        ("quarantined", say("mises de côté", "put aside")),
        ("practitioners", say("personnes", "people")),
        ("added", say("ajoutées", "added")),
        ("changed", say("changées", "changed")),
        ("deactivated", say("désactivées", "deactivated")),
    ]
}

fn import_row(import: &proto::Import) -> Vec<Value> {
    let report = import.report.clone().unwrap_or_default();
    let state = import.state().as_str_name();
    vec![
        json!(import.import_id),
        json!(import.file_name),
        json!(state.trim_start_matches("IMPORT_STATE_")),
        json!(report.row_count),
        json!(report.quarantined_count),
        json!(report.practitioner_count),
        json!(report.practitioners_added_count),
        json!(report.practitioners_changed_count),
        json!(report.practitioners_deactivated_count),
    ]
}

/// What a report says beside what a list does.
fn further_columns() -> [(&'static str, Text); 11] {
    [
        ("state_reason", say("pourquoi cet état", "why this state")),
        (
            "activities",
            say("situations d'exercice", "practice situations"),
        ),
        ("organizations", say("structures", "structures")),
        (
            "unknown",
            say("inconnues de l'annuaire", "unknown to the directory"),
        ),
        (
            "overrides_retired",
            say("corrections retirées", "corrections retired"),
        ),
        ("generated_at", say("produit le", "generated at")),
        ("started_at", say("commencé le", "started at")),
        ("finished_at", say("terminé le", "finished at")),
        (
            "file_sha256",
            say("SHA-256 du fichier", "SHA-256 of the file"),
        ),
        ("decided_by", say("décidé par", "decided by")),
        ("decision_reason", say("motif", "reason")),
    ]
}

fn further_values(import: &proto::Import) -> [Value; 11] {
    let report = import.report.clone().unwrap_or_default();
    [
        json!(import.state_reason),
        json!(report.activity_count),
        json!(report.organization_count),
        json!(report.practitioners_unknown_count),
        json!(report.overrides_retired_count),
        instant(import.generated_at.as_ref()),
        instant(import.started_at.as_ref()),
        instant(import.finished_at.as_ref()),
        json!(report.file_sha256),
        json!(import.decided_by),
        json!(import.decision_reason),
    ]
}

fn quarantined_rows(aside: &[proto::QuarantinedRow]) -> Rows {
    let mut rows = Rows::new(vec![
        ("line", say("ligne", "line")),
        ("column", say("colonne", "column")),
        ("reason", say("règle", "rule")),
    ]);
    for row in aside {
        rows.push(vec![json!(row.line), json!(row.column), json!(row.reason)]);
    }
    rows
}

/// What to ask for when so many are still wanted.
pub(super) fn page_size(left: usize) -> i32 {
    i32::try_from(left.min(LARGEST_PAGE)).unwrap_or(0)
}

fn progress_bar(bytes: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}");
    let bar = ProgressBar::new(bytes);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
