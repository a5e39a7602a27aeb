//! The files that say more of people and structures, through the real call.

use aval_domain::time::{Clock, SystemClock};
use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::ImportState;
use aval_proto::practitioner_directory::v1::resolve_identifier_response::Resolved;
use aval_testing::synthesize::{
    Directory, Person, establishments_file_name, mailboxes_file_name, qualifications_file_name,
    skills_file_name,
};

use crate::stand::{Stand, reason, synthesized, text_of, until};

fn skills_of(directory: &Directory) -> Vec<u8> {
    let mut text = Vec::new();
    directory.write_skills(&mut text).unwrap();
    text
}

fn mailboxes_of(directory: &Directory) -> Vec<u8> {
    let mut text = Vec::new();
    directory.write_mailboxes(&mut text).unwrap();
    text
}

async fn resolved(stand: &Stand, kind: proto::IdentifierKind, value: &str) -> proto::Practitioner {
    let request = proto::ResolveIdentifierRequest {
        identifier: Some(proto::Identifier {
            kind: kind.into(),
            value: value.to_owned(),
        }),
    };
    let answer = stand.directory("records").resolve_identifier(request).await;
    match answer.unwrap().into_inner().resolved {
        Some(Resolved::Practitioner(person)) => person,
        other => panic!("{other:?}"),
    }
}

async fn known(stand: &Stand, person: &Person) -> proto::Practitioner {
    resolved(stand, proto::IdentifierKind::Idnps, &person.national_id()).await
}

#[tokio::test]
async fn a_file_of_skills_comes_before_or_after_the_people_and_says_whom_it_does_not_know() {
    let stand = Stand::start().await;
    let mut taught = synthesized(60);
    let place = taught.people.iter().position(|p| p.skills.len() == 1);
    let place = place.unwrap();
    let mut second = taught.people[place].skills[0];
    second.code = "ZZ99";
    taught.people[place].skills.push(second);
    let told = taught
        .people
        .iter()
        .filter(|p| !p.skills.is_empty())
        .count();

    let name = skills_file_name(SystemClock.now());
    let sent = stand.send_file(&name, &skills_of(&taught)).await.unwrap();
    assert_eq!(sent.state(), ImportState::Applied);
    let report = sent.report.unwrap();
    assert_eq!(
        report.practitioners_unknown_count,
        i64::try_from(told).unwrap()
    );

    stand.import(&synthesized(60)).await;
    let person = known(&stand, &taught.people[place]).await;
    for activity in &person.activities {
        let codes: Vec<&str> = activity.skills.iter().map(|s| s.code.as_str()).collect();
        assert!(codes.contains(&"ZZ99"), "{codes:?}");
        assert_eq!(codes.len(), 2);
    }
    let search = proto::SearchPractitionersRequest {
        name: taught.people[place].family_name.clone(),
        speciality_code: "ZZ99".to_owned(),
        ..Default::default()
    };
    let found = stand
        .directory("records")
        .search_practitioners(search)
        .await;
    let found = found.unwrap().into_inner().matches;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].practitioner.as_ref(), Some(&person));

    until("the trail is told", || async {
        stand.trail.told().len() == 2
    })
    .await;
    let told = stand.trail.told().remove(0);
    assert_eq!(told.after["source"], "PS_LibreAcces_SavoirFaire");
}

#[tokio::test]
async fn mailboxes_are_numbers_of_their_holders() {
    let stand = Stand::start().await;
    let directory = synthesized(60);
    stand.import(&directory).await;
    let name = mailboxes_file_name(SystemClock.now());
    let sent = stand.send_file(&name, &mailboxes_of(&directory)).await;
    assert_eq!(sent.unwrap().state(), ImportState::Applied);
    let somebody = &directory.people[5];
    let by_number = known(&stand, somebody).await;
    let mailbox = by_number.identifiers.last().unwrap();
    assert_eq!(mailbox.kind(), proto::IdentifierKind::Mssante);
    assert_eq!(mailbox.value, somebody.mailbox());
    for written in [somebody.mailbox(), somebody.mailbox().to_uppercase()] {
        let by_address = resolved(&stand, proto::IdentifierKind::Mssante, &written).await;
        assert_eq!(by_address, by_number);
    }

    let request = proto::GetFreshnessRequest {};
    let answer = stand.directory("records").get_freshness(request).await;
    let freshness = answer.unwrap().into_inner();
    let sources: Vec<&str> = freshness
        .sources
        .iter()
        .map(|s| s.source.as_str())
        .collect();
    let expected = [
        "PS_LibreAcces_Personne_activite",
        "Extraction_Correspondance_MSSante",
    ];
    assert_eq!(sources, expected);
    assert_eq!(freshness.practitioner_count, 60);
}

#[tokio::test]
async fn diplomas_and_authorisations_are_shown_of_their_holders() {
    let stand = Stand::start().await;
    let directory = synthesized(60);
    stand.import(&directory).await;
    let mut text = Vec::new();
    directory.write_qualifications(&mut text).unwrap();
    let name = qualifications_file_name(SystemClock.now());
    let sent = stand.send_file(&name, &text).await.unwrap();
    assert_eq!(sent.state(), ImportState::Applied);
    let mut people = directory.people.iter().enumerate();
    let doctor = people.find(|(rank, person)| rank % 16 != 0 && person.is_doctor());
    let held = known(&stand, doctor.unwrap().1).await.qualifications;
    let expected = proto::Qualification {
        kind: proto::QualificationKind::Diploma.into(),
        type_code: "DE".to_owned(),
        type_label: "Diplôme d'Etat français".to_owned(),
        code: "DE05".to_owned(),
        label: "DE Docteur en médecine".to_owned(),
    };
    assert_eq!(held, [expected]);
}

fn register_of(directory: &Directory) -> Vec<u8> {
    let mut text = Vec::new();
    directory.write_establishments(&mut text).unwrap();
    text
}

#[tokio::test]
async fn the_register_says_more_of_the_structures_of_its_numbers() {
    let stand = Stand::start().await;
    let directory = synthesized(200);
    stand.import(&directory).await;
    let text = String::from_utf8(register_of(&directory)).unwrap();
    // As older files were written.
    let latin1: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .chain(*b"structureej;019999999;;UNE ENTITE JURIDIQUE;;;;;;;;;;;;;;;;;;;;;;;;;;;;\n")
        .collect();
    let name = establishments_file_name(SystemClock.now());
    let import = stand.send_file(&name, &latin1).await.unwrap();
    assert_eq!(import.state(), ImportState::Applied);
    let report = import.report.unwrap();
    assert_eq!(
        (report.quarantined_count, report.practitioners_unknown_count),
        (1, 0)
    );
    let request = proto::ListQuarantinedRowsRequest {
        import_id: import.import_id,
        ..Default::default()
    };
    let listed = stand.admin("operator").list_quarantined_rows(request).await;
    let rows = listed.unwrap().into_inner().rows;
    assert_eq!(rows[0].column, "enregistrement");
    assert_eq!(rows[0].line, report.row_count + 1);

    let people = directory.people.iter();
    let places = people.flat_map(|p| p.activities.iter().filter_map(|a| a.organization.as_ref()));
    let mut places = places.filter(|place| place.name.starts_with("RESIDENCE"));
    let place = places.next().unwrap();
    let person = directory.people.iter().find(|person| {
        let mut activities = person.activities.iter();
        activities.any(|a| a.organization.as_ref() == Some(place))
    });
    let shown = known(&stand, person.unwrap()).await;
    let mut structures = shown.activities.into_iter().filter_map(|a| a.organization);
    let structure = structures.find(|structure| structure.name == place.name);
    let establishment = structure.unwrap().establishment.unwrap();
    let label = "Etablissement d'hébergement pour personnes âgées dépendantes";
    assert_eq!(
        (
            establishment.category_code.as_str(),
            establishment.category_label.as_str()
        ),
        ("500", label)
    );
    assert!(establishment.listed);

    let request = proto::GetFreshnessRequest {};
    let answer = stand.directory("records").get_freshness(request).await;
    let mut sources = answer.unwrap().into_inner().sources.into_iter();
    let source = sources.find(|source| source.source == "etalab-cs1100502-stock");
    assert!(!source.unwrap().stale);
}

#[tokio::test]
async fn a_file_under_the_name_of_another_is_refused() {
    let stand = Stand::start().await;
    let directory = synthesized(40);
    let now = SystemClock.now();
    let (skills, mailboxes) = (skills_file_name(now), mailboxes_file_name(now));
    let register = establishments_file_name(now);
    for (name, bytes) in [
        (&skills, text_of(&directory)),
        (&skills, mailboxes_of(&directory)),
        (&mailboxes, skills_of(&directory)),
        (&register, text_of(&directory)),
        (&skills, register_of(&directory)),
    ] {
        let status = stand.send_file(name, &bytes).await.unwrap_err();
        assert_eq!(reason(&status), "FILE_MALFORMED", "{name}");
    }
    let cut = mailboxes_of(&directory);
    let status = stand.send_file(&mailboxes, &cut[..cut.len() - 20]).await;
    assert_eq!(reason(&status.unwrap_err()), "FILE_MALFORMED");
}

#[tokio::test]
async fn a_patients_address_is_put_aside_without_being_repeated() {
    let stand = Stand::start().await;
    let directory = synthesized(200);
    stand.import(&directory).await;
    let matricule = "279035121518989";
    let text = String::from_utf8(mailboxes_of(&directory)).unwrap();
    let address = format!("{matricule}@patient.mssante.fr");
    let text = text.replace(&directory.people[5].mailbox(), &address);
    let name = mailboxes_file_name(SystemClock.now());
    let import = stand.send_file(&name, text.as_bytes()).await.unwrap();
    assert_eq!(import.state(), ImportState::Applied);
    let request = proto::ListQuarantinedRowsRequest {
        import_id: import.import_id,
        ..Default::default()
    };
    let listed = stand.admin("operator").list_quarantined_rows(request).await;
    let rows = listed.unwrap().into_inner().rows;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].column, "Adresse BAL");
    assert!(!format!("{rows:?}").contains(matricule));
}
