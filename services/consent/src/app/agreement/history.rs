//! Histories of a record, at random.

mod newest;

use std::time::Duration;

use aval_domain::document::{DocumentClass, DocumentClasses, DocumentRef};
use aval_runtime::context::RequestContext;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::app::testing::Fixture;
use crate::app::{
    AddTreatingDoctor, BlockGrantee, CreateGrant, DeclareGrant, RemoveTreatingDoctor,
    RevokeAllGrants, SetDocumentVisibility, SetEmergencyOppositions,
};
use crate::asked_period::AskedPeriod;
use crate::grantee::Grantee;
use crate::record::Oppositions;
use crate::visibility::VisibilityKind;

/// Something that happens to the record.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Grant(Whom, DocumentClasses, Hours),
    Declare(DocumentClasses),
    RevokeAll,
    RevokeNewest,
    WidenNewest(DocumentClasses),
    Request(DocumentClasses),
    Answer { approved: bool },
    Block(Whom, Hours),
    LiftNewest,
    OpenEpisode,
    CloseEpisode,
    DoctorAndNurseAreOne,
    TreatingDoctor { declared: bool },
    Document(usize, VisibilityKind, Whom, bool),
    Oppose(bool, bool),
    CloseRecord,
    OpenRecord,
    Wait,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Whom {
    Doctor,
    Nurse,
    Organization,
}

/// From when, and for how many hours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hours(u64, u64);

/// Together they meet every answer that the people of the fixture can get.
pub(super) fn histories_of_every_answer() -> Vec<Vec<Act>> {
    let reports = DocumentClasses::only(DocumentClass::Report);
    let grant = |from, hours| Act::Grant(Whom::Doctor, reports, Hours(from, hours));
    let mask = Act::Document(0, VisibilityKind::Masked, Whom::Doctor, false);
    vec![
        vec![grant(0, 1), mask],
        vec![grant(0, 1), Act::Wait],
        vec![grant(2, 1), Act::Block(Whom::Nurse, Hours(0, 1))],
        vec![Act::Declare(reports), Act::Oppose(true, true)],
        vec![Act::OpenEpisode, Act::CloseRecord],
        vec![Act::OpenEpisode],
        vec![Act::Request(reports), Act::Answer { approved: true }],
        vec![grant(0, 1), Act::DoctorAndNurseAreOne],
        vec![grant(0, 1), Act::RevokeNewest],
        vec![Act::TreatingDoctor { declared: true }],
    ]
}

pub(super) fn act() -> impl Strategy<Value = Act> {
    let whom = || select(vec![Whom::Doctor, Whom::Nurse, Whom::Organization]);
    let class = select(vec![
        DocumentClass::Report,
        DocumentClass::Imaging,
        DocumentClass::Prescription,
    ]);
    let classes = vec(class, 1..=3).prop_map(|classes| classes.into_iter().collect());
    let hours = || (0_u64..=2, 1_u64..=3).prop_map(|(from, length)| Hours(from, length));
    prop_oneof![
        6 => (whom(), classes.clone(), hours())
            .prop_map(|(whom, classes, hours)| Act::Grant(whom, classes, hours)),
        2 => classes.clone().prop_map(Act::Declare),
        1 => Just(Act::RevokeAll),
        2 => Just(Act::RevokeNewest),
        1 => classes.clone().prop_map(Act::WidenNewest),
        2 => classes.clone().prop_map(Act::Request),
        2 => any::<bool>().prop_map(|approved| Act::Answer { approved }),
        1 => Just(Act::LiftNewest),
        1 => Just(Act::CloseEpisode),
        1 => Just(Act::DoctorAndNurseAreOne),
        2 => (whom(), hours()).prop_map(|(whom, hours)| Act::Block(whom, hours)),
        2 => Just(Act::OpenEpisode),
        2 => any::<bool>().prop_map(|declared| Act::TreatingDoctor { declared }),
        4 => (0_usize..3, select(VisibilityKind::ALL.to_vec()), whom(), any::<bool>())
            .prop_map(|(which, kind, whom, remove)| Act::Document(which, kind, whom, remove)),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(glass, center)| Act::Oppose(glass, center)),
        1 => Just(Act::CloseRecord),
        1 => Just(Act::OpenRecord),
        4 => Just(Act::Wait),
    ]
}

impl Fixture {
    /// Plays it. What the rules refuse (a second grant, a closed record) is no history.
    pub(super) async fn play(&self, act: &Act) {
        let (app, cx) = (&self.app, self.as_patient());
        let (patient_id, request_id) = (self.patient, self.request_id());
        match act {
            Act::Grant(whom, classes, hours) => {
                let command = CreateGrant {
                    patient_id,
                    grantee: self.grantee(*whom),
                    classes: *classes,
                    period: hours.period(&cx),
                    request_id,
                };
                let _ = app.create_grant(&cx, command).await;
            }
            Act::Declare(classes) => {
                let command = DeclareGrant {
                    patient_id,
                    on_behalf_of: None,
                    classes: *classes,
                    period: Hours(0, 2).period(&cx),
                    consent_collected: true,
                    request_id,
                };
                let _ = app.declare_grant(&self.as_doctor(), command).await;
            }
            Act::RevokeAll => {
                let command = RevokeAllGrants {
                    patient_id,
                    request_id,
                };
                let _ = app.revoke_all_grants(&cx, command).await;
            }
            Act::RevokeNewest => self.revoke_newest().await,
            Act::WidenNewest(classes) => self.widen_newest(*classes).await,
            Act::Request(classes) => self.ask_for(*classes).await,
            Act::Answer { approved } => self.answer_newest(*approved).await,
            Act::LiftNewest => self.lift_newest().await,
            Act::CloseEpisode => self.close_newest().await,
            Act::DoctorAndNurseAreOne => self.doctor_and_nurse_are_one().await,
            Act::Block(whom, hours) => {
                let command = BlockGrantee {
                    patient_id,
                    grantee: self.grantee(*whom),
                    period: hours.period(&cx),
                    request_id,
                };
                let _ = app.block_grantee(&cx, command).await;
            }
            Act::OpenEpisode => {
                let _ = self.care_episode().await;
            }
            Act::TreatingDoctor { declared } => self.treating_doctor(*declared).await,
            Act::Document(which, kind, whom, remove) => {
                let command = SetDocumentVisibility {
                    patient_id,
                    document_id: self.documents()[*which].id.clone(),
                    kind: *kind,
                    practitioner_id: self
                        .grantee(*whom)
                        .practitioner_id()
                        .filter(|_| kind.concerns_one()),
                    remove: *remove,
                    request_id,
                };
                let _ = app.set_document_visibility(&cx, command).await;
            }
            Act::Oppose(break_glass, regulation_center) => {
                let record = app.get_record_settings(&cx, patient_id).await.unwrap();
                let command = SetEmergencyOppositions {
                    patient_id,
                    oppositions: Oppositions {
                        break_glass: Some(*break_glass),
                        regulation_center: Some(*regulation_center),
                    },
                    etag: record.version.etag(),
                    request_id,
                };
                let _ = app.set_emergency_oppositions(&cx, command).await;
            }
            Act::CloseRecord => self.close_record().await,
            Act::OpenRecord => self.open_record().await,
            Act::Wait => self.clock.advance(Duration::from_hours(1)),
        }
    }

    async fn treating_doctor(&self, declared: bool) {
        let cx = self.as_patient();
        let (patient_id, practitioner_id) = (self.patient, self.doctor());
        let request_id = self.request_id();
        if declared {
            let command = AddTreatingDoctor {
                patient_id,
                practitioner_id,
                request_id,
            };
            let _ = self.app.add_treating_doctor(&cx, command).await;
        } else {
            let command = RemoveTreatingDoctor {
                patient_id,
                practitioner_id,
                request_id,
            };
            let _ = self.app.remove_treating_doctor(&cx, command).await;
        }
    }

    pub(super) fn documents(&self) -> Vec<DocumentRef> {
        let report = self.question().documents.remove(0);
        let named = |name: &str, class, author| DocumentRef {
            id: name.parse().unwrap(),
            class,
            author,
            ..report.clone()
        };
        vec![
            report.clone(),
            named("image-1", DocumentClass::Imaging, None),
            named("report-2", DocumentClass::Report, Some(self.nurse())),
        ]
    }

    fn grantee(&self, whom: Whom) -> Grantee {
        match whom {
            Whom::Doctor => Grantee::Practitioner(self.doctor()),
            Whom::Nurse => Grantee::Practitioner(self.nurse()),
            Whom::Organization => Grantee::Organization(self.directory.organization),
        }
    }
}

impl Hours {
    fn period(self, cx: &RequestContext) -> AskedPeriod {
        let hours = |hours| cx.now.saturating_add(Duration::from_hours(hours));
        AskedPeriod {
            from: (self.0 > 0).then(|| hours(self.0)),
            until: Some(hours(self.0 + self.1)),
        }
    }
}
