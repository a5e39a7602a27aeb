use std::collections::BTreeSet;

use aval_domain::name::search_key;
use aval_domain::page::PageSize;

use super::*;
use crate::organization::Organization;
use crate::page::PageOf;
use crate::search::{OrganizationSearch, Place, PractitionerSearch};
use crate::words::NameQuestion;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        everybody_is_found_by_their_names_however_written,
        a_beginning_finds_after_whole_words,
        particles_hyphens_and_apostrophes_do_not_matter,
        one_human_is_one_answer_and_homonyms_are_said,
        filters_speak_of_one_situation,
        the_inactive_are_found_on_demand_only,
        every_page_size_sees_everybody_exactly_once,
        everybody_of_an_organization_is_found_without_a_name,
        structures_are_found_by_name_and_place,
        a_former_name_no_longer_finds,
    ],
}

pub(super) fn asked(name: &str) -> PractitionerSearch {
    PractitionerSearch::of_name(NameQuestion::parse(name).unwrap())
}

impl Fixture {
    pub(super) async fn search(&self, search: &PractitionerSearch) -> Vec<Practitioner> {
        let found = self.store.search_practitioners(search).await.unwrap();
        found
            .value
            .items
            .into_iter()
            .map(|found| found.practitioner)
            .collect()
    }

    pub(super) async fn names(&self, question: &str) -> Vec<String> {
        let found = self.search(&asked(question)).await;
        found
            .into_iter()
            .map(|p| format!("{} {}", p.family_name, p.given_name))
            .collect()
    }

    /// A directory of people of these names.
    pub(super) async fn named(&self, names: &[(&str, &str)]) -> Directory {
        let mut directory = synthesized(u32::try_from(names.len()).unwrap());
        for (person, (family, given)) in directory.people.iter_mut().zip(names) {
            (*family).clone_into(&mut person.family_name);
            (*given).clone_into(&mut person.given_name);
        }
        self.applied(&directory).await;
        directory
    }
}

async fn everybody_is_found_by_their_names_however_written(fixture: &Fixture) {
    let directory = synthesized(400);
    fixture.applied(&directory).await;
    for person in directory.people.iter().step_by(7) {
        let id = fixture.id_of(person).await;
        let (family, given) = (&person.family_name, &person.given_name);
        let glued = family.replace([' ', '-', '\''], "");
        for question in [
            format!("{family} {given}"),
            format!("{given} {family}"),
            search_key(&format!("{given} {family}")).to_lowercase(),
            format!("{} {}", family.replace('-', " ").replace('\'', "’"), given),
            format!("{glued} {given}"),
        ] {
            let found = fixture.search(&asked(&question)).await;
            assert!(found.iter().any(|p| p.practitioner_id == id), "{question}");
        }
    }
}

async fn a_beginning_finds_after_whole_words(fixture: &Fixture) {
    let names = [
        ("MARTINEZ", "Zoé"),
        ("MARTIN", "Zoé"),
        ("MARTIN", "Abel"),
        ("ABELARD", "Martine"),
        ("DUPONT", "Zoé"),
    ];
    fixture.named(&names).await;
    let found = fixture.names("martin").await;
    assert_eq!(
        found,
        [
            "MARTIN Abel",
            "MARTIN Zoé",
            "ABELARD Martine",
            "MARTINEZ Zoé"
        ]
    );
    assert_eq!(
        fixture.names("zo mart").await,
        ["MARTIN Zoé", "MARTINEZ Zoé"]
    );
    assert_eq!(
        fixture.names("zoé martin").await,
        ["MARTIN Zoé", "MARTINEZ Zoé"]
    );
    assert_eq!(fixture.names("martinettes").await, [""; 0]);
}

async fn particles_hyphens_and_apostrophes_do_not_matter(fixture: &Fixture) {
    let names = [
        ("LE GALL", "Maëlle"),
        ("D'ARTAGNAN", "Charles-Henri"),
        ("DE LA TOUR", "Anne"),
        ("OBRIEN", "Jean Pierre"),
        ("LEBŒUF", "Éloïse"),
    ];
    fixture.named(&names).await;
    for (question, name) in [
        ("legall", "LE GALL Maëlle"),
        ("Gall maelle", "LE GALL Maëlle"),
        ("dartagnan charles henri", "D'ARTAGNAN Charles-Henri"),
        ("Henri d’Artagnan", "D'ARTAGNAN Charles-Henri"),
        ("anne tour", "DE LA TOUR Anne"),
        ("anne de la tour", "DE LA TOUR Anne"),
        ("O'Brien jean-pierre", "OBRIEN Jean Pierre"),
        ("leboeuf eloise", "LEBŒUF Éloïse"),
    ] {
        assert_eq!(fixture.names(question).await, [name], "{question}");
    }
}

async fn one_human_is_one_answer_and_homonyms_are_said(fixture: &Fixture) {
    let mut directory = synthesized(300);
    let several = directory.people.iter().position(|p| p.rows() > 2).unwrap();
    "QUERSANT".clone_into(&mut directory.people[several].family_name);
    fixture.applied(&directory).await;
    let found = fixture.search(&asked("quersant")).await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].activities.len(),
        directory.people[several].activities.len()
    );

    for (question, expected) in [("quersant".to_owned(), false), {
        let twin = directory
            .people
            .iter()
            .find(|p| directory.homonyms_of(p).next().is_some())
            .unwrap();
        (format!("{} {}", twin.family_name, twin.given_name), true)
    }] {
        let found = fixture
            .store
            .search_practitioners(&asked(&question))
            .await
            .unwrap();
        assert_eq!(found.value.items[0].homonym, expected, "{question}");
    }
}

async fn filters_speak_of_one_situation(fixture: &Fixture) {
    let directory = synthesized(500);
    fixture.applied(&directory).await;
    let cast = directory.plan.cast().unwrap();
    let [cardiologist, dermatologist] = &cast.homonyms;
    let question = format!("{} {}", cardiologist.family_name, cardiologist.given_name);
    let town = |person: &Person| {
        let place = person.activities[0].organization.as_ref().unwrap();
        (place.address.town.name, place.address.town.postal_code)
    };
    let (lyon, postal_code) = town(cardiologist);
    let (brest, _) = town(dermatologist);
    let [lyonnais, breton] = [
        fixture.id_of(cardiologist).await,
        fixture.id_of(dermatologist).await,
    ];
    let base = asked(&question);
    let in_town = |name: &str| PractitionerSearch {
        place: Place {
            town: Some(search_key(name)),
            postal_code: None,
        },
        ..base.clone()
    };
    let ids = |found: Vec<Practitioner>| -> Vec<PractitionerId> {
        found.iter().map(|p| p.practitioner_id).collect()
    };
    let both: BTreeSet<_> = ids(fixture.search(&base).await).into_iter().collect();
    assert!(both.contains(&lyonnais) && both.contains(&breton));
    assert_eq!(ids(fixture.search(&in_town(brest)).await), [breton]);
    let found = ids(fixture
        .search(&in_town(lyon.split(' ').next().unwrap()))
        .await);
    assert!(found.contains(&lyonnais) && !found.contains(&breton));
    let by_code = PractitionerSearch {
        place: Place {
            town: None,
            postal_code: Some(postal_code[..2].to_owned()),
        },
        ..base.clone()
    };
    assert!(ids(fixture.search(&by_code).await).contains(&lyonnais));
    let speciality = |code: &str| PractitionerSearch {
        speciality: Some(code.to_owned()),
        ..in_town(brest)
    };
    assert_eq!(
        ids(fixture
            .search(&speciality(dermatologist.skills[0].code))
            .await),
        [breton]
    );
    assert_eq!(
        ids(fixture
            .search(&speciality(cardiologist.skills[0].code))
            .await),
        []
    );
    let nurse = PractitionerSearch {
        profession: Some("60".to_owned()),
        ..base
    };
    assert_eq!(ids(fixture.search(&nurse).await), []);
}

async fn the_inactive_are_found_on_demand_only(fixture: &Fixture) {
    let names = [("MARTIN", "Abel"), ("MARTIN", "Zoé"), ("DUPONT", "Ada")];
    let mut directory = fixture.named(&names).await;
    directory.people.remove(0);
    fixture.applied(&directory).await;
    assert_eq!(fixture.names("martin").await, ["MARTIN Zoé"]);
    let all = PractitionerSearch {
        include_inactive: true,
        ..asked("martin")
    };
    let found = fixture.search(&all).await;
    let active: Vec<bool> = found.iter().map(|p| p.active).collect();
    assert_eq!(active, [false, true]);
}

async fn every_page_size_sees_everybody_exactly_once(fixture: &Fixture) {
    let mut directory = synthesized(230);
    for (rank, person) in directory.people.iter_mut().enumerate() {
        // Few names, so that many share one; some answer in whole words, some begin so.
        let family = ["MARTIN", "MARTINEZ", "MARTIN-MARTINET"][rank % 3];
        family.clone_into(&mut person.family_name);
        ["Anne", "Marta", "Zoé"][rank / 3 % 3].clone_into(&mut person.given_name);
    }
    fixture.applied(&directory).await;
    for size in [1, 7, 50, 200] {
        let mut search = PractitionerSearch {
            page: PageOf {
                size: PageSize::from_request(size).unwrap(),
                after: None,
            },
            ..asked("martin")
        };
        let mut seen = Vec::new();
        loop {
            let page = fixture
                .store
                .search_practitioners(&search)
                .await
                .unwrap()
                .value;
            assert!(
                !page.items.is_empty(),
                "a page that was promised holds somebody"
            );
            assert!(page.items.iter().all(|found| found.homonym));
            seen.extend(
                page.items
                    .iter()
                    .map(|found| found.practitioner.practitioner_id),
            );
            search.page.after = page.next;
            if search.page.after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 230);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 230);
    }
}

async fn everybody_of_an_organization_is_found_without_a_name(fixture: &Fixture) {
    let directory = synthesized(500);
    fixture.applied(&directory).await;
    let everybody = fixture.find_all(&directory.people).await;
    let places = |p: &Practitioner| -> BTreeSet<_> {
        p.activities
            .iter()
            .filter_map(|a| a.organization.as_ref())
            .map(|o| o.organization_id)
            .collect()
    };
    let mut members = std::collections::BTreeMap::<_, BTreeSet<_>>::new();
    for person in &everybody {
        for place in places(person) {
            members
                .entry(place)
                .or_default()
                .insert(person.practitioner_id);
        }
    }
    let (place, expected) = members.into_iter().max_by_key(|(_, of)| of.len()).unwrap();
    assert!(expected.len() > 2);
    let search = PractitionerSearch {
        name: None,
        organization_id: Some(place),
        ..asked("anybody")
    };
    let found = fixture.search(&search).await;
    assert!(found.is_sorted_by_key(|p| search_key(&format!("{} {}", p.family_name, p.given_name))));
    assert_eq!(
        found
            .iter()
            .map(|p| p.practitioner_id)
            .collect::<BTreeSet<_>>(),
        expected
    );
}

async fn structures_are_found_by_name_and_place(fixture: &Fixture) {
    let directory = synthesized(500);
    fixture.applied(&directory).await;
    let activities = directory.people.iter().flat_map(|p| &p.activities);
    for place in activities
        .filter_map(|a| a.organization.as_ref())
        .step_by(23)
    {
        if place.name.is_empty() {
            continue;
        }
        let mut search = OrganizationSearch {
            name: NameQuestion::parse(&place.name.to_lowercase()).unwrap(),
            place: Place {
                town: Some(search_key(place.address.town.name)),
                postal_code: Some(place.address.town.postal_code[..3].to_owned()),
            },
            page: PageOf {
                size: PageSize::MAX,
                after: None,
            },
        };
        let is_it = |found: &Organization| found.numbers.technical == place.technical_id;
        let found = fixture.store.search_organizations(&search).await.unwrap();
        assert!(found.value.items.iter().any(is_it), "{}", place.name);
        search.place.postal_code = Some("00".to_owned());
        let found = fixture.store.search_organizations(&search).await.unwrap();
        assert_eq!(found.value.items, []);
    }
}

async fn a_former_name_no_longer_finds(fixture: &Fixture) {
    let mut directory = fixture
        .named(&[("MARTIN", "Abel"), ("DUPONT", "Ada")])
        .await;
    "DURAND".clone_into(&mut directory.people[0].family_name);
    fixture.applied(&directory).await;
    assert_eq!(fixture.names("martin").await, [""; 0]);
    assert_eq!(fixture.names("durand abel").await, ["DURAND Abel"]);
}
