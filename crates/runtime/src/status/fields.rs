//! Collects what is wrong with a request, so that one answer names every field.

use std::fmt::{Display, Write};

use super::{FieldViolation, Refusal};

/// The violations found while a request is converted.
///
/// A converter checks every field, keeps the good values as `Option`s and builds
/// its command at the end:
///
/// ```
/// use aval_runtime::status::{FieldErrors, Refusal};
///
/// struct Move { x: u8, y: u8 }
///
/// fn parse(x: &str, y: &str) -> Result<Move, Refusal> {
///     let mut fields = FieldErrors::new();
///     let x = fields.check("x", x.parse::<u8>());
///     let y = fields.check("y", y.parse::<u8>());
///     fields.build(|| Some(Move { x: x?, y: y? }))
/// }
///
/// assert_eq!(parse("1", "2").unwrap().y, 2);
/// assert_eq!(parse("a", "b").err().unwrap().field_violations().len(), 2);
/// ```
#[derive(Debug, Default)]
pub struct FieldErrors {
    /// The way to what is being checked. Most requests are valid, and pay nothing for
    /// the names of their fields: it is written out only for a violation.
    way: Vec<Step>,
    violations: Vec<FieldViolation>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Field(&'static str),
    Item(usize),
}

impl FieldErrors {
    /// Nothing is wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that a field breaks a rule. The sentence never contains the value.
    pub fn add(&mut self, field: &str, rule: impl Into<String>) {
        self.violations.push(FieldViolation {
            field: self.path(field),
            description: rule.into(),
        });
    }

    /// The value, or a note of the rule that the parser says it breaks. Every parse
    /// error of `aval-domain` displays as such a rule.
    pub fn check<T, E: Display>(&mut self, field: &str, parsed: Result<T, E>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(error) => {
                self.note(field, &error);
                None
            }
        }
    }

    /// The value of a message field that must be there.
    pub fn required<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.note(field, &"is required");
        }
        value
    }

    /// The text of a string field that must not be empty.
    pub fn required_text<'a>(&mut self, field: &str, text: &'a str) -> Option<&'a str> {
        self.required(field, (!text.is_empty()).then_some(text))
    }

    /// The parsed text of a string field that must not be empty.
    pub fn parse<T: std::str::FromStr<Err: Display>>(
        &mut self,
        field: &str,
        text: &str,
    ) -> Option<T> {
        let text = self.required_text(field, text)?;
        self.check(field, text.parse())
    }

    /// The parsed text of a string field that may be empty: `Some(None)` when it is.
    pub fn parse_optional<T: std::str::FromStr<Err: Display>>(
        &mut self,
        field: &str,
        text: &str,
    ) -> Option<Option<T>> {
        if text.is_empty() {
            return Some(None);
        }
        self.check(field, text.parse()).map(Some)
    }

    /// Checks the parts of a message field: what `check` finds inside is noted under
    /// `field.…`.
    pub fn within<T>(&mut self, field: &'static str, check: impl FnOnce(&mut Self) -> T) -> T {
        self.way.push(Step::Field(field));
        let checked = check(self);
        self.way.pop();
        checked
    }

    /// Checks every item of a repeated field, noted under `field[index]…`. `None` if
    /// one of them is invalid; all of them are looked at.
    pub fn each<I, T>(
        &mut self,
        field: &'static str,
        items: impl IntoIterator<Item = I>,
        mut check: impl FnMut(&mut Self, I) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = items.into_iter();
        let mut checked = Some(Vec::with_capacity(items.size_hint().0));
        self.within(field, |fields| {
            for (index, item) in items.enumerate() {
                fields.way.push(Step::Item(index));
                match check(fields, item) {
                    None => checked = None,
                    Some(item) => {
                        if let Some(checked) = &mut checked {
                            checked.push(item);
                        }
                    }
                }
                fields.way.pop();
            }
        });
        checked
    }

    /// Whether anything is wrong so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.violations.is_empty()
    }

    /// One refusal for everything that was found, or nothing if all is well.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.violations.is_empty() {
            return Ok(());
        }
        Err(Refusal::fields(self.violations))
    }

    /// What `build` makes of the checked values, or one refusal for everything that
    /// was found. Fails closed: a value that is missing without a violation is
    /// refused too.
    pub fn build<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Refusal> {
        self.finish()?;
        build().ok_or_else(|| Refusal::field("", "the request is incomplete"))
    }

    /// Apart from the checks, which are short without it: so they are compiled into
    /// their callers, and a value that passes is not moved from one to the next.
    #[cold]
    #[inline(never)]
    fn note(&mut self, field: &str, rule: &dyn Display) {
        self.add(field, rule.to_string());
    }

    fn path(&self, field: &str) -> String {
        let mut path = String::new();
        for step in &self.way {
            match step {
                Step::Field(name) => append(&mut path, name),
                Step::Item(index) => {
                    write!(path, "[{index}]").expect("a text takes what is written to it");
                }
            }
        }
        append(&mut path, field);
        path
    }
}

/// The path of a field below another one; either may be empty.
fn append(path: &mut String, field: &str) {
    if !path.is_empty() && !field.is_empty() {
        path.push('.');
    }
    path.push_str(field);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_violation_is_reported_at_once_with_its_path() {
        let mut fields = FieldErrors::new();
        fields.required::<()>("ins", None);
        fields.within("grantee", |fields| {
            fields.check("rpps", "x".parse::<u8>());
            fields.within("period", |fields| fields.add("", "is reversed"));
        });
        let items = fields.each("documents", ["1", "x", "y"], |fields, text| {
            fields.check("document_id", text.parse::<u8>())
        });
        assert_eq!(items, None);
        let refusal = fields.finish().unwrap_err();
        let paths: Vec<_> = refusal
            .field_violations()
            .iter()
            .map(|v| v.field.as_str())
            .collect();
        assert_eq!(
            paths,
            [
                "ins",
                "grantee.rpps",
                "grantee.period",
                "documents[1].document_id",
                "documents[2].document_id",
            ]
        );
    }

    #[test]
    fn an_empty_text_is_missing_where_it_is_required_and_absent_where_it_is_not() {
        let mut fields = FieldErrors::new();
        assert_eq!(fields.parse_optional::<u8>("a", ""), Some(None));
        assert_eq!(fields.parse_optional::<u8>("b", "7"), Some(Some(7)));
        assert!(fields.is_empty());
        assert_eq!(fields.parse_optional::<u8>("c", "x"), None);
        assert_eq!(fields.parse::<u8>("d", ""), None);
        let refusal = fields.finish().unwrap_err();
        assert_eq!(refusal.field_violations()[1].description, "is required");
    }

    #[test]
    fn a_value_missing_without_a_violation_is_still_refused() {
        let built: Result<(), Refusal> = FieldErrors::new().build(|| None);
        assert!(built.is_err());
    }
}
