//! Who takes turns, ready to be called.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use aval_runtime::config::TlsFiles;

use super::arguments::BenchArguments;
use super::consent::ConsentService;
use super::contender::{
    Contender, Credentials, Entrant, GrpcContender, Operation, Questions, RawInsertContender,
    SelfSigned, serve_bare, serve_layers,
};
use super::pki;
use super::rounds::Lineup;
use super::threads::Threads;
use crate::stack::{Engines, Layout};

/// The contenders, and what must go on running behind them.
pub(crate) struct Prepared {
    pub(crate) lineup: Lineup,
    consent: ConsentService,
}

/// The software in whose name all callers call: the document repository, which asks
/// before it discloses.
pub(crate) const CALLER: &str = "records";

/// Starts the servers, fills the services with people, and connects the callers.
pub(crate) async fn prepare(
    arguments: &BenchArguments,
    folder: &Path,
    threads: &Threads,
) -> anyhow::Result<Prepared> {
    let consent = ConsentService::start(folder, arguments, threads).await?;
    let pki = pki::open(&Layout::in_folder(folder).pki())?;
    let caller = pki::files(&pki, CALLER)?;
    let ground = Ground {
        server: pki::files(&pki, "consent")?,
        professional: Arc::new(SelfSigned::new(&caller)?),
        caller,
        connections: usize::try_from(arguments.connections)?,
        callers: arguments.callers,
        folder,
        engines: &arguments.engines,
        threads,
    };
    let mut lineup = Lineup::new();
    for &who in arguments.entrants() {
        lineup.push((who, ground.contender(who, &consent).await?));
    }
    Ok(Prepared { lineup, consent })
}

impl Prepared {
    /// Lets the services finish what they have, and stops them.
    pub(crate) async fn stop(self) {
        drop(self.lineup);
        self.consent.stop().await;
    }
}

/// What contenders are made with.
struct Ground<'bench> {
    server: TlsFiles,
    caller: TlsFiles,
    professional: Arc<SelfSigned>,
    connections: usize,
    callers: u32,
    folder: &'bench Path,
    engines: &'bench Engines,
    threads: &'bench Threads,
}

impl Ground<'_> {
    async fn contender(
        &self,
        who: Entrant,
        consent: &ConsentService,
    ) -> anyhow::Result<Arc<dyn Contender>> {
        Ok(match who {
            Entrant::Bare | Entrant::Layers => Arc::new(self.call_empty(who, consent).await?),
            Entrant::LayersRevoking => {
                let calls = self.call_empty(who, consent).await?;
                let _callers = self.threads.callers().enter();
                Arc::new(consent.while_revoking(calls)?)
            }
            Entrant::Check => Arc::new(self.ask(consent, Operation::Check).await?),
            Entrant::ColdCheck => {
                let questions = consent.questions_about_strangers();
                let checks = self.ask_these(consent, Operation::Check, questions);
                Arc::new(checks.await?)
            }
            Entrant::BatchCheck => Arc::new(self.ask(consent, Operation::BatchCheck).await?),
            Entrant::CheckRevoking => {
                let checks = self.ask(consent, Operation::Check).await?;
                let _callers = self.threads.callers().enter();
                Arc::new(consent.while_revoking(checks)?)
            }
            Entrant::Authorize => Arc::new(self.ask(consent, Operation::Authorize).await?),
            Entrant::RawInsert => {
                let file = self.folder.join("baseline.sqlite");
                Arc::new(RawInsertContender::create(self.engines, &file, self.callers).await?)
            }
        })
    }

    /// Connects to an empty server of its own.
    async fn call_empty(
        &self,
        who: Entrant,
        consent: &ConsentService,
    ) -> anyhow::Result<GrpcContender> {
        let address = self.serve_empty(who).await?;
        // The same questions as the real service gets, and no answer to them.
        let questions = consent.questions().with_empty_answers();
        let credentials = self.professional.clone();
        self.connect(address, Operation::Check, questions, credentials)
            .await
    }

    /// Starts one of the empty servers on the servers' thread.
    async fn serve_empty(&self, who: Entrant) -> anyhow::Result<SocketAddr> {
        let files = self.server.clone();
        let verifier = self.professional.verifier();
        let servers = self.threads.servers();
        let started = match who {
            Entrant::Bare => servers.spawn(async move { serve_bare(&files).await }),
            _ => servers.spawn(async move { serve_layers(&files, CALLER, verifier).await }),
        };
        started.await?
    }

    /// Connects to the running consent service.
    async fn ask(
        &self,
        consent: &ConsentService,
        operation: Operation,
    ) -> anyhow::Result<GrpcContender> {
        let questions = match operation {
            Operation::Check | Operation::Authorize => consent.questions(),
            Operation::BatchCheck => consent.questions_of_many_documents(),
        };
        self.ask_these(consent, operation, questions).await
    }

    async fn ask_these(
        &self,
        consent: &ConsentService,
        operation: Operation,
        questions: Questions,
    ) -> anyhow::Result<GrpcContender> {
        let address = consent.address();
        self.connect(address, operation, questions, consent.credentials())
            .await
    }

    /// Connects on the callers' thread.
    async fn connect(
        &self,
        address: SocketAddr,
        operation: Operation,
        questions: Questions,
        credentials: Arc<dyn Credentials>,
    ) -> anyhow::Result<GrpcContender> {
        let (caller, connections) = (self.caller.clone(), self.connections);
        let connected = self.threads.callers().spawn(async move {
            GrpcContender::connect(
                address,
                &caller,
                connections,
                operation,
                questions,
                credentials,
            )
            .await
        });
        connected.await?
    }
}
