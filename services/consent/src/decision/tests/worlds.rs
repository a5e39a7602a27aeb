//! Random worlds: small ranges, so that things meet often.

use aval_domain::access::{AccessMode, Action};
use aval_domain::code::{Function, Profession};
use aval_domain::document::{DocumentClass, DocumentClasses, DocumentRef, DocumentType};
use aval_domain::id::{ActivityId, CareEpisodeId, OrganizationId};
use aval_domain::period::Period;
use aval_domain::time::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::situations::{grant_id, hours, patient, practitioner};
use crate::decision::*;
use crate::matrix::Matrix;
use crate::visibility::VisibilityKind;

/// The types of documents, of which one of the matrices speaks.
pub(super) const TYPES: [&str; 3] = ["T-1", "T-2", "T-3"];

/// A question, what is known about it, the rules, and the instant.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) question: Question,
    pub(super) basis: AccessBasis,
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
}

impl Case {
    pub(super) fn decide(&self) -> Decision {
        decide(&self.question, &self.basis, &self.policy, self.now)
    }
}

prop_compose! {
    pub(super) fn case()(
        question in question(),
        basis in basis(),
        policy in policy(),
        now in instant(),
    ) -> Case {
        Case { question, basis, policy, now }
    }
}

prop_compose! {
    /// Worlds in which a doctor has access in principle, in one way only: documents alone
    /// stand in the way.
    pub(super) fn open_case()(
        mut case in case(),
        mut capacity in capacity(),
        way_in in select(vec![WayIn::Grant, WayIn::CareEpisode, WayIn::TreatingDoctor]),
        one_was_revealed in prop::bool::weighted(0.3),
    ) -> Case {
        capacity.profession = Profession::Doctor;
        capacity.function = None;
        capacity.active = true;
        case.question.asker = Asker::Practitioner(capacity);
        case.question.patient_id = patient(1);
        case.question.action = Action::Consult;
        case.question.mode = AccessMode::Normal;
        let period = Period::starting(hours(-9));
        let grant = GrantBasis {
            grant_id: grant_id(1),
            target: GrantTarget::Person,
            declared: false,
            classes: DocumentClasses::ALL,
            period,
            since: period.from(),
        };
        let episode = CareEpisodeBasis {
            care_episode_id: CareEpisodeId::from_uuid(Uuid::from_u128(8)),
            period,
            since: period.from(),
            blocks: Vec::new(),
        };
        let mut visibilities = case.basis.visibilities;
        if one_was_revealed {
            let setting = |kind, practitioner_id| VisibilityBasis {
                document_id: "d0".parse().expect("it is a name"),
                kind,
                practitioner_id,
                release_at: None,
            };
            let doctor = case.question.asker.capacity().map(|doctor| doctor.practitioner_id);
            visibilities = vec![
                setting(VisibilityKind::Masked, None),
                setting(VisibilityKind::RevealedToOne, doctor),
            ];
        }
        case.basis = AccessBasis {
            treating_doctor: way_in == WayIn::TreatingDoctor,
            grants: (way_in == WayIn::Grant).then_some(grant).into_iter().collect(),
            care_episodes: (way_in == WayIn::CareEpisode).then_some(episode).into_iter().collect(),
            visibilities,
            ..super::situations::open_record()
        };
        case.policy = Policy::new(Matrix::example());
        case
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WayIn {
    Grant,
    CareEpisode,
    TreatingDoctor,
}

prop_compose! {
    /// Worlds in which a doctor breaks the glass as they must: what stands in the way is a
    /// block, a mask, and the policy.
    pub(super) fn emergency_case()(mut case in case(), mut capacity in capacity()) -> Case {
        capacity.profession = Profession::Doctor;
        capacity.function = None;
        capacity.active = true;
        capacity.directly_authenticated = true;
        case.question.asker = Asker::Practitioner(capacity);
        case.question.patient_id = patient(1);
        case.question.action = Action::Consult;
        case.question.mode = AccessMode::BreakGlass;
        case.question.emergency_reason = EmergencyReason::parse("patient inconscient");
        case.basis = AccessBasis {
            blocks: case.basis.blocks,
            visibilities: case.basis.visibilities,
            ..super::situations::open_record()
        };
        case
    }
}

prop_compose! {
    /// The same with instants as far away as there are any, and documents that are asked
    /// for again and again.
    pub(super) fn at_the_ends_of_time()(
        mut case in case(),
        far in vec(far_instant(), 1..=8),
        again in 0_usize..=50,
    ) -> Case {
        let mut far = far.into_iter().cycle();
        let mut next = || far.next().expect("it goes on for ever");
        let basis = &mut case.basis;
        for grant in &mut basis.grants {
            grant.period = Period::new(next(), Some(next())).unwrap_or(grant.period);
        }
        for episode in &mut basis.care_episodes {
            episode.period = Period::new(next(), Some(next())).unwrap_or(episode.period);
        }
        let of_episodes = basis.care_episodes.iter_mut().flat_map(|episode| &mut episode.blocks);
        for block in basis.blocks.iter_mut().chain(of_episodes) {
            (block.begins_at, block.until) = (Some(next()), Some(next()));
        }
        for setting in &mut basis.visibilities {
            setting.release_at = Some(next());
        }
        case.now = next();
        let documents = case.question.documents.clone();
        let many = documents.len() * again;
        case.question.documents.extend(documents.into_iter().cycle().take(many));
        case
    }
}

fn far_instant() -> impl Strategy<Value = Timestamp> {
    let far = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    prop_oneof![select(far.to_vec()), any::<i64>()].prop_map(Timestamp::from_micros)
}

pub(super) fn instant() -> impl Strategy<Value = Timestamp> {
    (-6_i64..=6).prop_map(hours)
}

fn policy() -> impl Strategy<Value = Policy> {
    let typed = "revision = 'typed'\n\
        [[row]]\nprofession = '60'\npermits = ['10', '42']\n\
        [[row.type]]\ncode = 'T-1'\nclass = '10'\npermits = false\n\
        [[row.type]]\ncode = 'T-2'\nclass = '31'\npermits = true\n\
        [[row]]\nprofession = '10'\nfunction = 'FON-29'\npermits = ['52']";
    let typed = Matrix::parse(typed).expect("it is valid");
    let matrices = select(vec![Matrix::example(), typed]);
    (matrices, any::<bool>(), any::<bool>()).prop_map(|(matrix, block_beats, shows_masked)| {
        Policy::with_switches(matrix, block_beats, shows_masked)
    })
}

prop_compose! {
    fn question()(
        asker in asker(),
        patient_number in prop_oneof![9 => Just(1), 1 => Just(2)],
        action in prop_oneof![4 => Just(Action::Consult), 1 => Just(Action::Contribute)],
        mode in prop_oneof![
            4 => Just(AccessMode::Normal),
            1 => Just(AccessMode::BreakGlass),
            1 => Just(AccessMode::RegulationCenter),
        ],
        documents in documents(),
        reason in any::<bool>(),
    ) -> Question {
        Question {
            asker,
            patient_id: patient(patient_number),
            action,
            mode,
            documents,
            emergency_reason: reason
                .then(|| EmergencyReason::parse("patient inconscient"))
                .flatten(),
        }
    }
}

fn asker() -> impl Strategy<Value = Asker> {
    prop_oneof![
        8 => capacity().prop_map(Asker::Practitioner),
        1 => Just(Asker::Patient(patient(1))),
        1 => Just(Asker::Representative(patient(1))),
    ]
}

prop_compose! {
    pub(super) fn capacity()(
        person in 1_u128..=2,
        profession in select(vec![Profession::Doctor, Profession::Nurse, Profession::Optician]),
        function in option::of(select(vec![
            Function::OCCUPATIONAL_DOCTOR,
            Function::REGULATOR,
            Function::INTERN,
        ])),
        active in prop::bool::weighted(0.95),
        regulation_access in any::<bool>(),
        directly_authenticated in any::<bool>(),
    ) -> Capacity {
        Capacity {
            practitioner_id: practitioner(person),
            activity_id: ActivityId::from_uuid(Uuid::from_u128(5)),
            profession,
            function,
            organization_id: Some(OrganizationId::from_uuid(Uuid::from_u128(6))),
            active,
            regulation_access,
            directly_authenticated,
        }
    }
}

fn class() -> impl Strategy<Value = DocumentClass> {
    select(vec![
        DocumentClass::Report,
        DocumentClass::Imaging,
        DocumentClass::Prescription,
        DocumentClass::Certificate,
    ])
}

fn documents() -> impl Strategy<Value = Vec<DocumentRef>> {
    let types = select(TYPES.to_vec());
    let one = (
        class(),
        option::of(types),
        option::weighted(0.3, 1_u128..=2),
    );
    vec(one, 0..=4).prop_map(|documents| {
        let numbered = documents.into_iter().enumerate();
        numbered
            .map(|(number, (class, document_type, author))| DocumentRef {
                id: format!("d{number}").parse().expect("it is a name"),
                class,
                document_type: document_type
                    .map(|code| DocumentType::parse(code).expect("it is a code")),
                author: author.map(practitioner),
                contributed_at: None,
            })
            .collect()
    })
}

prop_compose! {
    fn basis()(
        record in prop::option::weighted(0.95, record()),
        other_patient_ids in prop_oneof![
            7 => Just(Vec::new()),
            1 => vec((1_u128..=3).prop_map(patient), 1),
        ],
        other_ids in prop_oneof![
            7 => Just(Vec::new()),
            1 => vec((1_u128..=3).prop_map(practitioner), 1),
        ],
        treating_doctor in prop::bool::weighted(0.2),
        grants in vec(grant(), 0..=3),
        blocks in prop_oneof![3 => Just(Vec::new()), 1 => vec(block(), 1..=2)],
        care_episodes in prop_oneof![3 => Just(Vec::new()), 1 => vec(episode(), 1..=2)],
        visibilities in vec(visibility(), 0..=4),
    ) -> AccessBasis {
        AccessBasis { record, other_patient_ids, other_ids, treating_doctor, grants, blocks, care_episodes, visibilities }
    }
}

prop_compose! {
    fn record()(
        open in prop::bool::weighted(0.95),
        opposes_break_glass in prop::bool::weighted(0.3),
        opposes_regulation_center in prop::bool::weighted(0.3),
    ) -> RecordBasis {
        RecordBasis { open, opposes_break_glass, opposes_regulation_center }
    }
}

fn period() -> impl Strategy<Value = Period> {
    (-5_i64..=5, option::of(1_i64..=6)).prop_map(|(from, length)| {
        let until = length.map(|length| hours(from + length));
        Period::new(hours(from), until).expect("it is not empty")
    })
}

prop_compose! {
    fn grant()(
        number in 1_u128..=9,
        organization in any::<bool>(),
        declared in prop::bool::weighted(0.3),
        classes in vec(class(), 0..=3),
        period in period(),
        since in instant(),
    ) -> GrantBasis {
        let target = if organization { GrantTarget::Organization } else { GrantTarget::Person };
        GrantBasis {
            grant_id: grant_id(number),
            target,
            declared,
            classes: classes.into_iter().collect::<DocumentClasses>(),
            period,
            since,
        }
    }
}

pub(super) fn block() -> impl Strategy<Value = BlockBasis> {
    let target = select(vec![BlockTarget::Person, BlockTarget::Organization]);
    (target, option::of(instant()), option::of(instant())).prop_map(|(target, begins_at, until)| {
        BlockBasis {
            target,
            begins_at,
            until,
        }
    })
}

fn episode() -> impl Strategy<Value = CareEpisodeBasis> {
    let blocks = prop_oneof![3 => Just(Vec::new()), 1 => vec(block(), 1..=2)];
    (period(), instant(), blocks).prop_map(|(period, since, blocks)| CareEpisodeBasis {
        care_episode_id: CareEpisodeId::from_uuid(Uuid::from_u128(8)),
        period,
        since,
        blocks,
    })
}

pub(super) fn visibility() -> impl Strategy<Value = VisibilityBasis> {
    let parts = (
        0..=2,
        prop_oneof![
            1 => select(VisibilityKind::ALL.to_vec()),
            1 => select(vec![VisibilityKind::Masked, VisibilityKind::RevealedToOne]),
        ],
        1_u128..=2,
        option::of(instant()),
    );
    parts.prop_map(|(document, kind, one, release_at)| VisibilityBasis {
        document_id: format!("d{document}").parse().expect("it is a name"),
        kind,
        practitioner_id: kind.concerns_one().then(|| practitioner(one)),
        release_at,
    })
}
