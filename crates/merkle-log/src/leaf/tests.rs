use proptest::prelude::*;

use super::*;

const SALT: [u8; 32] = [5; 32];

fn leaf() -> LeafContent {
    LeafContent {
        event_id: [1; 16],
        patient: Some(PatientLink::new([2; 16], 3, Some(hash_leaf(b"second"))).unwrap()),
        recorded_at_micros: 1_790_000_000_000_000,
        commitment: commitment(&SALT, b"{}"),
    }
}

#[test]
fn the_encoding_is_laid_out_field_by_field() {
    let leaf = LeafContent {
        event_id: [0xaa; 16],
        patient: Some(PatientLink::first([0xbb; 16])),
        recorded_at_micros: 1,
        commitment: Hash::from_bytes([0xcc; 32]),
    };
    let expected = [
        "01".to_owned(),
        format!("10{}", "aa".repeat(16)),
        format!("10{}", "bb".repeat(16)),
        "080000000000000001".to_owned(),
        "00".to_owned(),
        "080000000000000001".to_owned(),
        format!("20{}", "cc".repeat(32)),
    ];
    assert_eq!(hex::encode(leaf.encode()), expected.concat());
}

#[test]
fn a_leaf_without_patient_has_no_place_among_a_patients() {
    let leaf = LeafContent {
        patient: None,
        ..leaf()
    };
    assert_eq!(leaf.patient_sequence(), 0);
    assert_eq!(leaf.previous_patient_leaf(), None);
    assert_eq!(LeafContent::decode(&leaf.encode()), Ok(leaf));
}

#[test]
fn only_a_patients_first_event_has_no_predecessor() {
    let previous = Some(hash_leaf(b"previous"));
    for (sequence, previous) in [
        (0, None),
        (0, previous),
        (1, previous),
        (2, None),
        (u64::MAX, None),
    ] {
        let refused = PatientLink::new([2; 16], sequence, previous);
        assert_eq!(refused, Err(LeafError::BrokenLink), "{sequence}");
    }
    assert_eq!(
        PatientLink::new([2; 16], 1, None),
        Ok(PatientLink::first([2; 16]))
    );
    assert!(PatientLink::new([2; 16], u64::MAX, previous).is_ok());
}

#[test]
fn an_encoded_link_that_contradicts_itself_is_refused() {
    let without_patient = LeafContent {
        patient: None,
        ..leaf()
    }
    .encode();
    let mut numbered = without_patient.clone();
    // version, event id, empty patient id, length of the sequence, its last byte
    numbered[1 + 17 + 1 + 8] = 1;
    assert_eq!(LeafContent::decode(&numbered), Err(LeafError::BrokenLink));

    let mut first_with_predecessor = leaf().encode();
    first_with_predecessor[1 + 17 + 17 + 8] = 1;
    assert_eq!(
        LeafContent::decode(&first_with_predecessor),
        Err(LeafError::BrokenLink)
    );
}

#[test]
fn a_leaf_cut_short_or_continued_is_refused() {
    let entry = leaf().encode();
    for end in 0..entry.len() {
        let refused = LeafContent::decode(&entry[..end]);
        assert!(
            matches!(refused, Err(LeafError::Field(_))),
            "{end}: {refused:?}"
        );
    }
    let continued = [entry.as_slice(), &[0]].concat();
    assert_eq!(
        LeafContent::decode(&continued),
        Err(LeafError::TrailingBytes)
    );
    let later = [&[2], &entry[1..]].concat();
    assert_eq!(
        LeafContent::decode(&later),
        Err(LeafError::UnknownVersion(2))
    );
}

#[test]
fn the_commitment_binds_salt_and_event() {
    let bound = commitment(&SALT, b"event");
    assert_ne!(bound, commitment(&SALT, b"Event"));
    assert_ne!(bound, commitment(&[6; 32], b"event"));
    // Bytes that move from the salt to the event make another commitment.
    assert_ne!(bound, commitment(&[5; 32], b"\x05event"));
}

#[test]
fn the_commitment_stays_as_it_was_first_published() {
    // SHA-256 over the prefix, 32 bytes of 0x05 and `{}`, computed elsewhere.
    assert_eq!(
        commitment(&SALT, b"{}").to_string(),
        "d08faae4e3b2e47e7ba795d89a16ae36c566d4a3a3b040aaf298675e98f2cfd5"
    );
}

fn any_leaf() -> impl Strategy<Value = LeafContent> {
    let later = (any::<[u8; 16]>(), 2..=u64::MAX, any::<[u8; 32]>()).prop_map(
        |(patient, sequence, previous)| {
            PatientLink::new(patient, sequence, Some(Hash::from_bytes(previous))).unwrap()
        },
    );
    let patient = prop_oneof![
        Just(None),
        any::<[u8; 16]>().prop_map(|patient| Some(PatientLink::first(patient))),
        later.prop_map(Some),
    ];
    (any::<[u8; 16]>(), patient, any::<i64>(), any::<[u8; 32]>()).prop_map(
        |(event_id, patient, recorded_at_micros, commitment)| LeafContent {
            event_id,
            patient,
            recorded_at_micros,
            commitment: Hash::from_bytes(commitment),
        },
    )
}

proptest! {
    #[test]
    fn every_leaf_is_read_back(leaf in any_leaf()) {
        prop_assert_eq!(LeafContent::decode(&leaf.encode()), Ok(leaf));
    }

    #[test]
    fn a_bit_flipped_in_a_leaf_is_refused_or_makes_another(leaf in any_leaf(), place: prop::sample::Index, bit in 0..8_u8) {
        let mut entry = leaf.encode();
        let place = place.index(entry.len());
        entry[place] ^= 1 << bit;
        if let Ok(other) = LeafContent::decode(&entry) {
            prop_assert_eq!(other.encode(), entry);
            prop_assert_ne!(leaf_hash(&other), leaf_hash(&leaf));
        }
    }
}
