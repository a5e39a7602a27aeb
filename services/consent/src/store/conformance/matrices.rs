//! Matrices that operators load.

use super::fixture::{Fixture, NOW, hours};
use crate::cache::{Authority, Dependency, MatrixAuthority, Position, Shard};
use crate::error::Error;
use crate::policies::LoadedMatrix;

fn matrix(revision: &str, cells: &str, from: Option<i64>) -> LoadedMatrix {
    let content = format!("revision = '{revision}'\n{cells}");
    LoadedMatrix::new(content, from.map(hours), NOW).unwrap()
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
        assert_eq!(fixture.store.load_matrix(again).await.unwrap(), first);
        let (_, changes) = spanning(fixture).await;
        assert_eq!(changes, [Some(Dependency::Policy)]);
    }
    let second = matrix("second", "", Some(9));
    assert_eq!(fixture.store.load_matrix(&second).await.unwrap(), second);
    let (_, mut all) = fixture.store.matrices().await.unwrap();
    all.sort_by(|one, other| one.revision.cmp(&other.revision));
    assert_eq!(all, [first, second]);
}

pub(super) async fn a_revision_never_has_another_content_or_day(fixture: &Fixture) {
    let first = matrix("first", "", Some(9));
    fixture.store.load_matrix(&first).await.unwrap();
    let before = spanning(fixture).await;
    for other in [
        matrix("first", "[[row]]\nprofession = '10'", Some(9)),
        matrix("first", "", Some(8)),
        matrix("first", "", None),
    ] {
        let refused = fixture.store.load_matrix(&other).await;
        assert!(
            matches!(refused, Err(Error::StateConflict(_))),
            "{refused:?}"
        );
    }
    assert_eq!(spanning(fixture).await, before);
    assert_eq!(fixture.store.matrices().await.unwrap().1, [first]);
}

pub(super) async fn matrices_and_their_position_are_of_one_state(fixture: &Fixture) {
    let loads = async {
        for number in 0..20 {
            let one = matrix(&format!("m{number}"), "", None);
            fixture.store.load_matrix(&one).await.unwrap();
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
