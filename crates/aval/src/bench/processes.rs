//! `aval bench-processes`: each service's own program, from its start until it is ready, and
//! how much memory it holds when nobody calls.
//!
//! All four run on embedded databases of their own that are migrated already, as on a cluster,
//! with certificates, tokens, and what each does by itself: housekeeping, following, polls.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};

use super::spread::Spread;
use crate::language::say;
use crate::output::{Output, Rows};
use crate::stack::{Ports, Stack, StackConfig};

/// Measures how soon programs are ready, and how much memory they hold.
#[derive(Debug, Clone, Args)]
pub struct ProcessBenchArguments {
    /// The folder of the services' programs. By default that of this one.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// How often each is started.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Seconds that nobody calls before the memory is looked at.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    idle: u32,
}

/// In the order of the ports of [`Ports::ops`].
const SERVICES: [&str; 4] = ["practitioner-directory", "identity", "consent", "audit"];
/// How long a program may take to be ready.
const PATIENCE: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// Measures, and says what came of it.
pub async fn run(arguments: &ProcessBenchArguments, output: Output) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("cannot make a folder for the databases")?;
    let config = StackConfig::on_free_ports(folder.path())?;
    let ports = config.ports;
    let stack = Stack::without_services(config).await?;
    let programs = match &arguments.programs {
        Some(folder) => folder.clone(),
        None => own_folder()?,
    };
    let mut ready = [const { Vec::new() }; SERVICES.len()];
    let mut held = [const { Vec::new() }; SERVICES.len()];
    let mut own = [const { Vec::new() }; SERVICES.len()];
    // The first round makes the databases and the keys, and counts for nothing.
    for round in 0..=arguments.rounds {
        let mut running = Vec::new();
        for (service, ops) in SERVICES.into_iter().zip(ports.ops) {
            let config = stack.layout().config(service);
            running.push(Running::start(&programs, service, &config, ops).await?);
        }
        let idle = if round == 0 { 0 } else { arguments.idle };
        tokio::time::sleep(Duration::from_secs(idle.into())).await;
        for (number, program) in running.iter().enumerate() {
            if round > 0 {
                ready[number].push(program.ready_after.as_secs_f64() * 1000.0);
                held[number].push(program.mib("VmRSS:")?);
                own[number].push(program.mib("RssAnon:")?);
            }
        }
    }
    let mut rows = Rows::new(vec![
        ("service", say("service", "service")),
        ("ready_ms", say("prêt, ms", "ready, ms")),
        ("slowest_ms", say("au plus, ms", "slowest, ms")),
        ("resident_mib", say("résident, Mio", "resident, MiB")),
        ("most_mib", say("au plus, Mio", "most, MiB")),
        // The rest is the program's file, which its instances share and the kernel may drop.
        ("own_mib", say("en propre, Mio", "its own, MiB")),
    ]);
    let measured = ready.into_iter().zip(held).zip(own);
    for (service, ((ready, held), own)) in SERVICES.into_iter().zip(measured) {
        let ready = Spread::of(ready).context("each was started")?;
        let held = Spread::of(held).context("each was looked at")?;
        let own = Spread::of(own).context("each was looked at")?;
        rows.push(vec![
            service.into(),
            tenths(ready.median),
            tenths(ready.highest),
            tenths(held.median),
            tenths(held.highest),
            tenths(own.median),
        ]);
    }
    output.rows(&rows)?;
    stack.stop().await;
    Ok(())
}

fn tenths(value: f64) -> Value {
    json!((value * 10.0).round() / 10.0)
}

fn own_folder() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("this program is somewhere")?;
    let folder = own.parent().context("this program is in a folder")?;
    Ok(folder.to_owned())
}

/// A program that is ready. It ends with this value.
struct Running {
    child: Child,
    ready_after: Duration,
}

impl Running {
    async fn start(
        programs: &Path,
        service: &str,
        config: &Path,
        ops: u16,
    ) -> anyhow::Result<Self> {
        let program = programs.join(format!("aval-{service}"));
        let begun = Instant::now();
        let child = Command::new(&program)
            .args(["serve", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut running = Self {
            child,
            ready_after: Duration::ZERO,
        };
        let url = format!("http://{}/ready", Ports::address(ops));
        let client = reqwest::Client::new();
        loop {
            let asked = client.get(&url).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                running.ready_after = begun.elapsed();
                return Ok(running);
            }
            if let Some(status) = running.child.try_wait()? {
                bail!("{service} ended: {status}; `aval-{service} check-config` may say why");
            }
            if begun.elapsed() > PATIENCE {
                bail!("{service} is not ready after {PATIENCE:?}");
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// What the kernel says of the memory that it has for it.
    fn mib(&self, what: &str) -> anyhow::Result<f64> {
        let file = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&file).context(file)?;
        let line = status.lines().find_map(|line| line.strip_prefix(what));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kib: f64 = kib.context("the kernel says it")?.trim().parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It holds nothing that must not be lost: its folder goes next.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
