use proptest::prelude::*;
use serde_json::json;

use super::*;

fn canonical(value: &Value) -> String {
    String::from_utf8(to_canonical_bytes(value).unwrap()).unwrap()
}

#[test]
fn members_are_sorted_by_utf_16_code_units() {
    // The order that RFC 8785 §3.2.3 gives for these names: a surrogate pair
    // (0xD83D) sorts before U+FB33, though its code point is the larger.
    let value = json!({
        "\u{20ac}": 5, "\r": 1, "\u{fb33}": 7, "1": 2, "\u{1f600}": 6, "\u{80}": 3, "\u{f6}": 4,
    });
    assert_eq!(
        canonical(&value),
        "{\"\\r\":1,\"1\":2,\"\u{80}\":3,\"\u{f6}\":4,\"\u{20ac}\":5,\"\u{1f600}\":6,\"\u{fb33}\":7}"
    );
}

#[test]
fn only_what_must_be_escaped_is_escaped() {
    let value = json!("\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{8}\t\u{c}\r\u{0}\u{1f}\u{7f}\u{2028}");
    assert_eq!(
        canonical(&value),
        "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\\b\\t\\f\\r\\u0000\\u001f\u{7f}\u{2028}\""
    );
}

#[test]
fn structure_has_no_space() {
    let value = json!({ "b": [1, -2, [], {}], "a": { "y": true, "x": false } });
    assert_eq!(
        canonical(&value),
        r#"{"a":{"x":false,"y":true},"b":[1,-2,[],{}]}"#
    );
}

#[test]
fn integers_stop_where_exactness_does() {
    let largest = (1_i64 << 53) - 1;
    assert_eq!(
        canonical(&json!([largest, -largest, 0])),
        "[9007199254740991,-9007199254740991,0]"
    );
    for number in [
        json!(largest + 1),
        json!(-largest - 1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!(1.0),
    ] {
        assert_eq!(
            to_canonical_bytes(&number),
            Err(CanonicalError::NotAnInteger),
            "{number}"
        );
    }
}

#[test]
fn null_is_refused_wherever_it_stands() {
    for value in [json!(null), json!([null]), json!({ "a": { "b": null } })] {
        assert_eq!(to_canonical_bytes(&value), Err(CanonicalError::Null));
    }
    assert_eq!(
        from_canonical_bytes(b"{\"a\":null}"),
        Err(CanonicalError::Null)
    );
}

#[test]
fn every_other_spelling_is_refused() {
    let spellings = [
        r#"{"a": 1}"#,
        "{\"a\":1}\n",
        r#" {"a":1}"#,
        r#"{"b":1,"a":2}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"a":2}"#,
        r#""\u0041""#,
        r#""\/""#,
        r#""\u001F""#,
        r#""\u000a""#,
        r#""\ud83d\ude00""#,
        r#"{"\u0061":1}"#,
    ];
    for spelling in spellings {
        let refused = from_canonical_bytes(spelling.as_bytes());
        assert!(
            matches!(refused, Err(CanonicalError::NotCanonical(_))),
            "{spelling}: {refused:?}"
        );
    }
    for number in ["1.0", "1e3", "-0", "-0.0", "1E400", "9007199254740992"] {
        assert!(from_canonical_bytes(number.as_bytes()).is_err(), "{number}");
    }
    for not_json in [
        b"".as_slice(),
        b"{",
        b"01",
        b"+1",
        b"\xef\xbb\xbf1",
        b"\"\xff\"",
        br#""\ud83d""#,
        b"1 2",
        b"NaN",
    ] {
        let refused = from_canonical_bytes(not_json);
        assert!(
            matches!(refused, Err(CanonicalError::NotJson { .. })),
            "{not_json:?}: {refused:?}"
        );
    }
}

#[test]
fn the_first_byte_that_differs_is_named() {
    assert_eq!(
        from_canonical_bytes(br#"{"a":1, "b":2}"#),
        Err(CanonicalError::NotCanonical(7))
    );
}

#[test]
fn nesting_has_a_bound_in_both_directions() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deepest = from_canonical_bytes(nested(MAX_DEPTH).as_bytes()).unwrap();
    assert_eq!(canonical(&deepest), nested(MAX_DEPTH));
    let deeper = nested(MAX_DEPTH + 1);
    assert_eq!(
        from_canonical_bytes(deeper.as_bytes()),
        Err(CanonicalError::TooDeep)
    );
    let value: Value = serde_json::from_str(&deeper).unwrap();
    assert_eq!(to_canonical_bytes(&value), Err(CanonicalError::TooDeep));
    assert!(from_canonical_bytes(nested(100_000).as_bytes()).is_err());
}

fn any_value() -> impl Strategy<Value = Value> {
    let integer = -((1_i64 << 53) - 1)..(1_i64 << 53);
    let scalar = prop_oneof![
        any::<bool>().prop_map(Value::from),
        integer.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_value_is_read_back_from_its_canonical_form(value in any_value()) {
        let bytes = to_canonical_bytes(&value).unwrap();
        prop_assert_eq!(from_canonical_bytes(&bytes), Ok(value));
    }

    #[test]
    fn a_bit_flipped_is_refused_or_says_something_else(value in any_value(), place: prop::sample::Index, bit in 0..8_u8) {
        let mut bytes = to_canonical_bytes(&value).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        if let Ok(other) = from_canonical_bytes(&bytes) {
            prop_assert_ne!(other, value);
        }
    }

    #[test]
    fn whatever_is_accepted_is_canonical(text in r#"[ \[\]{}:,"a-c0-9\\u.eE+-]{0,24}"#) {
        if let Ok(value) = from_canonical_bytes(text.as_bytes()) {
            prop_assert_eq!(canonical(&value), text);
        }
    }
}
