//! The promises of the store, kept on every engine.

mod changes;
mod crashing;
mod duplicates;
mod establishments;
mod founding;
mod importing;
mod indexing;
mod keeping;
mod mailboxes;
mod merging;
mod mistyping;
mod overriding;
mod plans;
mod qualifications;
mod remembering;
mod requests;
mod searching;
mod serving;
mod showing;
mod skills;
mod statistics;
mod suspending;
mod ten_days;

use std::sync::Arc;
use std::time::Duration;

use aval_database::Database;
use aval_domain::id::{PractitionerId, RequestId};
use aval_domain::random::SeededRandom;
use aval_domain::time::{Clock, ManualClock, Timestamp};
use aval_runtime::boot_clock::SystemBootClock;
use aval_runtime::caller::CallerId;
use aval_runtime::context::RequestContext;
use aval_runtime::environment::Environment;
use aval_testing::synthesize::{Directory, Person, SynthesisPlan, file_name};
use futures::{StreamExt, stream};

use super::sql::{Migrator, SqlStore};
use super::{Resolved, Store};
use crate::app::{App, ImportExtraction, PieceFault, Settings, WatchSettings};
use crate::error::Error;
use crate::extraction::ExtractionName;
use crate::identifier::{Identifier, IdentifierKind};
use crate::import::limits::ImportLimits;
use crate::import::{Import, ImportState};
use crate::lease::Lease;
use crate::people::People;
use crate::practitioner::Practitioner;

aval_database::migration_suite!(Migrator);

/// A directory on a fresh database, kept through the use cases.
#[derive(Debug)]
pub(super) struct Fixture {
    db: Database,
    store: Arc<dyn Store>,
    /// The same.
    sql: SqlStore,
    app: App,
    clock: ManualClock,
    environment: Environment,
}

/// What the tests' first file was generated at.
const FIRST_DAY: i64 = 1_795_000_020;

/// How long a suspended import waits.
const HELD_FOR: Duration = Duration::from_hours(30 * 24);

impl Fixture {
    fn new(db: Database) -> Self {
        Self::with_limits(
            db,
            ImportLimits {
                deactivated_share: 0.05,
                changed_share: 0.05,
                alarm_share: 0.2,
                malformed_share: 0.01,
            },
        )
    }

    /// One that applies whatever is imported.
    fn trusting(db: Database) -> Self {
        let everything = ImportLimits {
            deactivated_share: 1.0,
            changed_share: 1.0,
            alarm_share: 1.0,
            malformed_share: 1.0,
        };
        Self::with_limits(db, everything)
    }

    fn with_limits(db: Database, limits: ImportLimits) -> Self {
        let clock = ManualClock::new(Timestamp::from_unix_seconds(FIRST_DAY));
        let environment = Environment {
            clock: Arc::new(clock.clone()),
            random: Arc::new(SeededRandom::new(1)),
        };
        let lease = Arc::new(Lease::new(Arc::new(SystemBootClock)));
        let folder = std::env::temp_dir();
        // Nobody asks for the lease: what the file holds is compared, and not shown.
        let sql = SqlStore::showing_from(db.clone(), folder, Arc::clone(&lease));
        let store: Arc<dyn Store> = Arc::new(sql.clone());
        let settings = Settings {
            limits,
            longest_silence: Duration::from_mins(1),
            held_for: HELD_FOR,
            alarm_age: Duration::from_hours(48),
            register_alarm_age: Duration::from_hours(2_400),
            watch: WatchSettings {
                poll: Duration::from_millis(50),
                heartbeat: Duration::from_mins(1),
            },
        };
        let people = People::new(Arc::clone(&store), 0, lease);
        let app = App::new(Arc::clone(&store), Arc::new(people), settings);
        Self {
            db,
            store,
            sql,
            app,
            clock,
            environment,
        }
    }

    fn cx(&self) -> RequestContext {
        let operator = CallerId::parse("operator").unwrap();
        RequestContext::for_service(&self.environment, operator)
    }

    /// Imports a file generated now, a day after the one before.
    async fn import(&self, directory: &Directory) -> Result<Import, Error> {
        self.clock.advance(Duration::from_hours(24));
        let request = RequestId::new(self.environment.random.as_ref());
        self.send(request, file_name(self.clock.now()), text_of(directory))
            .await
    }

    async fn applied(&self, directory: &Directory) -> Import {
        let import = self.import(directory).await.unwrap();
        assert_eq!(import.state, ImportState::Applied, "{import:?}");
        import
    }

    async fn send(
        &self,
        request_id: RequestId,
        file_name: String,
        bytes: Vec<u8>,
    ) -> Result<Import, Error> {
        let pieces: Vec<Result<Vec<u8>, PieceFault>> = bytes
            .chunks(10_000)
            .map(|piece| Ok(piece.to_vec()))
            .collect();
        self.send_pieces(request_id, file_name, pieces).await
    }

    async fn send_pieces(
        &self,
        request_id: RequestId,
        file_name: String,
        pieces: Vec<Result<Vec<u8>, PieceFault>>,
    ) -> Result<Import, Error> {
        let command = ImportExtraction {
            name: ExtractionName::parse(&file_name).unwrap(),
            file_name,
            size_bytes: None,
            request_id,
        };
        let import = self
            .app
            .import_extraction(&self.cx(), command, stream::iter(pieces))
            .await;
        self.assert_index_follows().await;
        import
    }

    /// Whoever is known under this person's number.
    async fn find(&self, person: &Person) -> Option<Practitioner> {
        let number = Identifier::published(IdentifierKind::NationalPerson, person.national_id());
        let found = self.store.resolve(&[number]).await.unwrap();
        let resolved = found.value.into_iter().next()?;
        match resolved {
            Resolved::Practitioner(practitioner) => Some(practitioner),
            Resolved::Organization(other) => panic!("{other:?}"),
        }
    }

    async fn find_all(&self, people: &[Person]) -> Vec<Practitioner> {
        let mut found = Vec::new();
        for person in people {
            found.push(self.find(person).await.expect("everybody was imported"));
        }
        found
    }

    async fn id_of(&self, person: &Person) -> PractitionerId {
        self.find(person).await.unwrap().practitioner_id
    }
}

/// A synthetic directory of that many people.
fn synthesized(people: u32) -> Directory {
    SynthesisPlan::new(7, people).directory()
}

fn text_of(directory: &Directory) -> Vec<u8> {
    let mut text = Vec::new();
    directory.write(&mut text).unwrap();
    text
}
