//! The four services in a folder of their own, a directory of people who do not
//! exist, and the software and the persons around them.

mod caller;
mod import;
mod people;

pub(crate) use caller::Caller;
pub(crate) use import::{header, piece};
pub(crate) use people::{
    Patient, Professional, anne, bruno, carla, document, numbered, registration,
};

use std::path::Path;

use aval::client::{ProviderClient, Software};
use aval::stack::{Engines, Ports, Stack, StackConfig};
use aval_domain::id::RequestId;
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::practitioner_directory::v1::ImportState;
use aval_testing::synthesize::{Cast, Directory, SynthesisPlan, file_name};
use tempfile::TempDir;

use crate::patience::eventually;

/// How many people the directory has: enough for one faulty row not to speak against
/// a file.
const PEOPLE: u32 = 150;
const SEED: u64 = 7_919;

/// What a test stands on. The folder goes when the scene does.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) stack: Stack,
    pub(crate) ports: Ports,
    pub(crate) provider: ProviderClient,
    /// The patients' portal.
    pub(crate) portal: Software,
    /// A practice's software.
    pub(crate) clinic: Software,
    /// Another practice's software.
    pub(crate) other_clinic: Software,
    /// The operator's command line.
    pub(crate) operator: Software,
    /// The people of the directory whom a test needs.
    pub(crate) cast: Cast,
    folder: TempDir,
}

impl Scene {
    /// Services with an empty directory.
    pub(crate) async fn empty() -> Self {
        Self::open(tempfile::tempdir().unwrap()).await
    }

    /// Services with the directory of [`plan`].
    pub(crate) async fn set() -> Self {
        Self::empty().await.with_a_directory().await
    }

    /// The same on these engines.
    pub(crate) async fn set_on(engines: Engines) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::open_on(engines, folder)
            .await
            .with_a_directory()
            .await
    }

    async fn with_a_directory(self) -> Self {
        let file = file_of(&plan().directory());
        let import = self.import(&this_minute(), file).await;
        assert_eq!(import.unwrap().state(), ImportState::Applied);
        self
    }

    /// A stack that runs already, with the directory of [`plan`] in it.
    pub(crate) async fn around(stack: Stack, ports: Ports, folder: TempDir) -> Self {
        let scene = Self::of(stack, ports, folder);
        let file = file_of(&plan().directory());
        let imported = eventually("the directory takes a file", async || {
            scene.import(&this_minute(), file.clone()).await.ok()
        });
        assert_eq!(imported.await.state(), ImportState::Applied);
        scene
    }

    /// The same folder, served by new processes' worth of services. The provider has
    /// forgotten everybody.
    pub(crate) async fn restarted(self) -> Self {
        Self::open(self.stopped().await).await
    }

    /// Stops the services; what is left of them.
    pub(crate) async fn stopped(self) -> TempDir {
        let Self { stack, folder, .. } = self;
        stack.stop().await;
        folder
    }

    /// Where everything is kept.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Software of this name, for calls with any bytes.
    pub(crate) fn caller(&self, name: &str) -> Caller {
        Caller::new(self, name)
    }

    /// Services in the folder that others left.
    pub(crate) async fn open(folder: TempDir) -> Self {
        Self::open_on(Engines::default(), folder).await
    }

    async fn open_on(engines: Engines, folder: TempDir) -> Self {
        let config = StackConfig::on_free_ports(folder.path()).unwrap();
        let config = config.with_engines(engines);
        let ports = config.ports;
        Self::of(Stack::start(config).await.unwrap(), ports, folder)
    }

    fn of(stack: Stack, ports: Ports, folder: TempDir) -> Self {
        Self {
            ports,
            provider: stack.provider_client().unwrap(),
            portal: stack.software("gateway").unwrap(),
            clinic: stack.software(CLINIC).unwrap(),
            other_clinic: stack.software(OTHER_CLINIC).unwrap(),
            operator: stack.software("operator").unwrap(),
            cast: plan().cast().unwrap(),
            stack,
            folder,
        }
    }
}

/// The names in the certificates of the two practices.
pub(crate) const CLINIC: &str = "software/clinic-a";
pub(crate) const OTHER_CLINIC: &str = "software/clinic-b";

/// Who is in the directory.
pub(crate) fn plan() -> SynthesisPlan {
    SynthesisPlan::new(SEED, PEOPLE)
}

/// The bytes of a published file.
pub(crate) fn file_of(directory: &Directory) -> Vec<u8> {
    let mut bytes = Vec::new();
    directory.write(&mut bytes).unwrap();
    bytes
}

/// The name of a file that was published just now.
pub(crate) fn this_minute() -> String {
    file_name(SystemClock.now())
}

/// A fresh id that makes one call repeatable; as good as any for a thing that does not
/// exist.
pub(crate) fn fresh_id() -> String {
    RequestId::new(&SystemRandom).to_string()
}
