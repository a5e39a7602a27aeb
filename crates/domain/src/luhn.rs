//! The Luhn key (ISO/IEC 7812-1) of RPPS, SIREN, SIRET and most FINESS numbers.
//!
//! It catches every wrong digit, and every swap of two neighbours but `09` with
//! `90`: 0 and 9 are the only two digits that doubling shifts by the same
//! amount modulo 10.

/// Whether `digits` (ASCII), the last one being the key, add up.
pub(crate) fn holds(digits: &[u8]) -> bool {
    sum(digits, 0).is_multiple_of(10)
}

/// The key to write after `digits` (ASCII).
pub(crate) fn key(digits: &[u8]) -> u8 {
    let missing = (10 - sum(digits, 1) % 10) % 10;
    b'0' + u8::try_from(missing).expect("a remainder modulo 10 fits")
}

/// The Luhn sum, the rightmost digit standing at place `offset` from the right.
fn sum(digits: &[u8], offset: usize) -> u32 {
    digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| weigh(u32::from(digit - b'0'), place + offset))
        .sum()
}

fn weigh(digit: u32, place: usize) -> u32 {
    match (place.is_multiple_of(2), digit) {
        (true, _) => digit,
        (false, 0..=4) => 2 * digit,
        (false, _) => 2 * digit - 9,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keyed(body: &str) -> Vec<u8> {
        let mut digits = body.as_bytes().to_vec();
        digits.push(key(&digits));
        digits
    }

    proptest! {
        #[test]
        fn the_key_that_is_computed_holds(body in "[0-9]{1,20}") {
            prop_assert!(holds(&keyed(&body)));
        }

        #[test]
        fn every_wrong_digit_is_caught(body in "[0-9]{1,20}") {
            let digits = keyed(&body);
            for place in 0..digits.len() {
                for wrong in (b'0'..=b'9').filter(|wrong| *wrong != digits[place]) {
                    let mut altered = digits.clone();
                    altered[place] = wrong;
                    prop_assert!(!holds(&altered));
                }
            }
        }

        #[test]
        fn every_swap_of_neighbours_is_caught_but_zero_with_nine(body in "[0-9]{1,20}") {
            let digits = keyed(&body);
            for place in 1..digits.len() {
                let mut swapped = digits.clone();
                swapped.swap(place - 1, place);
                let pair = (swapped[place - 1], swapped[place]);
                let unseen = matches!(pair, (b'0', b'9') | (b'9', b'0')) || pair.0 == pair.1;
                prop_assert_eq!(holds(&swapped), unseen);
            }
        }
    }
}
