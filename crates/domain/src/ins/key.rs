//! The shape of a matricule and its key.
//!
//! The rule is the one of the health insurance's published NIR validation:
//! `key = 97 - (matricule mod 97)`, where a Corsican department counts as 19
//! (`2A`) or 18 (`2B`), at the department's place only.
//!
//! 97 is prime and larger than any digit, so the key catches every wrong
//! character and every swap of neighbours, in the matricule, in the key and
//! across the two. It misses what differs by a multiple of 97: two digits at
//! once (`00` for `97`), or a Corsican `2A` written `19`, `2B` written `18`.

use super::{InsKind, WHAT};
use crate::InvalidValue;

/// Where the department stands, counted from 0.
const DEPARTMENT: std::ops::Range<usize> = 5..7;

/// The two digits of the key of a matricule of the right shape.
pub(super) fn compute(matricule: &[u8; 13]) -> [u8; 2] {
    let mut digits = *matricule;
    match &matricule[DEPARTMENT] {
        b"2A" => digits[DEPARTMENT].copy_from_slice(b"19"),
        b"2B" => digits[DEPARTMENT].copy_from_slice(b"18"),
        _ => {}
    }
    let number = digits
        .iter()
        .fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'));
    let key = u8::try_from(97 - number % 97).expect("between 1 and 97");
    [b'0' + key / 10, b'0' + key % 10]
}

/// Sex, year, month, department, commune, rank, key: digits, but for the
/// Corsican departments. The sex and the month are checked for a NIR alone: the
/// rules for a NIA's first digit are not public, and test identities are free.
pub(super) fn check_shape(characters: &[u8; 15], kind: InsKind) -> Result<(), InvalidValue> {
    let corsican = matches!(&characters[DEPARTMENT], b"2A" | b"2B");
    let foreign = characters
        .iter()
        .enumerate()
        .position(|(place, byte)| !(byte.is_ascii_digit() || corsican && place == 6));
    if let Some(position) = foreign {
        let rule = "every character is a digit, but for 2A and 2B as department";
        return Err(InvalidValue::at(WHAT, rule, position));
    }
    if kind != InsKind::Nir {
        return Ok(());
    }
    if !matches!(characters[0], b'1' | b'2') {
        return Err(InvalidValue::at(
            WHAT,
            "the first digit of a NIR is 1 or 2",
            0,
        ));
    }
    // 20 and above stand for months that the register does not know.
    if matches!(
        (characters[3], characters[4]),
        (b'0', b'0') | (b'1', b'3'..=b'9')
    ) {
        let rule = "the month of a NIR is 01 to 12 or 20 to 99";
        return Err(InvalidValue::at(WHAT, rule, 3));
    }
    Ok(())
}
