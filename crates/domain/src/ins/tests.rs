//! The INS against published matricules and against generated ones.

use proptest::prelude::*;

use super::*;

/// Public examples whose key is right.
const VALID: [&str; 9] = [
    "255081416802538",
    "284058832102532",
    "284052A32102552",
    "284052B32102579",
    "279035121518989",
    "283084121661677",
    "155067200010159",
    "168017218137243",
    "180017505600103",
];

/// Public examples whose key is wrong.
const WRONG_KEY: [&str; 6] = [
    "255081416802500",
    "279035121518900",
    "288091234567823",
    "253097812634581",
    "147720425367411",
    "123456789012345",
];

fn matricule() -> impl Strategy<Value = String> {
    "[12][0-9]{2}(0[1-9]|1[0-2]|[2-9][0-9])([0-9]{2}|2A|2B)[0-9]{6}"
}

#[test]
fn published_valid_matricules_are_read_as_every_kind() {
    for text in VALID {
        for kind in InsKind::ALL.iter().copied() {
            let ins = Ins::parse_strict(text, kind).unwrap();
            assert_eq!(ins.reveal(), text);
            assert_eq!(ins.kind(), kind);
            assert_eq!(Ins::with_key(&text[..13], kind), Ok(ins));
        }
    }
}

#[test]
fn a_wrong_key_is_refused_for_real_persons_and_tolerated_for_test_identities() {
    for text in WRONG_KEY {
        for kind in [InsKind::Nir, InsKind::Nia] {
            let error = Ins::parse(text, kind).unwrap_err();
            assert_eq!(error.rule, "the key does not match the matricule");
            let tolerant = Ins::parse_with(text, kind, KeyPolicy::Tolerated);
            assert_eq!(
                tolerant,
                Err(error),
                "tolerance never reaches a real person"
            );
        }
        for kind in [InsKind::Test, InsKind::Demo] {
            let ins = Ins::parse(text, kind).unwrap();
            assert_eq!(ins.reveal(), text);
            assert!(!ins.has_valid_key());
            assert!(Ins::parse_strict(text, kind).is_err());
        }
    }
}

#[test]
fn a_nir_has_a_sex_and_a_month_and_a_waiting_number_need_not() {
    let refused = |text: &str| Ins::with_key(text, InsKind::Nir).unwrap_err().position;
    for first in ["0", "3", "5", "6", "7", "8", "9"] {
        let text = format!("{first}790351215189");
        assert_eq!(refused(&text), Some(0));
        assert!(Ins::with_key(&text, InsKind::Nia).is_ok());
    }
    for month in ["00", "13", "19"] {
        let text = format!("279{month}51215189");
        assert_eq!(refused(&text), Some(3));
        assert!(Ins::with_key(&text, InsKind::Nia).is_ok());
    }
    for month in ["01", "12", "20", "42", "99"] {
        assert!(Ins::with_key(&format!("279{month}51215189"), InsKind::Nir).is_ok());
    }
}

#[test]
fn letters_stand_only_in_a_corsican_department() {
    for text in [
        "2A9035121518989",
        "279032C21518989",
        "27903A121518989",
        "279032a21518989",
        "27903512A518989",
        "2790351215189A9",
        "279035121518 89",
        "+79035121518989",
        "２79035121518",
    ] {
        assert!(Ins::parse(text, InsKind::Test).is_err(), "{text}");
    }
}

#[test]
fn a_corsican_department_shares_its_key_with_nineteen_and_eighteen() {
    for (corsican, mainland) in [("2A", "19"), ("2B", "18")] {
        let key = |department: &str| {
            let matricule = format!("28405{department}321025");
            let ins = Ins::with_key(&matricule, InsKind::Nir).unwrap();
            ins.reveal()[13..].to_owned()
        };
        assert_eq!(key(corsican), key(mainland));
    }
}

#[test]
fn the_key_misses_two_digits_that_differ_by_ninety_seven() {
    let zeros = Ins::with_key("2790351215100", InsKind::Nir).unwrap();
    let others = Ins::with_key("2790351215197", InsKind::Nir).unwrap();
    assert_eq!(zeros.reveal()[13..], others.reveal()[13..]);
}

#[test]
fn what_is_written_is_masked() {
    let ins = Ins::parse("279035121518989", InsKind::Nir).unwrap();
    assert_eq!(ins.to_string(), "INS(NIR, *************89)");
    assert_eq!(format!("{ins:?}"), ins.to_string());
    assert_eq!(format!("{:#?}", Some(ins)).matches("279").count(), 0);
}

proptest! {
    #[test]
    fn a_matricule_with_its_key_round_trips(matricule in matricule()) {
        for kind in InsKind::ALL.iter().copied() {
            let ins = Ins::with_key(&matricule, kind).unwrap();
            prop_assert!(ins.has_valid_key());
            prop_assert_eq!(&ins.reveal()[..13], &matricule);
            prop_assert_eq!(Ins::parse_strict(&ins.reveal(), kind), Ok(ins));
        }
    }

    #[test]
    fn every_wrong_character_is_caught(matricule in matricule()) {
        let text = Ins::with_key(&matricule, InsKind::Nia).unwrap().reveal();
        for place in 0..Ins::LENGTH {
            for wrong in "0123456789AB".bytes() {
                let mut altered = text.clone().into_bytes();
                if std::mem::replace(&mut altered[place], wrong) == wrong {
                    continue;
                }
                let altered = String::from_utf8(altered).unwrap();
                prop_assert!(Ins::parse(&altered, InsKind::Nia).is_err());
            }
        }
    }

    #[test]
    fn every_swap_of_neighbours_is_caught(matricule in matricule()) {
        let text = Ins::with_key(&matricule, InsKind::Nia).unwrap().reveal();
        for place in 1..Ins::LENGTH {
            let mut swapped = text.clone().into_bytes();
            swapped.swap(place - 1, place);
            let swapped = String::from_utf8(swapped).unwrap();
            prop_assert_eq!(Ins::parse(&swapped, InsKind::Nia).is_ok(), swapped == text);
        }
    }

    #[test]
    fn masked_forms_never_hold_the_matricule(matricule in matricule()) {
        let ins = Ins::with_key(&matricule, InsKind::Nir).unwrap();
        for written in [format!("{ins}"), format!("{ins:?}"), format!("{ins:#?}")] {
            prop_assert!(!written.contains(&matricule));
            prop_assert_eq!(written.bytes().filter(u8::is_ascii_digit).count(), 2);
        }
    }

    #[test]
    fn any_text_is_read_or_refused_without_repeating_it(text in crate::testing::any_text()) {
        for kind in InsKind::ALL.iter().copied() {
            let _ = Ins::with_key(&text, kind);
            match Ins::parse(&text, kind) {
                Ok(ins) => prop_assert_eq!(ins.reveal(), text.as_str()),
                Err(error) => {
                    prop_assert!(text.len() < 4 || !error.to_string().contains(&text));
                }
            }
        }
    }
}
