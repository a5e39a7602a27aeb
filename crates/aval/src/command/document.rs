//! `aval document …`: what is masked, and for whom.

use aval_proto::consent::v1 as proto;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::demo::request_id;
use crate::language::say;
use crate::output::Rows;

use super::Session;
use super::directory::instant;
use super::person::{PatientArguments, SignedIn};

/// What to do with a document.
#[derive(Debug, Subcommand)]
pub enum DocumentCommand {
    /// Masks a document from professionals; its author and the treating doctor still
    /// see it.
    Mask {
        /// From this professional only.
        #[arg(long, value_name = "PRACTITIONER_ID")]
        from: Option<String>,
        /// Which, and for whom.
        #[command(flatten)]
        document: DocumentArguments,
    },
    /// Takes the mask off, or shows a masked document to one professional.
    #[command(alias = "unmask")]
    Reveal {
        /// To this professional only.
        #[arg(long, value_name = "PRACTITIONER_ID")]
        to: Option<String>,
        /// Which, and for whom.
        #[command(flatten)]
        document: DocumentArguments,
    },
    /// Lists what is masked or shown.
    List {
        /// Only this document.
        document_id: Option<String>,
        /// For whom.
        #[command(flatten)]
        who: PatientArguments,
    },
}

/// Which document, and for whom.
#[derive(Debug, Args)]
pub struct DocumentArguments {
    /// The repository's identifier.
    document_id: String,
    /// Takes back what the same command did without it.
    #[arg(long)]
    undo: bool,
    /// For whom.
    #[command(flatten)]
    who: PatientArguments,
}

/// A setting, and whether it is taken back.
struct Setting<'a> {
    kind: proto::VisibilityKind,
    practitioner_id: &'a str,
    remove: bool,
}

impl Session {
    /// Obeys a document command.
    pub async fn document(&self, command: &DocumentCommand) -> anyhow::Result<()> {
        match command {
            DocumentCommand::Mask { from, document } => {
                let setting = match from {
                    Some(whom) => hidden_from(whom, document.undo),
                    None => masked(document.undo),
                };
                self.set_visibility(document, setting).await
            }
            DocumentCommand::Reveal { to, document } => {
                let setting = match to {
                    Some(whom) => revealed_to(whom, document.undo),
                    None => masked(!document.undo),
                };
                self.set_visibility(document, setting).await
            }
            DocumentCommand::List { document_id, who } => {
                let patient = self.patient(who).await?;
                let document_id = document_id.as_deref().unwrap_or_default();
                self.list_visibilities(&patient, document_id).await
            }
        }
    }

    async fn set_visibility(
        &self,
        document: &DocumentArguments,
        setting: Setting<'_>,
    ) -> anyhow::Result<()> {
        let patient = self.patient(&document.who).await?;
        let request = patient.bearer.asks(proto::SetDocumentVisibilityRequest {
            patient_id: patient.patient_id.clone(),
            document_id: document.document_id.clone(),
            kind: setting.kind.into(),
            practitioner_id: setting.practitioner_id.to_owned(),
            remove: setting.remove,
            request_id: request_id(),
        });
        let answer = patient
            .software
            .settings()
            .set_document_visibility(request)
            .await?;
        self.show_visibilities(&answer.into_inner().visibilities)
    }

    async fn list_visibilities(&self, patient: &SignedIn, document_id: &str) -> anyhow::Result<()> {
        let mut visibilities = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = patient.bearer.asks(proto::ListDocumentVisibilitiesRequest {
                patient_id: patient.patient_id.clone(),
                document_id: document_id.to_owned(),
                page_size: 200,
                page_token,
            });
            let page = patient
                .software
                .settings()
                .list_document_visibilities(request)
                .await?
                .into_inner();
            visibilities.extend(page.visibilities);
            if page.next_page_token.is_empty() {
                return self.show_visibilities(&visibilities);
            }
            page_token = page.next_page_token;
        }
    }

    fn show_visibilities(&self, visibilities: &[proto::DocumentVisibility]) -> anyhow::Result<()> {
        let mut rows = Rows::new(vec![
            ("document_id", say("document", "document")),
            ("kind", say("réglage", "setting")),
            ("practitioner_id", say("professionnel", "practitioner")),
            ("set_at", say("depuis", "since")),
            ("release_at", say("jusqu'au", "until")),
        ]);
        for visibility in visibilities {
            let kind = visibility.kind().as_str_name();
            let whom = Some(&visibility.practitioner_id).filter(|id| !id.is_empty());
            rows.push(vec![
                json!(visibility.document_id),
                json!(kind.trim_start_matches("VISIBILITY_KIND_")),
                json!(whom),
                instant(visibility.set_at.as_ref()),
                instant(visibility.release_at.as_ref()),
            ]);
        }
        Ok(self.output.rows(&rows)?)
    }
}

const fn masked(remove: bool) -> Setting<'static> {
    Setting {
        kind: proto::VisibilityKind::Masked,
        practitioner_id: "",
        remove,
    }
}

const fn hidden_from(practitioner_id: &str, remove: bool) -> Setting<'_> {
    Setting {
        kind: proto::VisibilityKind::HiddenFromOne,
        practitioner_id,
        remove,
    }
}

const fn revealed_to(practitioner_id: &str, remove: bool) -> Setting<'_> {
    Setting {
        kind: proto::VisibilityKind::RevealedToOne,
        practitioner_id,
        remove,
    }
}
