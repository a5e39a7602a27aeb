//! `UserInfo` that is almost of a published layout.

use aval_testing::mutation::every_round;

use super::*;

#[test]
fn almost_published_layouts_are_read_or_refused() {
    let layouts = [layout_a(), layout_b()];
    let mut read_well = 0;
    every_round(|mutator| {
        let layout = mutator.one_of(&layouts).clone();
        let made = if mutator.below(3) == 0 {
            serde_json::from_str(&mutator.text(&layout.to_string())).unwrap_or_default()
        } else {
            mutator.json(&layout)
        };
        let Some(members) = made.as_object() else {
            return;
        };
        let Ok(user_info) = UserInfo::read(members) else {
            return;
        };
        read_well += 1;
        let name = made["SubjectNameID"].as_str().unwrap().trim();
        assert!(!name.is_empty() && name.len() <= 100);
        if let SubjectName::Other(other) = &user_info.name {
            assert_eq!(other, name);
        }
        let regulation = made["Acces_Regulation_Medicale"].as_str();
        assert_eq!(
            user_info.regulation,
            regulation.is_some_and(|text| text.trim() == "VRAI")
        );
        for (place, exercice) in user_info.exercices.iter().enumerate() {
            assert!(!user_info.exercices[..place].contains(exercice));
        }
    });
    assert!(read_well > 0);
}
