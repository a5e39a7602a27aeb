//! `aval matrix …`: the matrix of access rights, as the operator keeps it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use aval_domain::time::Timestamp;
use aval_proto::consent::v1 as proto;
use aval_runtime::convert::timestamp_to_proto;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Session;
use super::directory::instant;
use crate::demo::request_id;
use crate::language::{Text, say};
use crate::output::Rows;

/// What to do with the matrix.
#[derive(Debug, Subcommand)]
pub enum MatrixCommand {
    /// Shows which matrix is in force, what it permits, and which were loaded.
    Show,
    /// Says everything that is wrong with a file, or what it would change of the matrix
    /// in force; changes nothing.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Loads a file: every instance decides by it from the instant named, or at once.
    Load(LoadArguments),
}

/// Arguments of `aval matrix load`.
#[derive(Debug, Args)]
pub struct LoadArguments {
    /// The file.
    file: PathBuf,
    /// From which instant on, later than now: `2027-01-01T00:00:00+01:00`.
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    from: Option<Timestamp>,
}

fn parse_instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).map_err(|error| error.to_string())
}

impl Session {
    /// Obeys a matrix command.
    pub async fn matrix(&self, command: &MatrixCommand) -> anyhow::Result<()> {
        match command {
            MatrixCommand::Show => self.show_matrix().await,
            MatrixCommand::Check { file } => self.check_matrix(file).await,
            MatrixCommand::Load(arguments) => self.load_matrix(arguments).await,
        }
    }

    async fn show_matrix(&self) -> anyhow::Result<()> {
        let mut client = self.software("operator")?.policy();
        let request = proto::GetMatrixRequest {};
        let answer = client.get_matrix(request).await?.into_inner();
        let in_force = answer.in_force.unwrap_or_default();
        let mut columns = vec![("policy_revision", say("politique", "policy"))];
        columns.extend(matrix_columns());
        let mut shown = Rows::new(columns);
        let mut values = vec![json!(answer.policy_revision)];
        values.extend(matrix_values(&in_force));
        shown.push(values);
        let cells = cells(&answer.cells, &say("permet", "permits"));
        let mut loaded = Rows::new(matrix_columns().into());
        for matrix in &answer.loaded {
            loaded.push(matrix_values(matrix).into());
        }
        let lists = [("cells", &cells), ("loaded", &loaded)];
        self.output.with_lists(&shown, &lists)?;
        self.warn_of_example(&in_force)
    }

    async fn check_matrix(&self, file: &Path) -> anyhow::Result<()> {
        let checked = self.checked(file).await?;
        let matrix = checked.matrix.unwrap_or_default();
        let mut shown = Rows::new(vec![
            ("revision", say("révision", "revision")),
            ("example", say("exemple", "example")),
            ("sha256", say("SHA-256", "SHA-256")),
            (
                "in_force",
                say(
                    "comparée à celle en vigueur",
                    "compared with the one in force",
                ),
            ),
        ]);
        let in_force = checked.in_force.unwrap_or_default();
        shown.push(vec![
            json!(matrix.revision),
            json!(matrix.example),
            json!(matrix.sha256),
            json!(in_force.revision),
        ]);
        let changes = cells(&checked.changes, &say("permettrait", "would permit"));
        self.output.with_list(&shown, "changes", &changes)?;
        if changes.is_empty() {
            self.output
                .sentence(&say("Aucune case ne changerait.", "No cell would change."))?;
        }
        self.warn_of_example(&matrix)
    }

    async fn load_matrix(&self, arguments: &LoadArguments) -> anyhow::Result<()> {
        let checked = self.checked(&arguments.file).await?;
        let request = proto::LoadMatrixRequest {
            content: read(&arguments.file)?,
            effective_at: arguments.from.map(timestamp_to_proto),
            request_id: request_id(),
        };
        let mut client = self.software("operator")?.policy();
        let loaded = client.load_matrix(request).await?.into_inner();
        let matrix = loaded.matrix.unwrap_or_default();
        let mut columns = vec![
            ("policy_revision", say("politique", "policy")),
            (
                "replaces",
                say("en vigueur jusqu'ici", "in force until now"),
            ),
        ];
        columns.extend(matrix_columns());
        let mut shown = Rows::new(columns);
        let before = checked.in_force.unwrap_or_default();
        let mut values = vec![json!(loaded.policy_revision), json!(before.revision)];
        values.extend(matrix_values(&matrix));
        shown.push(values);
        let changes = cells(&checked.changes, &say("permet", "permits"));
        self.output.with_list(&shown, "changes", &changes)?;
        let told = match arguments.from {
            None => say(
                "Chargée : toutes les instances décident par elle. La trace le dit.",
                "Loaded: every instance decides by it. The trail says so.",
            ),
            Some(from) => say(
                format!("Chargée : en vigueur à partir du {from}. La trace le dit."),
                format!("Loaded: in force from {from}. The trail says so."),
            ),
        };
        self.output.sentence(&told)?;
        self.warn_of_example(&matrix)
    }

    /// What the service says of a sound file. The faults of another are printed, and the
    /// command ends.
    async fn checked(&self, file: &Path) -> anyhow::Result<proto::CheckMatrixResponse> {
        let mut client = self.software("operator")?.policy();
        let content = read(file)?;
        let request = proto::CheckMatrixRequest { content };
        let checked = client.check_matrix(request).await?.into_inner();
        if checked.faults.is_empty() {
            return Ok(checked);
        }
        self.output.rows(&faults(&checked.faults))?;
        let (file, count) = (file.display(), checked.faults.len());
        anyhow::bail!("{file}: {count} faults, nothing was loaded")
    }

    /// Says of an example that it is one, whoever reads standard output.
    fn warn_of_example(&self, matrix: &proto::Matrix) -> anyhow::Result<()> {
        if !matrix.example {
            return Ok(());
        }
        Ok(self.output.warning(&say(
            "EXEMPLE : les cases de cette matrice sont inventées. La matrice officielle est à \
             charger par l'exploitant.",
            "EXAMPLE: the cells of this matrix are made up. The official one is the operator's \
             to load.",
        ))?)
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}

fn matrix_columns() -> [(&'static str, Text); 5] {
    [
        ("revision", say("révision", "revision")),
        ("example", say("exemple", "example")),
        (
            "effective_at",
            say("en vigueur à partir du", "in force from"),
        ),
        ("loaded_at", say("chargée le", "loaded at")),
        ("sha256", say("SHA-256", "SHA-256")),
    ]
}

fn matrix_values(matrix: &proto::Matrix) -> [Value; 5] {
    [
        json!(matrix.revision),
        json!(matrix.example),
        instant(matrix.effective_at.as_ref()),
        instant(matrix.loaded_at.as_ref()),
        json!(matrix.sha256),
    ]
}

fn cells(cells: &[proto::MatrixCell], permits: &Text) -> Rows {
    let mut rows = Rows::new(vec![
        ("profession", say("profession", "profession")),
        ("profession_label", say("libellé", "name")),
        ("function", say("fonction", "function")),
        ("document_class", say("catégorie", "class")),
        ("document_type", say("type", "type")),
        ("permits", permits.clone()),
    ]);
    for cell in cells {
        let class = cell.document_class().as_str_name();
        rows.push(vec![
            json!(cell.profession_code),
            json!(cell.profession_label),
            json!(cell.function_code),
            json!(class.trim_start_matches("DOCUMENT_CLASS_")),
            json!(cell.document_type),
            json!(cell.permits),
        ]);
    }
    rows
}

fn faults(faults: &[proto::MatrixFault]) -> Rows {
    let mut rows = Rows::new(vec![
        ("line", say("ligne", "line")),
        ("column", say("colonne", "column")),
        ("field", say("champ", "field")),
        ("rule", say("règle", "rule")),
    ]);
    for fault in faults {
        rows.push(vec![
            json!(fault.line),
            json!(fault.column),
            json!(fault.field),
            json!(fault.rule),
        ]);
    }
    rows
}
