//! A patient is searched for by what was said of them.

use crate::merged::register;
use crate::stand::Up;

#[test]
fn somebody_is_searched_for_however_their_name_is_spelt_and_named_to_the_letter_alone() {
    let up = Up::start();
    let other = register(&up);
    let search = |name: &str, first_name: &str, place: &[&str]| {
        let fixed = ["--birth-date", "1988-06-17", "--sex", "f"];
        let names = ["--birth-name", name, "--first-names", first_name];
        let arguments = [&["patient", "search"][..], &names, &fixed, place].concat();
        up.ask(&arguments)
    };
    let here = ["--birth-place", "51215"];
    let exact = search("VERLAINE", "ODETTE", &here);
    assert_eq!(exact["resolution"], "ONE", "{exact}");
    assert_eq!(exact["patient_id"], other);
    let alike = search("Ver-Laine", "odette", &here);
    assert_eq!(alike["resolution"], "ALIKE", "{alike}");
    let differing = serde_json::json!(["birth_name", "birth_first_names"]);
    assert_eq!(alike["differing_traits"], differing);
    assert!(alike["patient_id"].is_null(), "{alike}");
    assert!(!alike.to_string().contains(&other), "{alike}");
    let unplaced = search("VERLAINE", "ODETTE", &[]);
    assert_eq!(unplaced["resolution"], "ALIKE", "{unplaced}");
    assert_eq!(search("RIMBAUD", "ODETTE", &here)["resolution"], "NONE");
}
