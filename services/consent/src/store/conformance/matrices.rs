//! Matrices that operators load.

use std::sync::Mutex;

use super::fixture::{Fixture, NOW, hours};
use crate::cache::{Authority, Dependency, MatrixAuthority, Position, Shard};
use crate::error::Error;
use crate::policies::LoadedMatrix;
use crate::store::Store as _;

fn matrix(revision: &str, cells: &str, from: Option<i64>) -> LoadedMatrix {
    let content = format!("revision = '{revision}'\n{cells}");
    LoadedMatrix::new(content, from.map(hours), NOW).unwrap()
}

impl Fixture {
    async fn load(&self, matrix: &LoadedMatrix) -> Result<LoadedMatrix, Error> {
        let trace = |_, _: &LoadedMatrix| Ok(self.change(()).event);
        let write = self.write();
        self.store.load_matrix(&write, matrix, &trace).await
    }
}

/// How far the clock of what spans patients is, and every change of it.
async fn spanning(fixture: &Fixture) -> (Position, Vec<Option<Dependency>>) {
    let beginning = [Position(0); Shard::COUNT];
    let news = fixture.store.changes_since(&beginning).await.unwrap();
    let changes = news.changes.iter();
    let changes = changes.filter(|change| change.shard == Shard::SPANNING);
    let head = news.heads[Shard::SPANNING.index()];
    (head, changes.map(|change| change.dependency).collect())
}

pub(super) async fn a_matrix_is_loaded_once_and_moves_the_clock_of_what_spans_patients(
    fixture: &Fixture,
) {
    let (_, none) = fixture.store.matrices().await.unwrap();
    assert_eq!(none, []);
    let first = matrix(
        "first",
        "[[row]]\nprofession = '10'\npermits = ['10']",
        None,
    );
    let later = LoadedMatrix {
        loaded_at: hours(5),
        ..first.clone()
    };
    for again in [&first, &first, &later] {
        assert_eq!(fixture.load(again).await.unwrap(), first);
        assert_eq!(fixture.events().await, 1);
        let (_, changes) = spanning(fixture).await;
        assert_eq!(changes, [Some(Dependency::Policy)]);
    }
    let second = LoadedMatrix {
        loaded_at: hours(1),
        ..matrix("second", "", Some(9))
    };
    assert_eq!(fixture.load(&second).await.unwrap(), second);
    assert_eq!(fixture.events().await, 2);
    let (_, mut all) = fixture.store.matrices().await.unwrap();
    all.sort_by(|one, other| one.revision.cmp(&other.revision));
    assert_eq!(all, [first, second]);
}

pub(super) async fn a_revision_never_has_another_content_or_day(fixture: &Fixture) {
    let first = matrix("first", "", Some(9));
    fixture.load(&first).await.unwrap();
    let before = spanning(fixture).await;
    for other in [
        matrix("first", "[[row]]\nprofession = '10'", Some(9)),
        matrix("first", "", Some(8)),
        matrix("first", "", None),
    ] {
        let refused = fixture.load(&other).await;
        assert!(
            matches!(refused, Err(Error::StateConflict(_))),
            "{refused:?}"
        );
    }
    assert_eq!(spanning(fixture).await, before);
    assert_eq!(fixture.store.matrices().await.unwrap().1, [first]);
}

pub(super) async fn a_load_is_later_than_those_before_it_whatever_the_clock_says(
    fixture: &Fixture,
) {
    let ahead = LoadedMatrix {
        loaded_at: hours(5),
        ..matrix("ahead", "", None)
    };
    fixture.load(&ahead).await.unwrap();
    let told = Mutex::default();
    let trace = |_, loaded: &LoadedMatrix| {
        *told.lock().unwrap() = Some(loaded.clone());
        Ok(fixture.change(()).event)
    };
    let meant = matrix("meant", "", None);
    let write = fixture.write();
    let loaded = fixture.store.load_matrix(&write, &meant, &trace).await;
    let loaded = loaded.unwrap();
    assert!(loaded.loaded_at > ahead.loaded_at);
    assert_eq!(told.into_inner().unwrap().as_ref(), Some(&loaded));
    let (_, mut all) = fixture.store.matrices().await.unwrap();
    all.sort_by_key(|one| one.loaded_at);
    assert_eq!(all, [ahead, loaded]);
}

pub(super) async fn matrices_and_their_position_are_of_one_state(fixture: &Fixture) {
    let loads = async {
        for number in 0..20 {
            let one = matrix(&format!("m{number}"), "", None);
            fixture.load(&one).await.unwrap();
        }
    };
    let reads = async {
        loop {
            let (position, matrices) = fixture.store.matrices().await.unwrap();
            assert_eq!(position, Position(matrices.len() as u64));
            if matrices.len() == 20 {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    futures::join!(loads, reads);
}

pub(super) async fn a_load_that_may_not_be_leaves_nothing_and_a_repeated_one_answers_the_same(
    fixture: &Fixture,
) {
    let first = matrix("first", "", None);
    let refused = |_, _: &LoadedMatrix| Err(Error::NotFound);
    let write = fixture.write();
    let answer = fixture.store.load_matrix(&write, &first, &refused).await;
    assert!(matches!(answer, Err(Error::NotFound)), "{answer:?}");
    assert_eq!(fixture.store.matrices().await.unwrap().1, []);
    assert_eq!(fixture.events().await, 0);
    let trace = |_, _: &LoadedMatrix| Ok(fixture.change(()).event);
    for _ in 0..2 {
        let answer = fixture.store.load_matrix(&write, &first, &trace).await;
        assert_eq!(answer.unwrap(), first);
        assert_eq!(fixture.events().await, 1);
    }
}

pub(super) async fn each_of_loads_at_once_knows_those_before_it(fixture: &Fixture) {
    let loads = (0..8).map(|number| async move {
        let known = Mutex::default();
        let trace = |present: Vec<LoadedMatrix>, _: &LoadedMatrix| {
            *known.lock().unwrap() = present.len();
            Ok(fixture.change(()).event)
        };
        let one = matrix(&format!("m{number}"), "", None);
        let write = fixture.write();
        let loaded = fixture.store.load_matrix(&write, &one, &trace).await;
        loaded.unwrap();
        known.into_inner().unwrap()
    });
    let mut known: Vec<usize> = futures::future::join_all(loads).await;
    known.sort_unstable();
    assert_eq!(known, (0..8).collect::<Vec<_>>());
}
