//! National numbers that are none: of patients, professionals and structures.

use aval_domain::ins::InsKind;
use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as consent;
use aval_proto::identity::v1 as identity;
use aval_proto::practitioner_directory::v1 as directory;
use directory::IdentifierKind;

use crate::refusal::refused;
use crate::scene::{Scene, carla, fresh_id, registration};
use crate::world::World;

/// Makes sound traits wrong ones.
type Spoil = fn(&mut identity::IdentityTraits);

/// What no number looks like.
fn never_numbers() -> Vec<String> {
    [
        "",
        " ",
        "0",
        "abcdefghijk",
        "'; DROP TABLE patients; --",
        "\u{202e}12345678901",
        "1234\u{0}5678901",
        "12345\n678901",
        "-12345678901",
        "1234567890.1",
        "0x12345678901",
        "１２３４５６７８９０１",
        "٠١٢٣٤٥٦٧٨٩٠",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(["9".repeat(10_000), "é".repeat(500)])
    .collect()
}

/// A sound number spoilt: with spaces, a letter, full-width digits, a digit less or more,
/// and, where the number has a key, another one.
fn spoilt(number: &str, has_key: bool) -> Vec<String> {
    let full_width = |digit: char| char::from_u32(u32::from(digit) + 0xFEE0).unwrap_or(digit);
    let (first, rest) = number.split_at(1);
    let mut spoilt = vec![
        format!(" {number}"),
        format!("{number} "),
        format!("{first} {rest}"),
        format!("{first}o{}", &rest[1..]),
        number.chars().map(full_width).collect(),
        rest.to_owned(),
        format!("{number}0"),
        format!("{number}\u{0}"),
    ];
    if has_key {
        let (body, key) = number.split_at(number.len() - 1);
        let other = (key.parse::<u8>().expect("a key is a digit") + 1) % 10;
        spoilt.push(format!("{body}{other}"));
    }
    spoilt
}

#[tokio::test]
async fn an_ins_that_is_none_registers_nobody_and_finds_nobody() {
    let scene = Scene::empty().await;
    let sound = carla().ins;
    // The key of a test identity is tolerated, that of a NIR is not.
    let kinds = [
        (InsKind::Test, false),
        (InsKind::Nir, true),
        (InsKind::Nia, true),
    ];
    for (kind, key_counts) in kinds {
        let wrong = never_numbers()
            .into_iter()
            .chain(spoilt(&sound, key_counts));
        for matricule in wrong {
            let mut request = registration(&carla());
            let ins = identity::Ins {
                matricule: matricule.clone(),
                oid: kind.oid().to_owned(),
            };
            request.ins = Some(ins.clone());
            refused(scene.portal.patients().register_patient(request).await)
                .blames("ins.matricule", &matricule);
            let request = identity::ResolvePatientRequest {
                by: Some(identity::resolve_patient_request::By::Ins(ins)),
            };
            refused(scene.portal.patients().resolve_patient(request).await)
                .blames("ins.matricule", &matricule);
        }
    }
}

#[tokio::test]
async fn an_oid_that_is_none_of_the_ins_is_refused() {
    let scene = Scene::empty().await;
    for oid in [
        "",
        "1.2.250.1.213.1.4.80",
        "1.2.250.1.213.1.4.",
        "NIR",
        "１.２.２５０",
    ] {
        let mut request = registration(&carla());
        request.ins.as_mut().unwrap().oid = oid.into();
        refused(scene.portal.patients().register_patient(request).await).blames("ins.oid", oid);
    }
}

#[tokio::test]
async fn traits_that_nobody_has_are_refused_by_name() {
    let scene = Scene::empty().await;
    let flaws: [(&str, Spoil); 9] = [
        ("traits.birth_name", |traits| traits.birth_name.clear()),
        ("traits.birth_name", |traits| {
            traits.birth_name = "X".repeat(101);
        }),
        ("traits.birth_name", |traits| {
            traits.birth_name = "MART\u{7}IN".into();
        }),
        ("traits.birth_first_names", |traits| {
            traits.birth_first_names.clear();
        }),
        ("traits.birth_first_names", |traits| {
            traits.birth_first_names[0].clear();
        }),
        ("traits.birth_date", |traits| {
            traits.birth_date = "1999-02-30".into();
        }),
        ("traits.birth_date", |traits| {
            traits.birth_date = "30/01/1999".into();
        }),
        ("traits.sex", |traits| traits.sex = 0),
        ("traits.birth_place_code", |traits| {
            traits.birth_place_code = "3306".into();
        }),
    ];
    for (field, spoil) in flaws {
        let mut request = registration(&carla());
        spoil(request.traits.as_mut().unwrap());
        let given = request.traits.clone().unwrap();
        let refusal = refused(scene.portal.patients().register_patient(request).await);
        refusal
            .is("FIELD_INVALID")
            .names(field)
            .silent_about(&given.birth_name)
            .silent_about(&given.birth_date);
    }
}

#[tokio::test]
async fn an_rpps_that_is_none_is_granted_nothing() {
    let world = World::begin().await;
    let sound = world.scene.cast.absent.number.text();
    for rpps in never_numbers().into_iter().chain(spoilt(sound, true)) {
        let request = consent::CreateGrantRequest {
            patient_id: world.anne.patient_id.clone(),
            grantee: Some(common::Grantee {
                grantee: Some(common::grantee::Grantee::Rpps(rpps.clone())),
            }),
            document_classes: vec![common::DocumentClass::Report.into()],
            period: None,
            request_id: fresh_id(),
        };
        let request = world.anne.bearer.asks(request);
        refused(world.scene.portal.grants().create_grant(request).await)
            .blames("grantee.rpps", &rpps);
    }
}

#[tokio::test]
async fn a_number_that_is_none_of_its_kind_leads_to_nobody() {
    let scene = Scene::empty().await;
    let rpps = scene.cast.generalist.number.text().to_owned();
    let hospital = scene.cast.midwife.activities[0].organization.clone();
    let hospital = hospital.expect("a midwife of the cast works in a hospital");
    let kinds = [
        (IdentifierKind::Rpps, rpps.as_str(), true),
        (IdentifierKind::Finess, &hospital.finess_site, false),
        (IdentifierKind::LegalFiness, &hospital.finess_legal, false),
        (IdentifierKind::Siret, &hospital.siret, true),
    ];
    for (kind, sound, has_key) in kinds {
        assert!(!sound.is_empty(), "{kind:?}: the cast has no such number");
        // White space around a number that somebody looks up is forgiven.
        let spoilt = spoilt(sound, has_key).into_iter();
        let spoilt = spoilt.filter(|value| value.trim() != sound);
        for value in never_numbers().into_iter().chain(spoilt) {
            let request = directory::ResolveIdentifierRequest {
                identifier: Some(directory::Identifier {
                    kind: kind.into(),
                    value: value.clone(),
                }),
            };
            refused(scene.portal.directory().resolve_identifier(request).await)
                .blames("identifier.value", &value);
        }
    }
}
