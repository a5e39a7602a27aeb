//! Towns: real names, postal and INSEE codes; weights by rough size.

use std::sync::LazyLock;

use super::draw::Draw;
use super::person::{Coded, Town};

/// Where people practise. A place of practice belongs to the town whose position
/// its serial names, so that neighbours share places.
pub(super) static TOWNS: LazyLock<Vec<Town>> = LazyLock::new(|| {
    include_str!("towns.csv")
        .lines()
        .skip(1)
        .map(|line| town(line).expect("each line of the list has seven values"))
        .collect()
});

/// A position in [`TOWNS`].
pub(super) type TownIndex = u32;

/// The position of Paris 15e, Lyon 3e and Brest: far apart and well known.
pub(super) const PARIS: TownIndex = 3;
pub(super) const LYON: TownIndex = 9;
pub(super) const BREST: TownIndex = 30;

/// How many there are.
pub(super) fn count() -> u32 {
    u32::try_from(TOWNS.len()).expect("the list is short")
}

/// The town at a position.
pub(super) fn at(index: TownIndex) -> &'static Town {
    &TOWNS[index as usize]
}

/// A position, large towns more often.
pub(super) fn draw(draw: &mut Draw) -> TownIndex {
    let town = draw.weighted(&TOWNS, |town| town.weight);
    let position = TOWNS
        .iter()
        .position(|other| other.insee == town.insee)
        .expect("the town was drawn from this list");
    u32::try_from(position).expect("the list is short")
}

/// What follows a noun that belongs to the town: `DE LYON`, `D'ANGERS`, `DU MANS`.
pub(super) fn of_town(town: &Town) -> String {
    let name = town.postal_name;
    match name.strip_prefix("LE ") {
        Some(rest) => format!("DU {rest}"),
        None if name.starts_with(['A', 'E', 'I', 'O', 'U']) => format!("D'{name}"),
        None => format!("DE {name}"),
    }
}

fn town(line: &'static str) -> Option<Town> {
    let mut values = line.split(';');
    Some(Town {
        name: values.next()?,
        postal_name: values.next()?,
        postal_code: values.next()?,
        insee: values.next()?,
        department: Coded::new(values.next()?, values.next()?),
        weight: values.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_positions_are_those_towns() {
        assert_eq!(at(PARIS).insee, "75115");
        assert_eq!(at(LYON).insee, "69383");
        assert_eq!(at(BREST).insee, "29019");
    }

    #[test]
    fn towns_take_the_right_article() {
        let of = |insee: &str| {
            let town = TOWNS.iter().find(|town| town.insee == insee).unwrap();
            of_town(town)
        };
        assert_eq!(of("72181"), "DU MANS");
        assert_eq!(of("49007"), "D'ANGERS");
        assert_eq!(of("17300"), "DE LA ROCHELLE");
    }

    #[test]
    fn codes_agree_with_the_department() {
        for town in TOWNS.iter() {
            assert!(
                town.insee.starts_with(town.department.code),
                "{}",
                town.name
            );
            let postal = town.department.code.replace(['A', 'B'], "0");
            assert!(town.postal_code.starts_with(&postal[..2]), "{}", town.name);
        }
    }
}
