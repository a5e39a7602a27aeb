//! `aval up`: the four services in one process, until Ctrl-C.

mod sample;

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use aval_testing::provider::{DevelopmentProvider, Realm};

use crate::arguments::UpArguments;
use crate::language::{Language, say};
use crate::stack::{Stack, StackConfig};

/// Runs the services until Ctrl-C or SIGTERM, then lets every call at work finish.
/// Unless it is to stay empty, the directory is filled with people who do not exist.
pub(crate) async fn run(data: &Path, up: &UpArguments, language: Language) -> anyhow::Result<()> {
    let config = if up.free_ports {
        StackConfig::on_free_ports(data)?
    } else {
        StackConfig::usual(data)
    };
    let config = config.with_engines(up.engines.clone());
    let begun = Instant::now();
    let stack = Stack::start(config).await?;
    let took = begun.elapsed().as_millis();
    if !up.empty {
        sample::fill(&stack).await?;
    }
    let ready = say(
        format!("Prêt en {took} ms."),
        format!("Ready in {took} ms."),
    );
    print(ready.in_language(language))?;
    introduce(&stack, language)?;
    stop_signal().await?;
    let draining = say(
        "\nArrêt : les appels en cours se terminent…",
        "\nStopping: calls at work are being finished…",
    );
    print(draining.in_language(language))?;
    stack.stop().await;
    Ok(())
}

/// Prints what somebody who sees the services for the first time needs next.
pub(crate) fn introduce(stack: &Stack, language: Language) -> io::Result<()> {
    let addresses = stack.addresses();
    let folder = stack.layout().folder().display().to_string();
    let pki = stack.layout().pki().display().to_string();
    let provider = stack.provider();
    print(say("\nServices (gRPC, mTLS) :", "\nServices (gRPC, mTLS):").in_language(language))?;
    for (name, address) in [
        ("practitioner-directory", addresses.directory),
        ("identity", addresses.identity),
        ("consent", addresses.consent),
        ("audit", addresses.audit),
    ] {
        print(&format!("  {name:<24} {address}"))?;
    }
    print(say("\nDÉVELOPPEMENT SEULEMENT :", "\nDEVELOPMENT ONLY:").in_language(language))?;
    print(&format!("  {}", DevelopmentProvider::KIND))?;
    print(&format!(
        "  {}",
        provider.discovery_url(Realm::Professionals)
    ))?;
    print(&format!("  {}", provider.discovery_url(Realm::Patients)))?;
    let matrix = say(
        "  matrice d'habilitation : EXEMPLE, jusqu'à `aval matrix load` de la matrice officielle",
        "  habilitation matrix: EXAMPLE, until `aval matrix load` brings the official one",
    );
    print(matrix.in_language(language))?;
    let kept = say(
        format!("\nDonnées : {folder}   certificats : {pki}"),
        format!("\nData: {folder}   certificates: {pki}"),
    );
    print(kept.in_language(language))?;
    print(say("\nÀ copier :", "\nTo copy:").in_language(language))?;
    print(&format!("  aval --data {folder} directory search martin"))?;
    print(&format!(
        "  buf curl --protocol grpc --schema proto --cacert {pki}/ca.pem --cert {pki}/gateway.pem \\\n    \
         --key {pki}/gateway.key --servername localhost -d '{{\"name\":\"martin\"}}' \\\n    \
         https://{}/aval.practitioner_directory.v1.DirectoryService/SearchPractitioners",
        addresses.directory
    ))?;
    print(say("\nCtrl-C arrête tout.", "\nCtrl-C stops everything.").in_language(language))
}

#[cfg(unix)]
async fn stop_signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn stop_signal() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

fn print(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}
