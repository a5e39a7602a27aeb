//! An operator puts a matrix in force.

use std::collections::BTreeMap;

use aval_database::DatabaseError;
use aval_domain::event::{Event, EventKind, Outcome, Subject};
use aval_domain::id::RequestId;
use aval_runtime::context::RequestContext;

use super::{App, keep_policy};
use crate::decision::Policy;
use crate::error::Error;
use crate::matrix::{Faults, Matrix};
use crate::policies::{LoadedMatrix, Policies};
use crate::store::Write;

/// What the operator asks for.
#[derive(Debug, Clone)]
pub struct LoadMatrix {
    /// The matrix, as it is loaded now.
    pub matrix: LoadedMatrix,
    /// The client's name for this write.
    pub request_id: RequestId,
}

impl App {
    /// Loads a matrix, and answers it with the policy that it is part of. From its
    /// instant on, or at once, every instance decides by it; when this returns none
    /// decides as if it had not been loaded.
    #[tracing::instrument(name = "consent.load_matrix", skip_all)]
    pub async fn load_matrix(
        &self,
        cx: &RequestContext,
        command: LoadMatrix,
    ) -> Result<(LoadedMatrix, Policy), Error> {
        keep_policy(cx)?;
        let LoadMatrix { matrix, request_id } = command;
        let asked = (&matrix.content, matrix.effective_from);
        let write = Write::new(cx, "consent.load_matrix", request_id, &asked);
        let policies = self.policies.policies().await?;
        let configured = policies.configured();
        let trace = |present, loaded: &LoadedMatrix| {
            if matrix.effective_from.is_some_and(|from| from <= cx.now) {
                return Err(Error::Invalid {
                    field: "effective_at",
                    rule: "must be later than now, or absent: at once",
                });
            }
            loaded_event(cx, configured, present, loaded)
        };
        let loaded = self.store.load_matrix(&write, &matrix, &trace).await?;
        let parsed = Matrix::parse(&loaded.content);
        let parsed = parsed.map_err(|faults| corrupt(&loaded.revision, &faults))?;
        Ok((loaded, configured.with_matrix(parsed)))
    }
}

/// What the trail is told: the policy at the instant from which the matrix holds, without
/// it and with it.
fn loaded_event(
    cx: &RequestContext,
    configured: &Policy,
    mut matrices: Vec<LoadedMatrix>,
    matrix: &LoadedMatrix,
) -> Result<Event, Error> {
    let from = matrix.effective_from.unwrap_or(cx.now);
    let side = |matrices| {
        let policies = Policies::new(configured, matrices);
        let policies = policies.map_err(|(revision, faults)| corrupt(&revision, &faults))?;
        Ok::<_, Error>(told(policies.in_force(from)))
    };
    let mut event = cx.event(EventKind::PolicyMatrixLoaded, Outcome::Success);
    event.subject = Some(Subject::new("matrix", &matrix.revision));
    event.before = side(matrices.clone())?;
    matrices.push(matrix.clone());
    event.after = side(matrices)?;
    event
        .after
        .insert("effective_at".to_owned(), from.to_string());
    Ok(event)
}

fn told(policy: &Policy) -> BTreeMap<String, String> {
    let matrix = policy.matrix();
    let values = [
        ("policy_revision", policy.revision().to_owned()),
        ("matrix_revision", matrix.revision()),
        ("sha256", matrix.sha256()),
        ("example", matrix.is_example().to_string()),
    ];
    values.map(|(name, value)| (name.to_owned(), value)).into()
}

fn corrupt(revision: &str, faults: &Faults) -> DatabaseError {
    tracing::error!(error = %faults, matrix.revision = revision, "a loaded matrix cannot be read");
    DatabaseError::corrupt("matrices", "content", &revision)
}

#[cfg(test)]
mod tests {
    use aval_domain::event::Actor;
    use aval_domain::time::{Clock as _, Timestamp};
    use aval_runtime::context::Denied;

    use super::*;
    use crate::app::testing::Fixture;

    const OFFICIAL: &str = "revision = 'official-1'\n[[row]]\nprofession = '60'\npermits = ['10']";

    fn command(fixture: &Fixture, content: &str, from: Option<Timestamp>) -> LoadMatrix {
        let now = fixture.clock.now();
        LoadMatrix {
            matrix: LoadedMatrix::new(content.to_owned(), from, now).unwrap(),
            request_id: fixture.request_id(),
        }
    }

    fn in_an_hour(fixture: &Fixture) -> Timestamp {
        let hour = std::time::Duration::from_hours(1);
        fixture.clock.now().saturating_add(hour)
    }

    #[tokio::test]
    async fn a_load_is_traced_with_what_was_in_force_and_what_comes() {
        let fixture = Fixture::new().await;
        let operator = fixture.as_service("operator");
        let from = in_an_hour(&fixture);
        let asked = command(&fixture, OFFICIAL, Some(from));
        let (loaded, policy) = fixture.app.load_matrix(&operator, asked).await.unwrap();
        assert_eq!(loaded.effective_from, Some(from));
        assert_eq!(policy.revision(), "2/official-1");

        let events = fixture.events().await;
        let event = events.last().unwrap();
        assert_eq!(event.kind, EventKind::PolicyMatrixLoaded);
        assert_eq!(event.patient_id, None);
        let name = "operator".to_owned();
        assert_eq!(event.actor, Actor::Service { name });
        let subject = event.subject.as_ref().unwrap();
        assert_eq!(
            (subject.kind.as_str(), subject.id.as_str()),
            ("matrix", "official-1")
        );
        let example = Matrix::example();
        assert_eq!(event.before["policy_revision"], "2/2026.11+example");
        assert_eq!(event.before["matrix_revision"], example.revision());
        assert_eq!(event.before["sha256"], example.sha256());
        assert_eq!(event.before["example"], "true");
        assert_eq!(event.after["policy_revision"], "2/official-1");
        assert_eq!(event.after["sha256"], policy.matrix().sha256());
        assert_eq!(event.after["example"], "false");
        assert_eq!(event.after["effective_at"], from.to_string());
    }

    #[tokio::test]
    async fn what_comes_is_compared_with_what_would_be_in_force_then() {
        let fixture = Fixture::new().await;
        let operator = fixture.as_service("operator");
        let soon = in_an_hour(&fixture);
        let first = command(&fixture, "revision = 'first'", Some(soon));
        fixture.app.load_matrix(&operator, first).await.unwrap();
        let later = soon.saturating_add(std::time::Duration::from_hours(1));
        let second = command(&fixture, "revision = 'second'", Some(later));
        fixture.app.load_matrix(&operator, second).await.unwrap();
        let now = command(&fixture, "revision = 'third'", None);
        fixture.app.load_matrix(&operator, now).await.unwrap();
        let events = fixture.events().await;
        let loads = events.iter().rev().take(3).rev();
        let told: Vec<_> = loads
            .map(|event| {
                let (before, after) = (&event.before, &event.after);
                [&before["matrix_revision"], &after["matrix_revision"]]
            })
            .collect();
        assert_eq!(
            told,
            [
                ["2026.11+example", "first"],
                ["first", "second"],
                ["2026.11+example", "third"]
            ]
        );
    }

    #[tokio::test]
    async fn a_load_at_once_takes_the_place_of_one_by_a_clock_that_was_ahead() {
        let fixture = Fixture::new().await;
        let right = fixture.clock.now();
        let load = async |revision: &str| {
            let content = format!("revision = '{revision}'");
            let asked = command(&fixture, &content, None);
            let operator = fixture.as_service("operator");
            let loaded = fixture.app.load_matrix(&operator, asked).await;
            loaded.unwrap().0
        };
        fixture.clock.set(in_an_hour(&fixture));
        let ahead = load("ahead").await;
        fixture.clock.set(right);
        let meant = load("meant").await;
        assert!(meant.loaded_at > ahead.loaded_at);
        let events = fixture.events().await;
        let event = events.last().unwrap();
        assert_eq!(event.before["matrix_revision"], "ahead");
        assert_eq!(event.after["matrix_revision"], "meant");
    }

    #[tokio::test]
    async fn the_same_request_answers_the_same_also_when_its_instant_is_over() {
        let fixture = Fixture::new().await;
        let operator = fixture.as_service("operator");
        let from = in_an_hour(&fixture);
        let asked = command(&fixture, OFFICIAL, Some(from));
        let first = fixture.app.load_matrix(&operator, asked.clone()).await;
        fixture.clock.advance(std::time::Duration::from_hours(2));
        let again = LoadMatrix {
            matrix: LoadedMatrix::new(OFFICIAL.to_owned(), Some(from), fixture.clock.now())
                .unwrap(),
            ..asked
        };
        let operator = fixture.as_service("operator");
        let second = fixture.app.load_matrix(&operator, again).await;
        assert_eq!(first.unwrap().0, second.unwrap().0);
        assert_eq!(fixture.events_of(EventKind::PolicyMatrixLoaded).await, 1);
    }

    #[tokio::test]
    async fn an_instant_that_is_over_is_refused_and_leaves_no_trace() {
        let fixture = Fixture::new().await;
        let operator = fixture.as_service("operator");
        let now = fixture.clock.now();
        let asked = command(&fixture, OFFICIAL, Some(now));
        let refused = fixture.app.load_matrix(&operator, asked).await;
        let field = match refused {
            Err(Error::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(field, "effective_at");
        assert_eq!(fixture.events_of(EventKind::PolicyMatrixLoaded).await, 0);
    }

    #[tokio::test]
    async fn only_the_operator_loads_and_for_nobody() {
        let fixture = Fixture::new().await;
        for (cx, expected) in [
            (fixture.as_service("gateway"), Denied::CallerNotAllowed),
            (fixture.as_patient(), Denied::ActorNotAllowed),
        ] {
            let asked = command(&fixture, OFFICIAL, None);
            let denied = fixture.app.load_matrix(&cx, asked).await;
            assert!(matches!(denied, Err(Error::Denied(found)) if found == expected));
        }
    }
}
