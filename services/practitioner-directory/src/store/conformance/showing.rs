//! What searches show of people from the file of an instance: what the database says, as it
//! was at the revision that the lease says the directory is at. That the file follows is
//! asked after whatever the tests do to the directory.

use std::path::PathBuf;

use aval_database::DatabaseError;
use aval_testing::synthesize::{
    establishments_file_name, mailboxes_file_name, qualifications_file_name, skills_file_name,
};
use sea_orm::ConnectionTrait;

use super::searching::asked;
use super::*;
use crate::app::OverrideAttachment;
use crate::lease::LEASE;
use crate::lease::asking::Asking;
use crate::lease::tests::HandClock;
use crate::reason::Reason;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        people_are_shown_from_the_file_while_the_lease_holds,
        who_is_not_in_the_file_yet_is_read_from_the_database,
        what_another_instance_changes_is_shown_once_it_is_known_of,
        what_this_instance_changes_is_shown_at_once,
        what_the_index_does_not_tell_is_asked_of_the_database,
        a_damaged_record_is_not_shown,
        a_file_that_fails_is_given_up,
        a_folder_that_is_not_there_is_done_without,
        a_directory_that_was_put_back_is_shown_as_it_is,
        whatever_comes_the_file_shows_what_the_database_says,
    ],
}

impl Fixture {
    /// What the file shows of everybody is what the database says of them.
    pub(super) async fn assert_file_follows(&self) {
        loop {
            let recorded = self.sql.recorded().await.unwrap();
            let (revision, recorded) = recorded.expect("the file can be written");
            let ids: Vec<PractitionerId> = recorded.iter().map(|(id, _)| *id).collect();
            let known = self.store.practitioners(&ids).await.unwrap().value;
            // Others may change the directory meanwhile.
            if self.store.newest_revision().await.unwrap() == revision {
                for ((id, recorded), known) in recorded.into_iter().zip(known) {
                    assert_eq!(recorded, known, "{id} at revision {revision}");
                }
                return;
            }
        }
    }

    /// Changes what is shown of everybody, and tells nobody.
    async fn disguise(&self) {
        let unseen = "UPDATE practitioners SET civility = 'DISGUISED'";
        let disguised = self.db.transaction("test.disguise", async |tx| {
            tx.execute_unprepared(unseen).await?;
            Ok::<_, DatabaseError>(())
        });
        disguised.await.unwrap();
    }
}

/// Another instance, which shows people from a file.
struct Scene {
    directory: Directory,
    sql: SqlStore,
    lease: Arc<Lease>,
    asking: Asking,
    clock: Arc<HandClock>,
}

impl Scene {
    async fn of(fixture: &Fixture) -> Self {
        Self::in_folder(fixture, std::env::temp_dir()).await
    }

    async fn in_folder(fixture: &Fixture, folder: PathBuf) -> Self {
        let names = [("MARTIN", "Abel"), ("DURAND", "Ada"), ("PETIT", "Ève")];
        let directory = fixture.named(&names).await;
        let clock = Arc::new(HandClock::default());
        let boot_clock = Arc::clone(&clock);
        let lease = Arc::new(Lease::new(boot_clock));
        let sql = SqlStore::showing_from(fixture.db.clone(), folder, Arc::clone(&lease));
        sql.recorded().await.unwrap();
        let asking = Asking::new(Arc::clone(&lease), Arc::new(sql.clone()));
        Self {
            directory,
            sql,
            lease,
            asking,
            clock,
        }
    }

    /// Whom a name finds.
    async fn found(&self, name: &str) -> Result<Vec<Practitioner>, Error> {
        let page = self.sql.search_practitioners(&asked(name)).await?;
        let found = page.value.items.into_iter();
        Ok(found.map(|found| found.practitioner).collect())
    }

    /// Whether whom a name finds is shown as they were before they were disguised.
    async fn is_from_file(&self, name: &str) -> bool {
        let found = self.found(name).await.unwrap();
        assert!(!found.is_empty());
        found.iter().all(|found| found.civility != "DISGUISED")
    }

    async fn ask(&self) {
        self.asking.ask().await.unwrap();
    }
}

async fn people_are_shown_from_the_file_while_the_lease_holds(fixture: &Fixture) {
    let scene = Scene::of(fixture).await;
    fixture.disguise().await;
    assert!(!scene.is_from_file("martin").await);
    scene.ask().await;
    assert!(scene.is_from_file("martin").await);
    assert!(scene.is_from_file("matrin").await);
    assert_eq!(scene.found("nobody").await.unwrap(), []);
    scene.clock.pass(LEASE);
    assert!(!scene.is_from_file("martin").await);
}

async fn who_is_not_in_the_file_yet_is_read_from_the_database(fixture: &Fixture) {
    let scene = Scene::of(fixture).await;
    let mut directory = scene.directory.clone();
    "QUERSANT".clone_into(&mut directory.people[0].family_name);
    fixture.applied(&directory).await;
    // The index learns of it, and the file does not.
    assert_eq!(scene.found("quersant").await.unwrap().len(), 1);
    fixture.disguise().await;
    scene.ask().await;
    assert!(!scene.is_from_file("quersant").await);
    assert!(scene.is_from_file("durand").await);
}

async fn what_another_instance_changes_is_shown_once_it_is_known_of(fixture: &Fixture) {
    let scene = Scene::of(fixture).await;
    scene.ask().await;
    let mut directory = scene.directory.clone();
    "QUERSANT".clone_into(&mut directory.people[0].family_name);
    fixture.applied(&directory).await;
    // Nothing says so yet, for as long as a lease at most.
    assert_eq!(scene.found("martin").await.unwrap().len(), 1);
    scene.ask().await;
    assert_eq!(scene.found("martin").await.unwrap(), []);
    assert_eq!(scene.found("quersant").await.unwrap().len(), 1);
    // And it is recorded.
    scene.sql.recorded().await.unwrap();
    fixture.disguise().await;
    assert!(scene.is_from_file("quersant").await);
}

async fn what_this_instance_changes_is_shown_at_once(fixture: &Fixture) {
    let scene = Scene::of(fixture).await;
    scene.ask().await;
    let [one, other] = [0, 1].map(|rank| &scene.directory.people[rank]);
    let (one, other) = (fixture.id_of(one).await, fixture.id_of(other).await);
    assert_eq!(scene.found("martin").await.unwrap()[0].practitioner_id, one);
    fixture.merge(one, other).await.unwrap();
    scene.lease.end();
    let found = scene.found("martin").await.unwrap();
    assert_eq!(found[0].practitioner_id, other);
    fixture.unmerge(one, other).await.unwrap();
    scene.lease.end();
    assert_eq!(scene.found("martin").await.unwrap()[0].practitioner_id, one);
}

async fn what_the_index_does_not_tell_is_asked_of_the_database(fixture: &Fixture) {
    let scene = Scene::of(fixture).await;
    fixture.disguise().await;
    scene.ask().await;
    let everybody = crate::search::PractitionerSearch {
        include_inactive: true,
        ..asked("martin")
    };
    let page = scene.sql.search_practitioners(&everybody).await.unwrap();
    let [found] = &page.value.items[..] else {
        panic!("{page:?}");
    };
    assert_eq!(found.practitioner.civility, "DISGUISED");
}

async fn a_damaged_record_is_not_shown(fixture: &Fixture) {
    let scene = Scene::of(fixture).await;
    fixture.disguise().await;
    scene.ask().await;
    let martin = fixture.id_of(&scene.directory.people[0]).await;
    scene.sql.damage(Some(martin));
    assert!(!scene.is_from_file("martin").await);
    assert!(scene.is_from_file("durand").await);
}

async fn a_file_that_fails_is_given_up(fixture: &Fixture) {
    let scene = Scene::of(fixture).await;
    fixture.disguise().await;
    scene.ask().await;
    scene.sql.damage(None);
    for _ in 0..2 {
        assert!(!scene.is_from_file("martin").await);
        // Until another one is begun, which it is not at once.
        assert_eq!(scene.sql.recorded().await.unwrap(), None);
    }
    // Indexed whole again, there is a new one.
    scene.sql.forget_index();
    assert!(scene.sql.recorded().await.unwrap().is_some());
}

async fn a_folder_that_is_not_there_is_done_without(fixture: &Fixture) {
    let folder = std::env::temp_dir().join("no-such-folder-of-what-is-shown");
    let scene = Scene::in_folder(fixture, folder).await;
    scene.ask().await;
    assert_eq!(scene.found("martin").await.unwrap().len(), 1);
    assert_eq!(scene.sql.recorded().await.unwrap(), None);
}

/// As after a backup was restored under a running instance: index and file are ahead.
async fn a_directory_that_was_put_back_is_shown_as_it_is(fixture: &Fixture) {
    let scene = Scene::of(fixture).await;
    let put_back = fixture.db.transaction("test.put_back", async |tx| {
        let before = "UPDATE practitioners SET civility = 'FORMER'";
        tx.execute_unprepared(before).await?;
        for table in ["practitioners", "organizations", "directory_clock"] {
            let earlier = format!("UPDATE {table} SET revision = revision - 1");
            tx.execute_unprepared(&earlier).await?;
        }
        Ok::<_, DatabaseError>(())
    });
    put_back.await.unwrap();
    scene.ask().await;
    let refused = scene.found("martin").await;
    assert!(matches!(refused, Err(Error::NotIndexed)), "{refused:?}");
    // Whoever follows the directory sees it.
    scene.sql.recorded().await.unwrap();
    scene.ask().await;
    assert_eq!(scene.found("martin").await.unwrap()[0].civility, "FORMER");
    fixture.disguise().await;
    assert_eq!(scene.found("martin").await.unwrap()[0].civility, "FORMER");
}

/// A story of everything that changes what is shown: each import, merge and correction is
/// followed by the comparison of the file with the database.
async fn whatever_comes_the_file_shows_what_the_database_says(fixture: &Fixture) {
    let plan = SynthesisPlan::new(11, 40);
    let mut directory = plan.directory();
    fixture.applied(&directory).await;
    let mut merged = Vec::new();
    for turn in 1..=24 {
        let people = &directory.people;
        let rank = |step: usize| (turn as usize * step) % people.len();
        let (one, other) = (&people[rank(7)], &people[rank(11)]);
        match turn % 8 {
            0 => {
                let day = turn / 3;
                directory = SynthesisPlan { day, ..plan }.directory();
                fixture.applied(&directory).await;
            }
            of_file @ 1..=4 => {
                let kind = Kind::ALL[of_file as usize - 1];
                fixture.some_of(&directory, turn, kind).await;
            }
            5 => {
                let (one, other) = (fixture.id_of(one).await, fixture.id_of(other).await);
                if one != other {
                    fixture.merge(one, other).await.unwrap();
                    merged.push((one, other));
                }
            }
            6 => fixture.attach_to_place_of(one, other).await,
            _ => {
                if let Some((one, other)) = merged.pop() {
                    fixture.unmerge(one, other).await.unwrap();
                }
            }
        }
    }
}

/// A file beside that of practice situations.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Mailboxes,
    Skills,
    Qualifications,
    Establishments,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Mailboxes,
        Self::Skills,
        Self::Qualifications,
        Self::Establishments,
    ];
}

impl Fixture {
    /// Imports such a file without some of its rows: others each turn.
    async fn some_of(&self, directory: &Directory, turn: u32, kind: Kind) {
        self.clock.advance(Duration::from_hours(24));
        let mut text = Vec::new();
        let now = self.clock.now();
        let (written, name) = match kind {
            Kind::Mailboxes => (
                directory.write_mailboxes(&mut text),
                mailboxes_file_name(now),
            ),
            Kind::Skills => (directory.write_skills(&mut text), skills_file_name(now)),
            Kind::Qualifications => {
                let written = directory.write_qualifications(&mut text);
                (written, qualifications_file_name(now))
            }
            Kind::Establishments => {
                let written = directory.write_establishments(&mut text);
                (written, establishments_file_name(now))
            }
        };
        written.unwrap();
        let text = String::from_utf8(text).unwrap();
        let lines = (0..).zip(text.split_inclusive('\n'));
        let kept = lines.filter(|(line, _)| *line == 0 || !(line + turn).is_multiple_of(5));
        let kept: String = kept.map(|(_, line)| line).collect();
        let request = RequestId::new(self.environment.random.as_ref());
        let import = self.send(request, name, kept.into_bytes()).await.unwrap();
        assert_eq!(import.state, ImportState::Applied, "{import:?}");
    }

    /// Says of the first practice situation of the one that it is where the other practises.
    async fn attach_to_place_of(&self, one: &Person, other: &Person) {
        let first = async |person: &Person| {
            let known = self.find(person).await.unwrap();
            known.activities.into_iter().next().unwrap()
        };
        let place = first(other).await.organization;
        let correction = OverrideAttachment {
            activity_id: first(one).await.activity_id,
            organization_id: place.map(|place| place.organization_id),
            reason: Reason::parse("appelé au cabinet").unwrap(),
            request_id: RequestId::new(self.environment.random.as_ref()),
        };
        // Some are refused: the source says so already, or nothing was corrected.
        let _ = self.app.override_attachment(&self.cx(), correction).await;
        self.assert_index_follows().await;
    }
}
