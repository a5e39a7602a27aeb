//! What somebody is searched for by: two names, a line each.

use aval_domain::ins::{InsTraits, InseeCode, Sex};
use aval_domain::name::{folded, search_key};
use aval_domain::time::CivilDate;
use aval_identity::likeness::{Likeness, SearchTraits};
use aval_testing::mutation::Mutator;

use crate::Target;

/// A birth name and a first name.
pub(crate) const SEARCH: Target = Target {
    name: "search",
    sound: || SOUND.iter().map(|text| text.as_bytes().to_vec()).collect(),
    almost,
    check,
};

const SOUND: &[&str] = &[
    "PAT-TROIS\nDOMINIQUE",
    "d’Ornano\nJean-Noël",
    "Lebœuf\nŽdeňka",
    "Иванов\nАнна",
    "علي\nفاطمة",
    "🦀\n-",
];

fn almost(mutator: &mut Mutator) -> Vec<u8> {
    let chosen = *mutator.one_of(SOUND);
    mutator.text(chosen).into_bytes()
}

fn check(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    let (name, first_name) = text.split_once('\n').unwrap_or((text, ""));
    let likeness = likeness_of(name, first_name);
    // Whatever it is, it is its own likeness, and that of its other spellings.
    assert_eq!(likeness_of(&folded(name), &folded(first_name)), likeness);
    if !search_key(name).is_empty() {
        for spelt in [
            format!(" {name}-"),
            name.replace([' ', '-', '\'', '’'], ""),
            name.replace([' ', '-', '\''], "’"),
        ] {
            assert_eq!(likeness_of(&spelt, first_name), likeness);
        }
        assert_ne!(likeness_of(&format!("{name}X"), first_name), likeness);
    }
    if folded(name) != folded(first_name) {
        assert_ne!(likeness_of(first_name, name), likeness);
    }
    let names = [first_name.to_owned()];
    InsTraits::check_birth_name(name).is_ok() && InsTraits::check_birth_first_names(&names).is_ok()
}

/// The same of what is asked and of what is kept.
fn likeness_of(name: &str, first_name: &str) -> Likeness {
    let place = InseeCode::parse("51215").unwrap();
    let asked = SearchTraits {
        birth_name: name.to_owned(),
        birth_first_names: vec![first_name.to_owned()],
        birth_date: CivilDate::new(1979, 3, 28).unwrap(),
        sex: Sex::Female,
        birth_place: Some(place),
    };
    let kept = asked.complete().expect("the place is there");
    assert!(asked.differing_from(&kept).is_empty());
    assert!(!format!("{asked:?}{:?}{kept:?}", asked.likeness()).contains("51215"));
    assert_eq!(asked.likeness(), Likeness::of(&kept));
    asked.likeness()
}
