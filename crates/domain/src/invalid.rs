//! The one error of every parser of this crate.

/// A value that breaks the rule of its type.
///
/// The message is a fixed public sentence: what was expected and which rule
/// failed. It never repeats the value, because the value may be an INS, a name,
/// or whatever an attacker sent, and the message reaches logs and callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("invalid {what}: {rule}")]
pub struct InvalidValue {
    /// What the value was meant to be: `RPPS number`, `document id`…
    pub what: &'static str,
    /// The rule that failed, as a clause: `the last digit is not the Luhn key`.
    pub rule: &'static str,
    /// Where it failed, in characters from 0, when the rule is about one place.
    pub position: Option<usize>,
}

impl InvalidValue {
    /// The whole value breaks `rule`.
    #[must_use]
    pub const fn new(what: &'static str, rule: &'static str) -> Self {
        Self {
            what,
            rule,
            position: None,
        }
    }

    /// The character at `position` (from 0) breaks `rule`.
    #[must_use]
    pub const fn at(what: &'static str, rule: &'static str, position: usize) -> Self {
        Self {
            what,
            rule,
            position: Some(position),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_the_rule_and_nothing_else() {
        let error = InvalidValue::at("RPPS number", "every character is a digit", 4);
        assert_eq!(
            error.to_string(),
            "invalid RPPS number: every character is a digit"
        );
    }
}
