//! Strings that parsers must survive.

use proptest::prelude::*;

/// Arbitrary text, and text close to an identifier: digits of other scripts,
/// blanks, signs, separators, nothing, very much.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9]{0,20}",
        "[0-9A-Z2AB/@ .+-]{0,24}",
        "[０-９٠-٩0-9]{9,15}",
        "[0-9]{7}\\PC{1,4}[0-9]{0,6}",
        "[0134568RFC][0-9]{8,14}(/[!-~]{0,70})?",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-fA-F]{12}",
        Just(String::new()),
        Just("0".repeat(100_000)),
        Just("\u{0}".repeat(15)),
    ]
}
