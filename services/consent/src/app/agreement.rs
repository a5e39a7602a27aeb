//! Every call that decides says the same, whatever was done to the record before.

mod history;

use std::cell::RefCell;
use std::collections::BTreeSet;

use aval_domain::access::{AccessMode, DenialReason, GroundKind};
use aval_domain::document::DocumentRef;
use aval_domain::id::{ActivityId, PractitionerId};
use aval_runtime::context::RequestContext;
use aval_runtime::page::PageSize;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::testing::Fixture;
use super::*;
use crate::authorized::Authorized as Listed;
use crate::decision::{Decision, Obligation, Verdict};
use crate::grantee::Grantee;
use history::{Act, act, histories_of_every_answer};

/// How many histories are played, each on a database of its own.
const HISTORIES: u32 = 40;

/// A professional as they sign in.
struct Professional {
    cx: RequestContext,
    id: PractitionerId,
    activity: ActivityId,
}

#[test]
fn after_any_history_every_call_says_the_same_of_everybody() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let seen = RefCell::new(BTreeSet::new());
    let mut runner = TestRunner::new(ProptestConfig {
        source_file: Some(file!()),
        ..ProptestConfig::with_cases(HISTORIES)
    });
    let play = |acts: &[Act]| {
        runtime.block_on(async {
            let fixture = Fixture::new().await;
            for act in acts {
                fixture.play(act).await;
            }
            fixture.require_agreement(&seen).await;
        });
    };
    let held = runner.run(&vec(act(), 1..=12), |acts| {
        play(&acts);
        Ok(())
    });
    if let Err(difference) = held {
        panic!("{difference}");
    }
    for acts in histories_of_every_answer() {
        play(&acts);
    }
    let seen = seen.into_inner();
    for expected in [
        name_of_ground(GroundKind::Grant),
        name_of_ground(GroundKind::Declaration),
        name_of_ground(GroundKind::CareEpisode),
        name_of_ground(GroundKind::TreatingDoctor),
        name_of_ground(GroundKind::BreakGlass),
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

impl Fixture {
    /// Asks everything about everybody in every way.
    async fn require_agreement(&self, seen: &RefCell<BTreeSet<String>>) {
        let documents = self.documents();
        let one_each = documents.iter().map(|one| vec![one.clone()]);
        let asked: Vec<_> = one_each.chain([Vec::new(), documents.clone()]).collect();
        for professional in self.professionals() {
            let mut questions = Vec::new();
            for documents in &asked {
                for mode in AccessMode::ALL {
                    questions.push(AccessQuestion {
                        mode: *mode,
                        documents: documents.clone(),
                        emergency_reason: Some("patient inconscient".to_owned()),
                        ..self.question()
                    });
                }
            }
            let cx = &professional.cx;
            let together = self.app.batch_check(cx, questions.clone()).await.unwrap();
            assert_eq!(together.len(), questions.len());
            for (question, in_batch) in questions.into_iter().zip(together) {
                let checked = self.app.check(cx, question.clone()).await.unwrap();
                assert_eq!(in_batch, checked);
                self.require_same(&professional, question, &checked).await;
                seen.borrow_mut().insert(match checked.verdict {
                    Verdict::Permit(ground) => name_of_ground(ground.kind()),
                    Verdict::Deny(reason) => name_of_reason(reason),
                });
            }
        }
    }

    /// The single calls against a check of the same question.
    async fn require_same(&self, who: &Professional, question: AccessQuestion, checked: &Decision) {
        let explain = |about| Explain {
            question: question.clone(),
            about,
        };
        let own = self.app.explain(&who.cx, explain(None)).await.unwrap();
        assert_eq!(own.decision.as_check(), *checked);
        let command = Authorize {
            question: question.clone(),
            request_id: self.request_id(),
        };
        let authorized = self.app.authorize(&who.cx, command).await.unwrap();
        assert!(
            !authorized
                .decision
                .obligations
                .contains(&Obligation::AuthorizeFirst)
        );
        assert_eq!(authorized.decision.as_check(), *checked);
        if question.mode != AccessMode::Normal {
            return;
        }
        let patient = self.as_patient();
        let about = Some((who.id, who.activity));
        let told = self.app.explain(&patient, explain(about)).await.unwrap();
        assert_eq!(told.decision.as_check(), *checked);
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
        assert_eq!(previewed.unwrap(), *checked);
        if question.documents.len() <= 1 {
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
