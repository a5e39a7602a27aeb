//! Patients are searched for as people say and write their names; nobody is proved by that.

use std::time::Instant;

use aval_domain::ins::InsKind;
use aval_identity::config::Config;
use aval_identity::server::Server;
use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::resolve_patient_request::By;
use proto::{IdentityIssueKind, Resolution};
use sea_orm::{ConnectionTrait, Statement};
use tonic::Status;

use crate::calls::{fields, reason, registration, traits};
use crate::identities::{FOR_LIFE, WAITING, change, ins, issues, register, update};
use crate::key_rotation::{as_before, with_new_keys, without_the_first};
use crate::merges::merge;
use crate::stand::{PATIENCE, Stand};

type Changed = fn(&mut proto::SearchTraits);

/// The registered patient's traits, to the letter.
fn exact() -> proto::SearchTraits {
    let traits = traits();
    proto::SearchTraits {
        birth_name: traits.birth_name,
        birth_first_names: traits.birth_first_names,
        birth_date: traits.birth_date,
        sex: traits.sex,
        birth_place_code: traits.birth_place_code,
    }
}

fn with(changed: Changed) -> proto::SearchTraits {
    let mut asked = exact();
    changed(&mut asked);
    asked
}

async fn asked(
    stand: &Stand,
    asked: proto::SearchTraits,
) -> Result<proto::ResolvePatientResponse, Status> {
    let request = proto::ResolvePatientRequest {
        by: Some(By::Search(asked)),
    };
    let answer = stand.patients("records").resolve_patient(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn search(stand: &Stand, traits: proto::SearchTraits) -> proto::ResolvePatientResponse {
    asked(stand, traits).await.unwrap()
}

#[tokio::test]
async fn however_a_name_is_spelt_somebody_alike_is_told_and_not_named() {
    let stand = Stand::start().await;
    let patient_id = stand.register_patient().await;
    let spellings: [(Changed, &[&str]); 8] = [
        (
            |asked| asked.birth_name = "pat-trois".to_owned(),
            &["birth_name"],
        ),
        (
            |asked| asked.birth_name = "PAT TROIS".to_owned(),
            &["birth_name"],
        ),
        (
            |asked| asked.birth_name = "Pat’Troïs".to_owned(),
            &["birth_name"],
        ),
        (
            |asked| asked.birth_name = "PATTROIS".to_owned(),
            &["birth_name"],
        ),
        (
            |asked| asked.birth_first_names = vec!["Dominique".to_owned()],
            &["birth_first_names"],
        ),
        (
            |asked| asked.birth_first_names[1] = "ANDREE".to_owned(),
            &["birth_first_names"],
        ),
        (
            |asked| asked.birth_place_code = "99100".to_owned(),
            &["birth_place_code"],
        ),
        (
            |asked| {
                asked.birth_name = "pat\u{200b}trois\u{202e}".to_owned();
                asked.birth_place_code.clear();
            },
            &["birth_name", "birth_place_code"],
        ),
    ];
    for (change, differing) in spellings {
        let found = search(&stand, with(change)).await;
        assert_eq!(found.resolution(), Resolution::Alike);
        assert_eq!(found.differing_traits, differing);
        assert_eq!(found.patient, None);
        assert!(!format!("{found:?}").contains(&patient_id));
    }
    let others: [Changed; 5] = [
        |asked| asked.birth_name = "PAT-QUATRE".to_owned(),
        |asked| asked.birth_first_names = vec!["ANDRÉE".to_owned(), "DOMINIQUE".to_owned()],
        |asked| asked.birth_date = "1979-03-29".to_owned(),
        |asked| asked.sex = proto::Sex::Male.into(),
        |asked| asked.sex = proto::Sex::Unknown.into(),
    ];
    for change in others {
        let found = search(&stand, with(change)).await;
        assert_eq!(found.resolution(), Resolution::None);
        assert!(found.differing_traits.is_empty());
    }
}

#[tokio::test]
async fn a_search_to_the_letter_is_as_good_as_proof() {
    let stand = Stand::start().await;
    let patient_id = stand.register_patient().await;
    // Two ways in which Unicode writes one letter are one.
    for asked in [
        exact(),
        with(|asked| asked.birth_first_names[1] = "ANDRE\u{301}E".to_owned()),
    ] {
        let found = search(&stand, asked).await;
        assert_eq!(found.resolution(), Resolution::One);
        assert_eq!(found.patient.unwrap().patient_id, patient_id);
    }
    // Another who is alike takes nothing from it.
    let other = register(&stand, ins(FOR_LIFE, InsKind::Test), "PAT TROIS").await;
    let found = search(&stand, exact()).await;
    assert_eq!(found.patient.unwrap().patient_id, patient_id);
    let found = search(&stand, with(|asked| asked.birth_name = "PAT TROIS".into())).await;
    assert_eq!(found.patient.unwrap().patient_id, other.patient_id);
    // And whoever writes neither's name is told of several, and of neither.
    let found = search(&stand, with(|asked| asked.birth_name = "Pattrois".into())).await;
    assert_eq!(found.resolution(), Resolution::Ambiguous);
    assert_eq!((found.patient, found.differing_traits.len()), (None, 0));
    // Nor does a search without the place name anybody.
    let found = search(&stand, with(|asked| asked.birth_place_code.clear())).await;
    assert_eq!(found.resolution(), Resolution::Ambiguous);
    merge(&stand, &other.patient_id, &patient_id).await.unwrap();
    let found = search(&stand, with(|asked| asked.birth_name = "Pattrois".into())).await;
    assert_eq!(found.resolution(), Resolution::Alike);
    let found = search(&stand, with(|asked| asked.birth_name = "PAT TROIS".into())).await;
    assert_eq!(found.resolution(), Resolution::Alike);
}

#[tokio::test]
async fn whoever_changes_their_name_is_searched_for_under_the_new_one() {
    let stand = Stand::start().await;
    let mut known = register(&stand, ins(WAITING, InsKind::Test), "PAT-TROIS").await;
    known.traits.as_mut().unwrap().birth_name = "D'ÉTÉ".to_owned();
    update(&stand, change(&known, &["traits"], None))
        .await
        .unwrap();
    let found = search(&stand, with(|asked| asked.birth_name = "pat trois".into())).await;
    assert_eq!(found.resolution(), Resolution::None);
    let found = search(&stand, with(|asked| asked.birth_name = "d’ete".into())).await;
    assert_eq!(found.resolution(), Resolution::Alike);
}

#[tokio::test]
async fn a_search_says_what_it_lacks_and_first_what_is_wrong() {
    let stand = Stand::start().await;
    let lacking: [(Changed, &[&str]); 5] = [
        (
            |asked| asked.birth_name = " ".to_owned(),
            &["search.birth_name"],
        ),
        (
            |asked| asked.birth_first_names.clear(),
            &["search.birth_first_names"],
        ),
        (|asked| asked.birth_date.clear(), &["search.birth_date"]),
        (|asked| asked.sex = 0, &["search.sex"]),
        (
            |asked| *asked = proto::SearchTraits::default(),
            &[
                "search.birth_name",
                "search.birth_first_names",
                "search.birth_date",
                "search.sex",
            ],
        ),
    ];
    for (change, names) in lacking {
        let refused = asked(&stand, with(change)).await;
        assert_eq!(fields(refused.clone()), names);
        assert_eq!(
            refused.clone().unwrap_err().code(),
            tonic::Code::InvalidArgument
        );
        assert_eq!(reason(refused), "SEARCH_INCOMPLETE");
    }
    let wrong: [(Changed, &[&str]); 6] = [
        (
            |asked| {
                asked.birth_name = "X".repeat(10_000);
                asked.sex = 0;
            },
            &["search.birth_name"],
        ),
        (
            |asked| asked.birth_name = "PAT\u{0}TROIS".to_owned(),
            &["search.birth_name"],
        ),
        (
            |asked| asked.birth_first_names = vec!["É".repeat(101), "\n".to_owned()],
            &["search.birth_first_names"],
        ),
        (
            |asked| asked.birth_first_names = vec!["X".to_owned(); 21],
            &["search.birth_first_names"],
        ),
        (
            |asked| asked.birth_date = "1979-02-30".to_owned(),
            &["search.birth_date"],
        ),
        (
            |asked| {
                asked.sex = 9;
                asked.birth_place_code = "Reims".to_owned();
            },
            &["search.sex", "search.birth_place_code"],
        ),
    ];
    for (change, names) in wrong {
        let refused = asked(&stand, with(change)).await;
        let said = format!("{:?}", refused.as_ref().unwrap_err());
        for value in ["XXX", "PAT", "ÉÉ", "1979", "Reims"] {
            assert!(!said.contains(value), "{value} in {said}");
        }
        assert_eq!(fields(refused.clone()), names);
        assert_eq!(reason(refused), "FIELD_INVALID");
    }
}

#[tokio::test]
async fn names_of_any_writing_are_searched_for_and_those_without_a_letter_are_themselves() {
    let stand = Stand::start().await;
    let names = ["Иванов", "علي", "🦀", "-", "\u{202e}TROIS", "'"];
    for (number, name) in names.iter().enumerate() {
        let matricule = format!("27903512152{number:02}");
        register(&stand, ins(&matricule, InsKind::Test), name).await;
    }
    for (name, resolution) in [
        ("ИВАНОВ", Resolution::Alike),
        ("Петров", Resolution::None),
        ("عَلِيّ", Resolution::Alike),
        ("trois", Resolution::Alike),
        ("🦀", Resolution::One),
        ("👻", Resolution::None),
        ("'", Resolution::One),
        ("’", Resolution::None),
    ] {
        let spelt = proto::SearchTraits {
            birth_name: name.to_owned(),
            ..exact()
        };
        let found = search(&stand, spelt).await;
        assert_eq!(found.resolution(), resolution, "{name}");
    }
}

#[tokio::test]
async fn those_who_are_alike_wait_for_a_person_with_what_differs() {
    let stand = Stand::start().await;
    let first = stand.register_patient().await;
    stand.clock.advance(std::time::Duration::from_secs(1));
    let second = register(&stand, ins(FOR_LIFE, InsKind::Test), "PAT TROIS").await;
    // Both qualified: the register and a document told them apart.
    assert_eq!(issues(&stand, IdentityIssueKind::Alike).await, []);
    let mut weak = second.clone();
    weak.status = proto::IdentityStatus::Provisional.into();
    update(&stand, change(&weak, &["status"], None))
        .await
        .unwrap();
    let found = issues(&stand, IdentityIssueKind::Alike).await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].patient_ids,
        [first.clone(), second.patient_id.clone()]
    );
    assert_eq!(found[0].evidence, ["birth_name"]);
    assert_eq!(found[0].kind(), IdentityIssueKind::Alike);
    // Among all of them too.
    let all = issues(&stand, IdentityIssueKind::Unspecified).await;
    assert!(all.contains(&found[0]));
    assert_eq!(issues(&stand, IdentityIssueKind::Duplicate).await, []);
    merge(&stand, &second.patient_id, &first).await.unwrap();
    assert_eq!(issues(&stand, IdentityIssueKind::Alike).await, []);
}

/// Makes the database what it was before anybody was searched for.
async fn as_before_searches(config: &Config) {
    let db = sea_orm::Database::connect(&config.database.url)
        .await
        .unwrap();
    for statement in [
        "DROP INDEX patients_without_likeness",
        "DROP INDEX patients_likeness_digest",
        "ALTER TABLE patients DROP COLUMN likeness_digest",
        "ALTER TABLE patients DROP COLUMN likeness_of",
        "DELETE FROM seaql_migrations WHERE version = 'm0011_know_who_is_alike'",
    ] {
        db.execute_unprepared(statement).await.unwrap();
    }
    db.close().await.unwrap();
}

/// Until everybody has a likeness.
async fn until_filled(config: &Config) {
    let db = sea_orm::Database::connect(&config.database.url)
        .await
        .unwrap();
    let begun = Instant::now();
    loop {
        let count = "SELECT COUNT(*) AS left FROM patients \
             WHERE likeness_of IS NULL OR likeness_of <> traits_digest";
        let count = Statement::from_string(db.get_database_backend(), count);
        let row = db.query_one_raw(count).await.unwrap().unwrap();
        if row.try_get::<i64>("", "left").unwrap() == 0 {
            return db.close().await.unwrap();
        }
        assert!(begun.elapsed() < PATIENCE, "somebody has no likeness yet");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn patients_from_before_there_were_searches_are_found_at_once_and_after() {
    let before = Stand::start().await;
    let patient_id = before.register_patient().await;
    register(&before, ins(WAITING, InsKind::Test), "D'ÉTÉ").await;
    let folder = before.stop().await;
    let mut config = None;
    let old = Stand::start_with(|changed, _| {
        as_before(changed, folder.path());
        config = Some(changed.clone());
    })
    .await;
    let config = config.unwrap();
    old.stop().await;
    as_before_searches(&config).await;

    let stand = Stand::start_with(|changed, _| as_before(changed, folder.path())).await;
    for _ in 0..2 {
        for name in ["pat trois", "dete"] {
            let spelt = proto::SearchTraits {
                birth_name: name.to_owned(),
                ..exact()
            };
            let found = search(&stand, spelt).await;
            assert_eq!(found.resolution(), Resolution::Alike, "{name}");
        }
        let found = search(&stand, exact()).await;
        assert_eq!(found.patient.unwrap().patient_id, patient_id);
        let found = search(&stand, with(|asked| asked.birth_name = "AUTRE".into())).await;
        assert_eq!(found.resolution(), Resolution::None);
        until_filled(&config).await;
    }
}

#[tokio::test]
async fn a_search_finds_whoever_it_found_at_each_step_of_a_change_of_keys() {
    let spelt = || with(|asked| asked.birth_name = "pat trois".into());
    let first = Stand::start().await;
    first.register_patient().await;
    let folder = first.stop().await;
    let mut config = None;
    let second = Stand::start_with(|changed, _| {
        with_new_keys(changed, folder.path());
        config = Some(changed.clone());
    })
    .await;
    let found = search(&second, spelt()).await;
    assert_eq!(found.resolution(), Resolution::Alike);
    let rotation = Server::rotate_keys(config.as_ref().unwrap(), |_| {});
    assert_eq!(rotation.await.unwrap().exit_code(), 0);
    let found = search(&second, spelt()).await;
    assert_eq!(found.resolution(), Resolution::Alike);
    second.stop().await;
    let third = Stand::start_with(|config, _| without_the_first(config, folder.path())).await;
    let found = search(&third, spelt()).await;
    assert_eq!(found.resolution(), Resolution::Alike);
    // Whoever registers them again under another number is met by it.
    let mut again = registration();
    again.ins = Some(ins(FOR_LIFE, InsKind::Test));
    again.traits.as_mut().unwrap().birth_name = "PAT TROIS".to_owned();
    again.status = proto::IdentityStatus::Retrieved.into();
    third
        .patients("gateway")
        .register_patient(again)
        .await
        .unwrap();
    assert_eq!(issues(&third, IdentityIssueKind::Alike).await.len(), 1);
}
