//! The operator imports the directory file.

use aval_proto::practitioner_directory::v1 as proto;

use crate::demo::scene::Scene;
use crate::demo::stage::Stage;
use crate::import::{FileToImport, send};
use crate::language::say;

/// Imports the file and looks at what became of it.
pub(crate) async fn play(
    stage: &mut Stage,
    scene: &Scene,
    file: &FileToImport,
) -> anyhow::Result<()> {
    stage.act(&say("L'annuaire", "The directory"))?;
    let import = import(stage, scene, file).await?;
    quarantine(stage, scene, &import).await?;
    freshness(stage, scene).await
}

async fn import(
    stage: &mut Stage,
    scene: &Scene,
    file: &FileToImport,
) -> anyhow::Result<proto::Import> {
    let mut step = stage.step(
        &say(
            format!("L'exploitant importe {}", file.name()),
            format!("The operator imports {}", file.name()),
        ),
        "DirectoryAdminService.ImportExtraction",
    )?;
    let request = send(file, |_| ())?;
    let response = step
        .answer(scene.operator.directory_admin().import_extraction(request))
        .await?;
    let import = response.import.unwrap_or_default();
    let report = import.report.clone().unwrap_or_default();
    step.shows(&say(
        format!(
            "{} lignes, {} personnes, {} situations d'exercice, {} structures",
            report.row_count,
            report.practitioner_count,
            report.activity_count,
            report.organization_count
        ),
        format!(
            "{} rows, {} people, {} practice situations, {} structures",
            report.row_count,
            report.practitioner_count,
            report.activity_count,
            report.organization_count
        ),
    ))?;
    let people = i64::try_from(scene.directory.people.len())?;
    step.holds(
        import.state() == proto::ImportState::Applied && report.practitioner_count == people,
        &say("une personne, une entrée", "one human, one entry"),
    )?;
    Ok(import)
}

async fn quarantine(
    stage: &mut Stage,
    scene: &Scene,
    import: &proto::Import,
) -> anyhow::Result<()> {
    let mut step = stage.step(
        &say(
            "Les lignes en erreur sont mises de côté, rien d'autre n'est perdu",
            "Rows in error are put aside, nothing else is lost",
        ),
        "DirectoryAdminService.ListQuarantinedRows",
    )?;
    let request = proto::ListQuarantinedRowsRequest {
        import_id: import.import_id.clone(),
        page_size: 0,
        page_token: String::new(),
    };
    let answer = step
        .answer(
            scene
                .operator
                .directory_admin()
                .list_quarantined_rows(request),
        )
        .await?;
    for row in answer.rows.iter().take(3) {
        let place = if row.column.is_empty() {
            "—"
        } else {
            &row.column
        };
        step.shows(&say(
            format!("ligne {}, {place} : {}", row.line, row.reason),
            format!("line {}, {place}: {}", row.line, row.reason),
        ))?;
    }
    let expected = scene.directory.plan.faults.total();
    step.holds(
        u64::try_from(answer.rows.len())? == u64::from(expected),
        &say(
            format!("{expected} lignes, chacune avec sa raison"),
            format!("{expected} rows, each with its reason"),
        ),
    )
}

async fn freshness(stage: &mut Stage, scene: &Scene) -> anyhow::Result<()> {
    let mut step = stage.step(
        &say("De quand date l'annuaire ?", "How old is the directory?"),
        "DirectoryService.GetFreshness",
    )?;
    let answer = step
        .answer(
            scene
                .portal
                .directory()
                .get_freshness(proto::GetFreshnessRequest {}),
        )
        .await?;
    let fresh = answer.sources.iter().filter(|source| !source.stale).count();
    step.shows(&say(
        format!("{} professionnels en activité", answer.practitioner_count),
        format!("{} active professionals", answer.practitioner_count),
    ))?;
    step.holds(
        fresh == 1,
        &say("la source est à jour", "the source is up to date"),
    )
}
