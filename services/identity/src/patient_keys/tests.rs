//! What the keys promise.

use aval_domain::ins::{InsKind, InseeCode, Sex};
use aval_domain::random::SeededRandom;
use aval_domain::time::{CivilDate, Timestamp};
use zeroize::Zeroizing;

use super::*;

fn secret(byte: u8) -> Secret {
    Zeroizing::new([byte; 32])
}

fn keys() -> PatientKeys {
    PatientKeys::new(&secret(1), &secret(2))
}

fn identity() -> Identity {
    Identity {
        ins: Ins::parse("279035121518989", InsKind::Test).unwrap(),
        traits: InsTraits {
            birth_name: "PAT-TROIS".to_owned(),
            birth_first_names: vec!["DOMINIQUE".to_owned(), "ANDRÉE".to_owned()],
            birth_date: CivilDate::new(1979, 3, 28).unwrap(),
            sex: Sex::Female,
            birth_place: InseeCode::parse("51215").unwrap(),
        },
    }
}

fn someone(seed: u64) -> PatientId {
    PatientId::new(Timestamp::UNIX_EPOCH, &SeededRandom::new(seed))
}

#[test]
fn what_is_sealed_opens_for_the_same_patient_and_no_other() {
    let sealed = keys().seal(someone(1), &identity());
    assert_eq!(keys().open(someone(1), &sealed), Ok(identity()));
    assert_eq!(keys().open(someone(2), &sealed), Err(SealBroken::Altered));
}

#[test]
fn sealing_twice_gives_different_bytes_that_hold_nothing_in_clear() {
    let (one, other) = (
        keys().seal(someone(1), &identity()),
        keys().seal(someone(1), &identity()),
    );
    assert_ne!(one.bytes, other.bytes);
    let text = String::from_utf8_lossy(&one.bytes).into_owned();
    for clear in ["2790351215189", "PAT-TROIS", "DOMINIQUE", "1979", "1.2.250"] {
        assert!(!text.contains(clear));
    }
}

#[test]
fn every_altered_or_cut_byte_is_noticed() {
    let sealed = keys().seal(someone(1), &identity());
    for place in 0..sealed.bytes.len() {
        let mut altered = sealed.clone();
        altered.bytes[place] ^= 1;
        assert_eq!(keys().open(someone(1), &altered), Err(SealBroken::Altered));
        altered.bytes.truncate(place);
        assert_eq!(keys().open(someone(1), &altered), Err(SealBroken::Altered));
    }
}

#[test]
fn an_other_key_still_opens_and_the_new_one_seals() {
    let old = keys().seal(someone(1), &identity());
    let rotated = PatientKeys::new(&secret(1), &secret(3));
    let gone = SealBroken::KeyGone {
        key_id: old.key_id.clone(),
    };
    assert!(gone.to_string().contains(keys().encryption_key_id()));
    assert_eq!(rotated.open(someone(1), &old), Err(gone));
    let rotated = rotated.with_other_encryption_keys(&[secret(2)]);
    assert_eq!(rotated.open(someone(1), &old), Ok(identity()));
    let sealed = rotated.seal(someone(1), &identity());
    assert_eq!(sealed.key_id, rotated.encryption_key_id());
    assert_ne!(sealed.key_id, old.key_id);
    assert!(matches!(
        keys().open(someone(1), &sealed),
        Err(SealBroken::KeyGone { .. })
    ));
}

#[test]
fn a_former_matricule_opens_as_one_and_as_no_identity() {
    let ins = identity().ins;
    let sealed = keys().seal_former(someone(1), &ins);
    assert_eq!(keys().open_former(someone(1), &sealed), Ok(ins));
    let altered = Err(SealBroken::Altered);
    assert_eq!(keys().open_former(someone(2), &sealed), altered);
    assert_eq!(keys().open(someone(1), &sealed), Err(SealBroken::Altered));
    let identity = keys().seal(someone(1), &identity());
    assert_eq!(keys().open_former(someone(1), &identity), altered);
}

#[test]
fn what_may_be_kept_under_any_of_the_keys_is_looked_for_under_all() {
    let (first, second) = (keys(), PatientKeys::new(&secret(9), &secret(2)));
    let both = PatientKeys::new(&secret(9), &secret(2)).with_other_digest_keys(&[secret(1)]);
    let Identity { ins, traits } = identity();
    assert_eq!(
        both.digests_of_ins(&ins),
        [second.digest_of_ins(&ins), first.digest_of_ins(&ins)]
    );
    assert_eq!(
        both.digests_of_traits(&traits),
        [
            second.digest_of_traits(&traits),
            first.digest_of_traits(&traits)
        ]
    );
    assert_eq!(both.digest_of_ins(&ins), second.digest_of_ins(&ins));
    assert_eq!(both.derived("a"), second.derived("a"));
    assert_eq!(both.derived_from_others("a"), [first.derived("a")]);
    let ids = both.digest_key_ids().collect::<Vec<_>>();
    assert_eq!(ids, [second.digest_key_id(), first.digest_key_id()]);
}

#[test]
fn a_key_that_is_named_twice_is_one() {
    let keys = keys()
        .with_other_digest_keys(&[secret(1)])
        .with_other_encryption_keys(&[secret(2)]);
    assert_eq!(keys.digest_key_ids().count(), 1);
    assert_eq!(keys.encryption_key_ids().count(), 1);
}

#[test]
fn digests_depend_on_the_key_the_matricule_and_its_kind() {
    let test = identity().ins;
    let demo = Ins::parse("279035121518989", InsKind::Demo).unwrap();
    let other_key = PatientKeys::new(&secret(9), &secret(2));
    assert_eq!(keys().digest_of_ins(&test), keys().digest_of_ins(&test));
    assert_ne!(keys().digest_of_ins(&test), keys().digest_of_ins(&demo));
    assert_ne!(keys().digest_of_ins(&test), other_key.digest_of_ins(&test));
}

#[test]
fn traits_are_compared_to_the_letter() {
    let traits = identity().traits;
    let digest = keys().digest_of_traits(&traits);
    let decomposed = InsTraits {
        birth_first_names: vec!["DOMINIQUE".to_owned(), "ANDRE\u{301}E".to_owned()],
        ..traits.clone()
    };
    assert_eq!(keys().digest_of_traits(&decomposed), digest);
    let names = |names: &[&str]| InsTraits {
        birth_first_names: names.iter().map(|&name| name.to_owned()).collect(),
        ..traits.clone()
    };
    for other in [
        InsTraits {
            birth_name: "PAT TROIS".to_owned(),
            ..traits.clone()
        },
        InsTraits {
            sex: Sex::Male,
            ..traits.clone()
        },
        InsTraits {
            birth_date: CivilDate::new(1979, 3, 29).unwrap(),
            ..traits.clone()
        },
        InsTraits {
            birth_place: InseeCode::parse("51216").unwrap(),
            ..traits.clone()
        },
        names(&["ANDRÉE", "DOMINIQUE"]),
        names(&["DOMINIQUE", "ANDREE"]),
        names(&["DOMINIQUEANDRÉE"]),
        names(&["DOMINIQUE"]),
    ] {
        assert_ne!(keys().digest_of_traits(&other), digest);
    }
}

#[test]
fn a_likeness_is_found_by_its_key_alone_and_is_no_other_digest() {
    let traits = identity().traits;
    let likeness = Likeness::of(&traits);
    let other_key = PatientKeys::new(&secret(9), &secret(2));
    let digest = keys().digest_of_likeness(&likeness);
    assert_ne!(digest, other_key.digest_of_likeness(&likeness));
    assert_ne!(digest, keys().digest_of_traits(&traits));
    let spelt = InsTraits {
        birth_name: "pat trois".to_owned(),
        birth_first_names: vec!["Dominique".to_owned()],
        birth_place: InseeCode::parse("99100").unwrap(),
        ..traits.clone()
    };
    assert_eq!(keys().digest_of_likeness(&Likeness::of(&spelt)), digest);
    let both = PatientKeys::new(&secret(9), &secret(2)).with_other_digest_keys(&[secret(1)]);
    let digests = [other_key.digest_of_likeness(&likeness), digest];
    assert_eq!(both.digests_of_likeness(&likeness), digests);
    // Beside what another instance wrote, under its key.
    for keys in [keys(), other_key] {
        let beside = both.likeness_beside(&keys.digest_of_traits(&traits), &traits);
        assert_eq!(beside, Some(keys.digest_of_likeness(&likeness)));
    }
    let of_others = both.likeness_beside(&keys().digest_of_traits(&spelt), &traits);
    assert_eq!(of_others, None);
}

/// Whoever was digested before would not be found any more: what changes a likeness takes
/// another label, and a step that forgets the likenesses of all.
#[test]
fn a_likeness_is_what_it_was() {
    let traits = InsTraits {
        birth_name: "Lebœuf d’Été-Ærø".to_owned(),
        birth_first_names: vec!["Ždeňka Łucja".to_owned()],
        ..identity().traits
    };
    let parts = Likeness::of(&traits).parts();
    assert_eq!(parts, ["LEBOEUFDETEAERO", "ZDENKALUCJA", "1979-03-28", "F"]);
    let digest = keys().digest_of_likeness(&Likeness::of(&traits));
    let first: [u8; 8] = digest.0[..8].try_into().unwrap();
    assert_eq!(u64::from_be_bytes(first), 0xd71b_7779_ba7b_66d6);
}
