//! Every call that decides says the same, whatever was done to the record before.

mod history;

use std::cell::RefCell;
use std::collections::BTreeSet;

use aval_database::Backend;
use aval_database::testing::TestDatabase;
use aval_domain::access::{AccessMode, Action, DenialReason, GroundKind};
use aval_domain::document::DocumentRef;
use aval_domain::id::{ActivityId, PractitionerId};
use aval_runtime::context::RequestContext;
use aval_runtime::page::PageSize;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::testing::{Cache, Fixture};
use super::*;
use crate::authorized::Authorized as Listed;
use crate::decision::{Decision, Obligation, Verdict};
use crate::grantee::Grantee;
use history::{Act, act, histories_of_every_answer};

/// How many histories are played on SQLite, each on a database of its own; a quarter as
/// many on PostgreSQL, where there is one.
const HISTORIES: u32 = 40;
/// Plays so many instead.
const HISTORIES_VARIABLE: &str = "AVAL_AGREEMENT_HISTORIES";

/// A professional as they sign in.
struct Professional {
    cx: RequestContext,
    id: PractitionerId,
    activity: ActivityId,
}

/// What was met in all histories.
#[derive(Debug, Default)]
struct Seen {
    answers: BTreeSet<String>,
    questions: u64,
    readings: u64,
}

#[test]
fn after_any_history_every_call_says_the_same_of_everybody() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let histories = std::env::var(HISTORIES_VARIABLE)
        .map_or(HISTORIES, |count| count.parse().expect("it is a number"));
    let seen = RefCell::new(Seen::default());
    let play = |acts: &[Act], engine| {
        runtime.block_on(async {
            let Some(fixture) = fixture_on(engine).await else {
                return;
            };
            for act in acts {
                fixture.play(act).await;
                fixture.learn_of_changes().await;
            }
            fixture.require_agreement(&seen).await;
        });
    };
    for (engine, histories) in [
        (Backend::Sqlite, histories),
        (Backend::Postgres, histories.div_ceil(4)),
    ] {
        let mut runner = TestRunner::new(ProptestConfig {
            source_file: Some(file!()),
            ..ProptestConfig::with_cases(histories)
        });
        let held = runner.run(&vec(act(), 1..=12), |acts| {
            play(&acts, engine);
            Ok(())
        });
        if let Err(difference) = held {
            panic!("{engine:?}: {difference}");
        }
        for acts in histories_of_every_answer() {
            play(&acts, engine);
        }
    }
    let seen = seen.into_inner();
    // It would be no test of the cache if it asked the database each time.
    assert!(seen.readings * 4 < seen.questions, "{seen:?}");
    let seen = seen.answers;
    for expected in [
        name_of_ground(GroundKind::OwnRecord),
        name_of_ground(GroundKind::Grant),
        name_of_ground(GroundKind::Declaration),
        name_of_ground(GroundKind::CareEpisode),
        name_of_ground(GroundKind::TreatingDoctor),
        name_of_ground(GroundKind::BreakGlass),
        name_of_ground(GroundKind::Contribution),
        name_of_reason(DenialReason::NoGrant),
        name_of_reason(DenialReason::GrantExpired),
        name_of_reason(DenialReason::GrantNotYetActive),
        name_of_reason(DenialReason::Blocked),
        name_of_reason(DenialReason::NothingPermitted),
        name_of_reason(DenialReason::EmergencyOpposed),
        name_of_reason(DenialReason::RegulatorFunctionRequired),
        name_of_reason(DenialReason::RecordUnavailable),
    ] {
        assert!(
            seen.contains(&expected),
            "{expected} was never met: {seen:?}"
        );
    }
}

/// A database of its own for each history; `None` where there is no such engine.
async fn fixture_on(engine: Backend) -> Option<Fixture> {
    let database = match engine {
        Backend::Sqlite => TestDatabase::sqlite().await,
        Backend::Postgres => TestDatabase::postgres("consent.app.agreement").await?,
    };
    Some(Fixture::cached(database).await)
}

impl Fixture {
    /// Asks everything about everybody in every way.
    async fn require_agreement(&self, seen: &RefCell<Seen>) {
        let documents = self.documents();
        let one_each = documents.iter().map(|one| vec![one.clone()]);
        let asked: Vec<_> = one_each.chain([Vec::new(), documents.clone()]).collect();
        for professional in self.professionals() {
            let mut questions = Vec::new();
            for mode in AccessMode::ALL {
                let to = |action, documents: &[DocumentRef]| AccessQuestion {
                    action,
                    mode: *mode,
                    documents: documents.to_vec(),
                    emergency_reason: Some("patient inconscient".to_owned()),
                    ..self.question()
                };
                questions.push(to(Action::Contribute, &documents));
                questions.extend(asked.iter().map(|some| to(Action::Consult, some)));
            }
            let cx = &professional.cx;
            for (question, checked) in self.checked(cx, questions, seen).await {
                self.require_same(cx, &question, &checked).await;
                self.require_told(&professional, question, &checked).await;
            }
        }
        for cx in [self.as_patient(), self.as_representative()] {
            let questions = asked.iter().map(|documents| AccessQuestion {
                documents: documents.clone(),
                ..self.question()
            });
            for (question, checked) in self.checked(&cx, questions.collect(), seen).await {
                self.require_same(&cx, &question, &checked).await;
            }
        }
        seen.borrow_mut().readings += self.cache().readings();
    }

    /// Whether the doctor and the nurse turned out to be one human.
    async fn are_one(&self) -> bool {
        let identifiers = self.app.store.identifiers(self.doctor()).await;
        identifiers.unwrap().len() > 1
    }

    fn cache(&self) -> &Cache {
        self.cache.as_ref().expect("the fixture has one")
    }

    /// Each question with what a check says: alone, in a batch, and without a cache.
    async fn checked(
        &self,
        cx: &RequestContext,
        questions: Vec<AccessQuestion>,
        seen: &RefCell<Seen>,
    ) -> Vec<(AccessQuestion, Decision)> {
        let mut all = Vec::new();
        let together = self.app.batch_check(cx, questions.clone()).await.unwrap();
        assert_eq!(together.len(), questions.len());
        for (question, in_batch) in questions.into_iter().zip(together) {
            let checked = self.app.check(cx, question.clone()).await.unwrap();
            assert_eq!(in_batch, checked);
            let uncached = self.cache().oracle.check(cx, question.clone()).await;
            assert_eq!(uncached.unwrap(), checked);
            let mut seen = seen.borrow_mut();
            seen.questions += 1;
            seen.answers.insert(match checked.verdict {
                Verdict::Permit(ground) => name_of_ground(ground.kind()),
                Verdict::Deny(reason) => name_of_reason(reason),
            });
            all.push((question, checked));
        }
        all
    }

    /// What the person who asks is told otherwise, against a check of the same question.
    async fn require_same(
        &self,
        cx: &RequestContext,
        question: &AccessQuestion,
        checked: &Decision,
    ) {
        let explain = Explain {
            question: question.clone(),
            about: None,
        };
        let own = self.app.explain(cx, explain).await.unwrap();
        assert_eq!(own.decision.as_check(), *checked);
        // What the trail alone is told is in the event, and no more in the decision.
        let checked = Decision {
            ground_terms: None,
            ..checked.clone()
        };
        let command = Authorize {
            question: question.clone(),
            request_id: self.request_id(),
        };
        let authorized = self.app.authorize(cx, command).await.unwrap();
        let obligations = &authorized.decision.obligations;
        assert!(!obligations.contains(&Obligation::AuthorizeFirst));
        assert_eq!(authorized.decision.as_check(), checked);
    }

    /// What the patient is told of a professional, against their own check.
    async fn require_told(&self, who: &Professional, question: AccessQuestion, checked: &Decision) {
        let explain = |about| Explain {
            question: question.clone(),
            about,
        };
        let patient = self.as_patient();
        let about = Some((who.id, who.activity));
        let told = self.app.explain(&patient, explain(about)).await.unwrap();
        assert_eq!(told.decision.as_check(), *checked);
        if (question.mode, question.action) != (AccessMode::Normal, Action::Consult) {
            return;
        }
        let preview = PreviewAccess {
            patient_id: self.patient,
            practitioner_id: who.id,
            activity_id: who.activity,
            documents: question.documents.clone(),
        };
        let previewed = self.app.preview_access(&patient, preview).await;
        if checked.verdict == Verdict::Deny(DenialReason::RecordUnavailable) {
            assert!(matches!(
                previewed,
                Err(crate::error::Error::RecordUnavailable)
            ));
            return;
        }
        assert_eq!(previewed.unwrap().decision, *checked);
        // The directory of the tests goes on knowing two people.
        if question.documents.len() <= 1 && !self.are_one().await {
            let document = question.documents.into_iter().next();
            self.require_listed(who, document, checked).await;
        }
    }

    /// Somebody is listed, by name or as one of their organization, if and only if their
    /// check permits; who is listed by name, with what the check says.
    async fn require_listed(
        &self,
        who: &Professional,
        document: Option<DocumentRef>,
        checked: &Decision,
    ) {
        let query = ListAuthorized {
            patient_id: self.patient,
            document,
            page: PageRequest {
                after: None,
                size: PageSize::DEFAULT,
            },
        };
        let page = self.app.list_authorized(&self.as_patient(), query).await;
        let listed = page.unwrap().items;
        let entry = |grantee: Grantee| listed.iter().find(|one| one.grantee == grantee);
        let own: Option<&Listed> = entry(Grantee::Practitioner(who.id));
        let organization = entry(Grantee::Organization(self.directory.organization));
        if let Some(own) = own {
            assert_eq!(Some(own.ground), checked.verdict.ground());
            assert_eq!(own.classes, checked.permitted_classes);
        }
        if checked.is_permit() {
            assert!(own.or(organization).is_some(), "{checked:?} {listed:?}");
        }
        assert!(own.is_none() || checked.is_permit(), "{own:?} {checked:?}");
    }

    fn professionals(&self) -> [Professional; 2] {
        [self.as_doctor(), self.as_nurse()].map(|cx| {
            let actor = cx.practitioner().unwrap();
            let (id, activity) = (actor.practitioner_id, actor.activity.activity_id);
            Professional { cx, id, activity }
        })
    }
}

fn name_of_ground(kind: GroundKind) -> String {
    format!("permit {}", kind.code())
}

fn name_of_reason(reason: DenialReason) -> String {
    format!("deny {}", reason.code())
}
