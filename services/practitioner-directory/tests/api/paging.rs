use std::collections::BTreeSet;

use aval_proto::practitioner_directory::v1 as proto;
use tonic::Code;

use crate::stand::{Stand, reason, synthesized};

fn search(name: &str, page_size: i32, page_token: &str) -> proto::SearchPractitionersRequest {
    proto::SearchPractitionersRequest {
        name: name.to_owned(),
        page_size,
        page_token: page_token.to_owned(),
        ..Default::default()
    }
}

/// A directory in which everybody answers to `martin`.
async fn martins(people: u32) -> Stand {
    let stand = Stand::start().await;
    let mut directory = synthesized(people);
    for (rank, person) in directory.people.iter_mut().enumerate() {
        let family = if rank % 2 == 0 { "MARTIN" } else { "MARTINEAU" };
        family.clone_into(&mut person.family_name);
    }
    stand.import(&directory).await;
    stand
}

#[tokio::test]
async fn the_pages_of_a_search_show_everybody_exactly_once() {
    let stand = martins(120).await;
    let mut client = stand.directory("gateway");
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = client
            .search_practitioners(search("martin", 11, &token))
            .await
            .unwrap();
        let page = page.into_inner();
        let people = page
            .matches
            .into_iter()
            .filter_map(|found| found.practitioner);
        seen.extend(people.map(|practitioner| practitioner.practitioner_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 120);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>().len(), 120);
}

#[tokio::test]
async fn a_page_has_fifty_items_unless_asked_and_two_hundred_at_most() {
    let stand = martins(230).await;
    let mut client = stand.directory("gateway");
    for (asked, given) in [(0, 50), (1, 1), (200, 200), (100_000, 200)] {
        let page = client
            .search_practitioners(search("martin", asked, ""))
            .await
            .unwrap();
        assert_eq!(page.into_inner().matches.len(), given);
    }
}

#[tokio::test]
async fn a_token_that_is_forged_or_of_another_query_is_refused() {
    let stand = martins(30).await;
    let mut client = stand.directory("gateway");
    let page = client
        .search_practitioners(search("martin", 5, ""))
        .await
        .unwrap();
    let token = page.into_inner().next_page_token;
    let mut forged = token.clone().into_bytes();
    forged[10] = if forged[10] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    for (name, token) in [
        ("martin", forged.as_str()),
        ("martin", "x"),
        ("martine", &token),
    ] {
        let status = client
            .search_practitioners(search(name, 5, token))
            .await
            .unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::InvalidArgument, "PAGE_TOKEN_INVALID")
        );
    }
    let filtered = proto::SearchPractitionersRequest {
        include_inactive: true,
        ..search("martin", 5, &token)
    };
    let status = client.search_practitioners(filtered).await.unwrap_err();
    assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
    let organizations = proto::SearchOrganizationsRequest {
        name: "martin".to_owned(),
        page_token: token.clone(),
        ..Default::default()
    };
    let status = client
        .search_organizations(organizations)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
    let imports = proto::ListImportsRequest {
        page_size: 5,
        page_token: token.clone(),
    };
    let status = stand
        .admin("operator")
        .list_imports(imports)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
    // Another page size is the same query.
    client
        .search_practitioners(search("martin", 7, &token))
        .await
        .unwrap();
}

#[tokio::test]
async fn imports_and_structures_are_paged_too() {
    let stand = Stand::start().await;
    for people in [100, 101, 102] {
        stand.import(&synthesized(people)).await;
    }
    let mut admin = stand.admin("operator");
    let (mut seen, mut page_token) = (0, String::new());
    loop {
        let request = proto::ListImportsRequest {
            page_size: 2,
            page_token,
        };
        let page = admin.list_imports(request).await.unwrap().into_inner();
        seen += page.imports.len();
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, 3);

    let mut client = stand.directory("gateway");
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = proto::SearchOrganizationsRequest {
            name: "ca".to_owned(),
            page_size: 3,
            page_token,
            ..Default::default()
        };
        let page = client
            .search_organizations(request)
            .await
            .unwrap()
            .into_inner();
        seen.extend(
            page.organizations
                .into_iter()
                .map(|found| found.organization_id),
        );
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert!(seen.len() > 3, "several cabinets");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len());
}
