use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::resolve_identifier_response::Resolved;
use aval_proto::practitioner_directory::v1::{Identifier, IdentifierKind};
use aval_testing::synthesize::Person;
use tonic::{Code, Status};

use crate::stand::{Stand, fields, reason, synthesized, until};

async fn resolve(stand: &Stand, kind: IdentifierKind, value: &str) -> Result<Resolved, Status> {
    let request = proto::ResolveIdentifierRequest {
        identifier: Some(Identifier {
            kind: kind.into(),
            value: value.to_owned(),
        }),
    };
    let answer = stand.directory("records").resolve_identifier(request).await;
    Ok(answer?.into_inner().resolved.unwrap())
}

async fn practitioner(stand: &Stand, person: &Person) -> proto::Practitioner {
    let found = resolve(stand, IdentifierKind::Idnps, &person.national_id()).await;
    match found.unwrap() {
        Resolved::Practitioner(practitioner) => practitioner,
        Resolved::Organization(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_practitioner_is_answered_with_everything_and_the_time_of_the_source() {
    let stand = Stand::start().await;
    let directory = synthesized(60);
    let import = stand.import(&directory).await;
    let person = &directory.people[5];
    let known = practitioner(&stand, person).await;
    let request = proto::GetPractitionerRequest {
        practitioner_id: known.practitioner_id.clone(),
    };
    let answer = stand
        .directory("gateway")
        .get_practitioner(request)
        .await
        .unwrap();
    let answer = answer.into_inner();
    assert_eq!(answer.as_of, import.generated_at);
    let found = answer.practitioner.unwrap();
    assert_eq!(found, known);
    assert_eq!(found.family_name, person.family_name);
    assert_eq!(found.civility, person.exercise_civility.code);
    assert_eq!(found.identifiers[0].value, person.number.text());
    let activity = &found.activities[0];
    assert_eq!(activity.profession_code, person.profession.code);
    assert_eq!(activity.kind_code, "GENR01");
    assert_eq!(activity.skills.len(), person.skills.len());
    assert!(!activity.profession_label.is_empty() && activity.active);
}

#[tokio::test]
async fn who_does_not_exist_is_not_found_and_a_malformed_id_is_invalid() {
    let stand = Stand::start().await;
    let mut directory = stand.directory("records");
    let nobody = "01939b5e-0000-7000-8000-000000000000".to_owned();
    let get = |practitioner_id: &str| proto::GetPractitionerRequest {
        practitioner_id: practitioner_id.to_owned(),
    };
    let status = directory.get_practitioner(get(&nobody)).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::NotFound, "NOT_FOUND")
    );
    for wrong in ["", "7", "01939B5E-0000-7000-8000-000000000000"] {
        let status = directory.get_practitioner(get(wrong)).await.unwrap_err();
        assert_eq!(fields(&status), ["practitioner_id"]);
    }
    let organization_id = nobody;
    let request = proto::GetOrganizationRequest { organization_id };
    let status = directory.get_organization(request).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
}

#[tokio::test]
async fn a_batch_answers_in_the_order_asked_and_names_who_is_missing() {
    let stand = Stand::start().await;
    let people = synthesized(20);
    stand.import(&people).await;
    let mut ids = Vec::new();
    for person in people.people[..3].iter().rev() {
        ids.push(practitioner(&stand, person).await.practitioner_id);
    }
    let nobody = "01939b5e-0000-7000-8000-000000000000".to_owned();
    ids.insert(1, nobody.clone());
    let batch = |practitioner_ids: &[String]| proto::BatchGetPractitionersRequest {
        practitioner_ids: practitioner_ids.to_vec(),
    };
    let mut directory = stand.directory("consent");
    let answer = directory
        .batch_get_practitioners(batch(&ids))
        .await
        .unwrap()
        .into_inner();
    let found: Vec<String> = answer
        .practitioners
        .into_iter()
        .map(|found| found.practitioner_id)
        .collect();
    assert_eq!(answer.missing_practitioner_ids, [nobody]);
    ids.remove(1);
    assert_eq!(found, ids);

    let repeated = [ids[0].clone(), ids[0].clone()];
    let many = vec![ids[0].clone(); 201];
    for wrong in [&[][..], &repeated, &many] {
        let status = directory
            .batch_get_practitioners(batch(wrong))
            .await
            .unwrap_err();
        assert_eq!(fields(&status), ["practitioner_ids"]);
    }
    let status = directory
        .batch_get_practitioners(batch(&["x".to_owned()]))
        .await
        .unwrap_err();
    assert_eq!(fields(&status), ["practitioner_ids[0]"]);
}

#[tokio::test]
async fn a_number_is_resolved_by_its_kind_or_by_its_form() {
    let stand = Stand::start().await;
    let directory = synthesized(120);
    stand.import(&directory).await;
    let person = directory
        .people
        .iter()
        .find(|p| p.rpps().is_some())
        .unwrap();
    let rpps = person.rpps().unwrap();
    let known = practitioner(&stand, person).await;
    for (kind, value) in [
        (IdentifierKind::Rpps, rpps.to_owned()),
        (IdentifierKind::Unspecified, rpps.to_owned()),
        (IdentifierKind::Unspecified, format!("8{rpps}")),
    ] {
        let Resolved::Practitioner(found) = resolve(&stand, kind, &value).await.unwrap() else {
            panic!("{value} is no structure");
        };
        assert_eq!(found, known);
    }
    let places = directory.people.iter().flat_map(|p| &p.activities);
    let places = places.filter_map(|a| a.organization.as_ref());
    let place = places.clone().find(|o| !o.finess_site.is_empty()).unwrap();
    let found = resolve(&stand, IdentifierKind::Technical, &place.technical_id).await;
    let Resolved::Organization(found) = found.unwrap() else {
        panic!("a technical identifier is a structure's");
    };
    let request = proto::GetOrganizationRequest {
        organization_id: found.organization_id.clone(),
    };
    let got = stand
        .directory("records")
        .get_organization(request)
        .await
        .unwrap();
    assert_eq!(got.into_inner().organization.unwrap(), found);
    assert_eq!(
        (found.name.as_str(), found.town.as_str()),
        (place.name.as_str(), place.address.town.name)
    );
}

#[tokio::test]
async fn nobody_is_chosen_by_guess() {
    let stand = Stand::start().await;
    let mut directory = synthesized(120);
    // A structure gets the ADELI number of a person as its FINESS number.
    let adeli = directory.plan.cast().unwrap().adeli_only;
    let number = adeli.number.text().to_owned();
    let place = directory
        .people
        .iter_mut()
        .find_map(|p| {
            p.activities
                .iter_mut()
                .find_map(|a| a.organization.as_mut())
        })
        .unwrap();
    place.finess_site.clone_from(&number);
    stand.import(&directory).await;
    let status = resolve(&stand, IdentifierKind::Unspecified, &number)
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::FailedPrecondition, "AMBIGUOUS")
    );
    let adeli = resolve(&stand, IdentifierKind::Adeli, &number)
        .await
        .unwrap();
    assert!(matches!(adeli, Resolved::Practitioner(_)));
    let finess = resolve(&stand, IdentifierKind::Finess, &number)
        .await
        .unwrap();
    assert!(matches!(finess, Resolved::Organization(_)));

    let status = resolve(&stand, IdentifierKind::Rpps, "10000000008")
        .await
        .unwrap_err();
    assert_eq!(fields(&status), ["identifier.value"]);
    let status = resolve(&stand, IdentifierKind::Unspecified, "?")
        .await
        .unwrap_err();
    assert_eq!(fields(&status), ["identifier.value"]);
    let unknown = resolve(&stand, IdentifierKind::Rpps, "99700366240").await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
    let request = proto::ResolveIdentifierRequest { identifier: None };
    let status = stand
        .directory("records")
        .resolve_identifier(request)
        .await
        .unwrap_err();
    assert_eq!(fields(&status), ["identifier"]);
}

#[tokio::test]
async fn a_search_says_what_is_wrong_with_each_of_its_fields() {
    let stand = Stand::start().await;
    let mut directory = stand.directory("records");
    let status = directory
        .search_practitioners(proto::SearchPractitionersRequest {
            name: "x".to_owned(),
            profession_code: "93".to_owned(),
            speciality_code: "?".to_owned(),
            town: "-".to_owned(),
            postal_code: "6".to_owned(),
            organization_id: "7".to_owned(),
            page_size: -1,
            ..Default::default()
        })
        .await
        .unwrap_err();
    let mut found = fields(&status);
    found.sort();
    assert_eq!(
        found,
        [
            "name",
            "organization_id",
            "page_size",
            "profession_code",
            "speciality_code",
            "town"
        ]
    );
    let nothing = proto::SearchPractitionersRequest::default();
    let status = directory.search_practitioners(nothing).await.unwrap_err();
    assert_eq!(fields(&status), ["name"]);
    let long = proto::SearchOrganizationsRequest {
        name: "a".repeat(101),
        postal_code: "690031".to_owned(),
        ..Default::default()
    };
    let status = directory.search_organizations(long).await.unwrap_err();
    assert_eq!(fields(&status), ["name", "postal_code"]);
}

#[tokio::test]
async fn homonyms_are_shown_as_homonyms() {
    let stand = Stand::start().await;
    let directory = synthesized(300);
    stand.import(&directory).await;
    let cast = directory.plan.cast().unwrap();
    let [one, _] = &cast.homonyms;
    let request = proto::SearchPractitionersRequest {
        name: format!("{} {}", one.given_name, one.family_name),
        ..Default::default()
    };
    let answer = stand
        .directory("gateway")
        .search_practitioners(request)
        .await
        .unwrap();
    let matches = answer.into_inner().matches;
    assert!(matches.len() >= 2);
    assert!(matches.iter().all(|found| found.homonym));
}

#[tokio::test]
async fn searches_are_shown_from_the_instance_s_file_once_it_is_filled() {
    let stand = Stand::start().await;
    let directory = synthesized(50);
    stand.import(&directory).await;
    let person = &directory.people[0];
    let search = async || {
        let request = proto::SearchPractitionersRequest {
            name: format!("{} {}", person.given_name, person.family_name),
            ..Default::default()
        };
        let mut client = stand.directory("gateway");
        let answer = client.search_practitioners(request).await.unwrap();
        answer.into_inner()
    };
    let first = search().await;
    assert!(!first.matches.is_empty());
    until("a search is shown from the file", || async {
        assert_eq!(search().await, first);
        stand.metrics().await.contains("from=\"file\"")
    })
    .await;
}

#[tokio::test]
async fn freshness_says_never_then_when_and_how_much() {
    let stand = Stand::start().await;
    let mut client = stand.directory("operator");
    let ask = proto::GetFreshnessRequest::default;
    let never = client.get_freshness(ask()).await.unwrap().into_inner();
    assert_eq!(never.sources.len(), 1);
    assert!(never.sources[0].stale && never.sources[0].imported_at.is_none());
    let directory = synthesized(50);
    let import = stand.import(&directory).await;
    let fresh = client.get_freshness(ask()).await.unwrap().into_inner();
    let source = &fresh.sources[0];
    assert_eq!(source.source, "PS_LibreAcces_Personne_activite");
    assert!(!source.stale);
    assert_eq!(source.generated_at, import.generated_at);
    assert_eq!(
        (source.changed_count, &source.import_id),
        (50, &import.import_id)
    );
    assert_eq!(fresh.practitioner_count, 50);
    assert_eq!(fresh.activity_count, import.report.unwrap().activity_count);
}
