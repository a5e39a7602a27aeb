//! The one byte form of an event: JSON after RFC 8785, without numbers that could be spelt twice.
//!
//! Strings, booleans, arrays, objects, and integers of magnitude below 2^53. No
//! null (an absent member is left out), no fraction, no exponent. Members are
//! sorted by the UTF-16 code units of their names. A signature or a hash over
//! these bytes is over the event, whoever serialised it.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

/// Every integer of smaller magnitude is exact in every JSON implementation.
const INTEGER_BOUND: u64 = 1 << 53;

/// Most events are not longer, in bytes.
const USUAL_LENGTH: usize = 1_024;

/// How deeply arrays and objects may be nested.
pub const MAX_DEPTH: usize = 64;

/// Why a value has no canonical form, or bytes are not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// An absent member is left out; `null` would be a second way to say so.
    #[error("null has no canonical form: leave the member out")]
    Null,
    /// A number with a fraction, an exponent, or a magnitude of 2^53 or more.
    #[error("only integers of magnitude below 2^53 have a canonical form")]
    NotAnInteger,
    /// Arrays and objects nested beyond [`MAX_DEPTH`].
    #[error("nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// The bytes are not JSON.
    #[error("not JSON, at line {line} column {column}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The bytes are JSON, but not spelt in the canonical way.
    #[error("JSON that is not in canonical form, at byte {0}")]
    NotCanonical(usize),
}

/// The canonical bytes of a value.
pub fn to_canonical_bytes(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut out = String::with_capacity(USUAL_LENGTH);
    write_value(&mut out, value, 0)?;
    Ok(out.into_bytes())
}

/// The value whose canonical form these bytes are; refuses every other spelling of it.
pub fn from_canonical_bytes(bytes: &[u8]) -> Result<Value, CanonicalError> {
    let value = serde_json::from_slice(bytes).map_err(|error| CanonicalError::NotJson {
        line: error.line(),
        column: error.column(),
    })?;
    // Writing it again is the check: duplicate members, other escapes, spaces,
    // another order, all differ from the one spelling.
    let canonical = to_canonical_bytes(&value)?;
    if canonical == bytes {
        return Ok(value);
    }
    let agreeing = canonical.iter().zip(bytes).take_while(|(a, b)| a == b);
    Err(CanonicalError::NotCanonical(agreeing.count()))
}

fn write_value(out: &mut String, value: &Value, depth: usize) -> Result<(), CanonicalError> {
    match value {
        Value::Null => Err(CanonicalError::Null),
        Value::Bool(truth) => {
            out.push_str(if *truth { "true" } else { "false" });
            Ok(())
        }
        Value::Number(number) => write_integer(out, number),
        Value::String(text) => {
            write_string(out, text);
            Ok(())
        }
        Value::Array(_) | Value::Object(_) if depth == MAX_DEPTH => Err(CanonicalError::TooDeep),
        Value::Array(elements) => write_array(out, elements, depth + 1),
        Value::Object(members) => write_object(out, members, depth + 1),
    }
}

fn write_array(out: &mut String, elements: &[Value], depth: usize) -> Result<(), CanonicalError> {
    out.push('[');
    for (position, element) in elements.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        write_value(out, element, depth)?;
    }
    out.push(']');
    Ok(())
}

fn write_object(
    out: &mut String,
    members: &Map<String, Value>,
    depth: usize,
) -> Result<(), CanonicalError> {
    let mut members: Vec<_> = members.iter().collect();
    // As bytes where all names are ASCII, as nearly all are: the order is the same.
    if members.iter().all(|(name, _)| name.is_ascii()) {
        members.sort_unstable_by_key(|(name, _)| *name);
    } else {
        members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    }
    out.push('{');
    for (position, (name, value)) in members.into_iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        write_string(out, name);
        out.push(':');
        write_value(out, value, depth)?;
    }
    out.push('}');
    Ok(())
}

fn write_integer(out: &mut String, number: &Number) -> Result<(), CanonicalError> {
    let integer = number.as_i64().ok_or(CanonicalError::NotAnInteger)?;
    if integer.unsigned_abs() >= INTEGER_BOUND {
        return Err(CanonicalError::NotAnInteger);
    }
    out.push_str(&integer.to_string());
    Ok(())
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    if text.bytes().any(is_escaped) {
        write_escaped(out, text);
    } else {
        out.push_str(text);
    }
    out.push('"');
}

/// Whether this is the byte of a character that is spelt otherwise; none of those has several.
const fn is_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..b' ')
}

fn write_escaped(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..' ' => {
                write!(out, "\\u{:04x}", u32::from(letter)).expect("a String takes everything");
            }
            _ => out.push(letter),
        }
    }
}

#[cfg(test)]
mod tests;
