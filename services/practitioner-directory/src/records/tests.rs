use aval_domain::code::Profession;
use aval_domain::id::{ActivityId, OrganizationId};
use aval_domain::time::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::identifier::{Identifier, IdentifierKind};
use crate::organization::{Establishment, Organization, OrganizationNumbers};
use crate::practitioner::{Activity, AttachmentOverride, Skill};
use crate::qualification::{Qualification, QualificationKind};
use crate::reason::Reason;

fn records() -> Records {
    Records::begin(&std::env::temp_dir()).unwrap()
}

fn text() -> impl Strategy<Value = String> {
    "[A-Zé' ]{0,20}"
}

fn establishment() -> impl Strategy<Value = Establishment> {
    (text(), text(), any::<bool>()).prop_map(|(name, category_label, is_listed)| Establishment {
        name,
        category_code: "355".to_owned(),
        category_label,
        opened_on: String::new(),
        is_listed,
    })
}

fn organization() -> impl Strategy<Value = Organization> {
    let register = prop::option::of(establishment());
    (any::<u128>(), text(), text(), register).prop_map(|(id, name, town, establishment)| {
        Organization {
            organization_id: OrganizationId::from_uuid(Uuid::from_u128(id)),
            numbers: OrganizationNumbers {
                technical: "R1".to_owned(),
                ..OrganizationNumbers::default()
            },
            mailboxes: vec![Identifier::published(IdentifierKind::MssAddress, "a@b.fr")],
            name,
            address_line: String::new(),
            postal_code: "69003".to_owned(),
            town,
            town_code: String::new(),
            department_code: String::new(),
            sector_code: String::new(),
            establishment: establishment.map(Box::new),
        }
    })
}

fn correction() -> impl Strategy<Value = AttachmentOverride> {
    (prop::option::of(any::<u128>()), 0..i64::from(u32::MAX)).prop_map(|(place, at)| {
        AttachmentOverride {
            source_organization_id: place.map(|id| OrganizationId::from_uuid(Uuid::from_u128(id))),
            reason: Reason::parse("moved").unwrap(),
            author: "operator".to_owned(),
            created_at: Timestamp::from_micros(at),
        }
    })
}

fn activity() -> impl Strategy<Value = Activity> {
    let place = prop::option::of(organization());
    let correction = prop::option::of(correction());
    (any::<u128>(), text(), any::<bool>(), place, correction).prop_map(
        |(id, label, active, organization, attachment_override)| Activity {
            activity_id: ActivityId::from_uuid(Uuid::from_u128(id)),
            profession: Profession::from_code("10").unwrap(),
            category: "C".to_owned(),
            skills: vec![Skill {
                type_code: "S".to_owned(),
                code: "SM54".to_owned(),
                label,
            }],
            mode: "L".to_owned(),
            sector: String::new(),
            function: String::new(),
            kind: String::new(),
            organization,
            active,
            attachment_override,
        },
    )
}

fn anybody() -> impl Strategy<Value = Practitioner> {
    let activities = prop::collection::vec(activity(), 0..4);
    let kind = prop::sample::select(QualificationKind::ALL.to_vec());
    (
        any::<u128>(),
        text(),
        text(),
        activities,
        kind,
        0..i64::from(u32::MAX),
    )
        .prop_map(
            |(id, family_name, label, activities, kind, at)| Practitioner {
                practitioner_id: PractitionerId::from_uuid(Uuid::from_u128(id)),
                identifiers: vec![Identifier::published(IdentifierKind::Rpps, "99700366240")],
                family_name,
                given_name: String::new(),
                civility: "M".to_owned(),
                active: !activities.is_empty(),
                activities,
                qualifications: vec![Qualification {
                    kind,
                    type_code: "DE".to_owned(),
                    type_label: String::new(),
                    code: "DE01".to_owned(),
                    label,
                }],
                merged_into: None,
                updated_at: Timestamp::from_micros(at),
            },
        )
}

#[test]
fn a_place_is_a_number_and_back() {
    let place = Place::of(7_000_000_000, 612).unwrap();
    assert_eq!((place.begin(), place.length()), (7_000_000_000, 612));
    assert_eq!(Place::from_bits(place.to_bits()), Some(place));
    assert_eq!(Place::from_bits(0), None);
    assert_eq!(Place::of(0, 1 << LENGTH_BITS), None);
    assert_eq!(Place::of(1 << (u64::BITS - LENGTH_BITS), 1), None);
}

#[test]
fn a_folder_that_is_not_there_has_no_file() {
    let folder = std::env::temp_dir().join("no-such-folder-of-records");
    assert!(Records::begin(&folder).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whoever_was_written_is_read_as_they_were(
        people in prop::collection::vec(anybody(), 1..8), more in anybody(),
    ) {
        let records = records();
        let mut places = records.append(people.iter()).unwrap();
        places.extend(records.append([&more].into_iter()).unwrap());
        for (somebody, place) in people.iter().chain([&more]).zip(places) {
            let read = records.read(somebody.practitioner_id, place).unwrap();
            prop_assert_eq!(&read, somebody);
        }
    }

    #[test]
    fn no_byte_changes_unseen(somebody in anybody(), byte: prop::sample::Index, bit in 0..8_u8) {
        let records = records();
        let place = records.append([&somebody].into_iter()).unwrap()[0];
        let at = byte.index(place.length()) as u64;
        let mut changed = [0];
        records.file.read_exact_at(&mut changed, at).unwrap();
        records.file.write_all_at(&[changed[0] ^ (1_u8 << bit)], at).unwrap();
        let read = records.read(somebody.practitioner_id, place);
        prop_assert!(matches!(read, Err(Unread::Damaged)));
    }

    #[test]
    fn nobody_is_read_for_somebody_else(one in anybody(), other in anybody()) {
        prop_assume!(one.practitioner_id != other.practitioner_id);
        let records = records();
        let places = records.append([&one, &other].into_iter()).unwrap();
        let read = records.read(one.practitioner_id, places[1]);
        prop_assert!(matches!(read, Err(Unread::Damaged)));
        records.cut();
        let read = records.read(one.practitioner_id, places[0]);
        prop_assert!(matches!(read, Err(Unread::File(_))));
    }
}
