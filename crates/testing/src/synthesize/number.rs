//! Numbers that obey their rules and are nobody's.

use aval_domain::finess::Finess;
use aval_domain::rpps::Rpps;
use aval_domain::siren::Siren;
use aval_domain::siret::Siret;

use super::person::{PersonNumber, Town};

/// Numbers of the test range that a rank can have.
const SERIALS: u64 = 10_000_000;
/// Without a common factor with [`SERIALS`]: every rank has a serial of its own.
const STRIDE: u64 = 7_368_787;

/// An RPPS number of the test range: `997`, seven digits, a Luhn key.
pub(super) fn rpps(seed: u64, rank: u32) -> PersonNumber {
    let digits = format!("997{:07}", serial(seed, rank));
    let rpps = Rpps::with_key(&digits).expect("ten digits stand before the key");
    PersonNumber::Rpps(rpps.to_string())
}

/// An ADELI number: the département, seven digits.
pub(super) fn adeli(seed: u64, rank: u32, town: &Town) -> PersonNumber {
    let department = &town.department.code[..2];
    PersonNumber::Adeli(format!("{department}{:07}", serial(seed, rank)))
}

/// A FINESS number: the département, a 9 where real ones have a 0, five digits,
/// a Luhn key (but in Corsica, whose letters leave it open). With letters
/// elsewhere, as the national test identities' have, when `lettered`. `serial`
/// has at most five digits.
pub(super) fn finess(town: &Town, serial: u32, lettered: bool) -> String {
    if lettered {
        return format!("{}B9{serial:06}", serial % 2);
    }
    let digits = format!("{}9{serial:05}", &town.department.code[..2]);
    match Finess::with_key(&digits) {
        Ok(finess) => finess.to_string(),
        Err(_) => digits + "0",
    }
}

/// A SIRET number of a SIREN that begins with 0. `serial` has at most seven digits.
pub(super) fn siret(serial: u32) -> String {
    let company =
        Siren::with_key(&format!("0{serial:07}")).expect("eight digits stand before the key");
    let siret = Siret::with_key(company, "0001").expect("four digits stand before the key");
    siret.to_string()
}

fn serial(seed: u64, rank: u32) -> u64 {
    (u64::from(rank) * STRIDE + seed % SERIALS) % SERIALS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_ranks_share_a_serial() {
        let (mut divisor, mut rest) = (SERIALS, STRIDE);
        while rest > 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        assert_eq!(divisor, 1, "multiples of the stride repeat too early");
        assert_eq!(u64::from(crate::synthesize::MAX_PEOPLE), SERIALS);
    }
}
