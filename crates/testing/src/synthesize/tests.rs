use std::collections::{BTreeMap, BTreeSet, HashSet};

use aval_domain::adeli::Adeli;
use aval_domain::code::{
    ExerciseMode, Function, Profession, ProfessionalCategory, Sector, Speciality,
};
use aval_domain::finess::Finess;
use aval_domain::id_nat_ps::IdNatPs;
use aval_domain::id_nat_struct::IdNatStruct;
use aval_domain::rpps::Rpps;
use aval_domain::siret::Siret;
use proptest::prelude::*;

use super::*;

/// One row, by heading.
type Row<'a> = BTreeMap<&'static str, &'a str>;

fn text(plan: &SynthesisPlan) -> String {
    let mut bytes = Vec::new();
    let written = plan.write(&mut bytes).unwrap();
    assert_eq!(written.bytes, bytes.len() as u64);
    String::from_utf8(bytes).unwrap()
}

/// The rows that obey every rule, and how many do not.
fn read(text: &str, form: FileForm) -> (Vec<Row<'_>>, u64) {
    let mut lines = text.lines();
    let headings = HEADINGS[..form.columns()].join("|") + "|";
    assert_eq!(lines.next(), Some(headings.as_str()));
    let mut rows = Vec::new();
    let mut bad = 0;
    for line in lines {
        match strict(line, form) {
            Some(row) => rows.push(row),
            None => bad += 1,
        }
    }
    (rows, bad)
}

fn strict(line: &str, form: FileForm) -> Option<Row<'_>> {
    let values: Vec<&str> = line.strip_suffix('|')?.split('|').collect();
    if values.len() != form.columns() || line.chars().any(char::is_control) {
        return None;
    }
    let row: Row<'_> = HEADINGS.into_iter().zip(values).collect();
    let number = row["Identifiant PP"];
    let national = row["Identification nationale PP"];
    let parsed = match row["Type d'identifiant PP"] {
        "8" => Rpps::parse(number).is_ok() && number.starts_with("997"),
        "0" => Adeli::parse(number).is_ok(),
        _ => false,
    };
    let consistent = national == format!("{}{number}", row["Type d'identifiant PP"]);
    if !parsed || !consistent || IdNatPs::parse(national).is_err() {
        return None;
    }
    Profession::from_code(row["Code profession"])?;
    ProfessionalCategory::from_code(row["Code catégorie professionnelle"])?;
    ExerciseMode::from_code(row["Code mode exercice"])?;
    let valid = |heading: &str, rule: fn(&str) -> bool| {
        row.get(heading)
            .is_none_or(|value| value.is_empty() || rule(value))
    };
    let valid = valid("Code savoir-faire", |code| Speciality::parse(code).is_ok())
        && valid("Code rôle", |code| Function::parse(code).is_ok())
        && valid("Code secteur d'activité", |code| {
            Sector::parse(code).is_ok()
        })
        && valid("Numéro SIRET site", |siret| Siret::parse(siret).is_ok())
        && valid("Numéro FINESS site", is_finess)
        && valid("Numéro FINESS établissement juridique", is_finess)
        && valid("Identifiant technique de la structure", |id| {
            IdNatStruct::parse(id).is_ok()
        })
        && valid("Ancien identifiant de la structure", |id| {
            IdNatStruct::parse(id).is_ok()
        })
        && row["Numéro SIRET site"].starts_with(row["Numéro SIREN site"])
        && !row["Nom d'exercice"].is_empty()
        && !row["Prénom d'exercice"].is_empty();
    valid.then_some(row)
}

fn is_finess(text: &str) -> bool {
    Finess::parse(text).is_ok_and(|finess| finess.has_valid_key() != Some(false))
}

#[test]
fn every_row_of_the_demos_file_obeys_a_strict_reader() {
    let plan = SynthesisPlan::default();
    let text = text(&plan);
    let (rows, bad) = read(&text, FileForm::Present);
    assert_eq!(bad, 0);
    let numbers: HashSet<&str> = rows.iter().map(|row| row["Identifiant PP"]).collect();
    assert_eq!(numbers.len(), 2_000);
    let expected: usize = plan.people().map(|person| person.rows()).sum();
    assert_eq!(rows.len(), expected);
}

#[test]
fn one_seed_gives_one_file_and_another_seed_another() {
    let plan = SynthesisPlan::new(7, 300);
    assert_eq!(text(&plan), text(&plan));
    assert_ne!(text(&plan), text(&SynthesisPlan::new(8, 300)));
}

#[test]
fn the_directory_in_memory_writes_the_same_file() {
    let plan = SynthesisPlan {
        faults: Faults {
            bad_check_digit: 3,
            ..Faults::default()
        },
        ..SynthesisPlan::new(7, 300)
    };
    let mut bytes = Vec::new();
    let written = plan.directory().write(&mut bytes).unwrap();
    assert_eq!(text(&plan).into_bytes(), bytes);
    assert_eq!((written.people, written.bad_rows), (300, 3));
}

#[test]
fn the_older_form_stops_after_fifty_two_columns() {
    let plan = SynthesisPlan {
        form: FileForm::Older,
        ..SynthesisPlan::new(1, 100)
    };
    let text = text(&plan);
    let (rows, bad) = read(&text, FileForm::Older);
    assert_eq!(bad, 0);
    assert!(rows.iter().all(|row| row.len() == 52));
}

#[test]
fn each_kind_of_bad_row_fails_for_its_own_reason() {
    let faults = |faults| {
        text(&SynthesisPlan {
            faults,
            ..SynthesisPlan::new(3, 50)
        })
    };
    let bad = |text: &str| -> Vec<Vec<String>> {
        text.lines()
            .skip(1)
            .filter(|line| strict(line, FileForm::Present).is_none())
            .map(|line| {
                line.trim_end_matches('\n')
                    .split('|')
                    .map(str::to_owned)
                    .collect()
            })
            .collect()
    };
    let columns = bad(&faults(Faults {
        wrong_column_count: 2,
        ..Faults::default()
    }));
    assert_eq!(columns.iter().map(Vec::len).collect::<Vec<_>>(), [41, 59]);
    let digits = bad(&faults(Faults {
        bad_check_digit: 1,
        ..Faults::default()
    }));
    assert_eq!(digits[0][1].len(), 11);
    assert!(Rpps::parse(&digits[0][1]).is_err());
    let missing = bad(&faults(Faults {
        missing_identifier: 1,
        ..Faults::default()
    }));
    assert_eq!(missing[0][1..3], ["", ""]);
    let unknown = bad(&faults(Faults {
        unknown_profession: 1,
        ..Faults::default()
    }));
    assert_eq!(unknown[0][9], "ZZ");
    let control = bad(&faults(Faults {
        control_characters: 1,
        ..Faults::default()
    }));
    assert!(control[0][7].contains('\u{7}'));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn there_are_exactly_as_many_bad_rows_as_asked(
        seed: u64,
        people in 0_u32..60,
        counts: [u8; 5],
    ) {
        let [columns, digits, missing, unknown, control] = counts.map(|count| u32::from(count % 7));
        let plan = SynthesisPlan {
            faults: Faults {
                wrong_column_count: columns,
                bad_check_digit: digits,
                missing_identifier: missing,
                unknown_profession: unknown,
                control_characters: control,
            },
            ..SynthesisPlan::new(seed, people)
        };
        let text = text(&plan);
        let (rows, bad) = read(&text, FileForm::Present);
        prop_assert_eq!(bad, u64::from(plan.faults.total()));
        let people_in_file: HashSet<&str> = rows.iter().map(|row| row["Identifiant PP"]).collect();
        prop_assert_eq!(people_in_file.len(), people as usize);
    }
}

#[test]
fn the_cast_is_in_the_file_and_plays_its_parts() {
    let plan = SynthesisPlan::default();
    let cast = plan.cast().unwrap();
    let directory = plan.directory();
    let known = |person: &Person| directory.people.contains(person);

    let homonyms: Vec<&Person> = directory.homonyms_of(&cast.generalist).collect();
    assert!(
        cast.homonyms
            .iter()
            .all(|homonym| homonyms.contains(&homonym))
    );
    let towns: HashSet<&str> = [&cast.generalist, &cast.homonyms[0], &cast.homonyms[1]]
        .map(|doctor| {
            doctor.activities[0]
                .organization
                .as_ref()
                .unwrap()
                .address
                .town
                .insee
        })
        .into();
    assert_eq!(towns.len(), 3);

    let sectors = cast
        .two_activities
        .activities
        .iter()
        .map(|activity| activity.sector.code);
    assert_eq!(sectors.collect::<Vec<_>>(), ["SA07", "SA01"]);
    assert_eq!(cast.nurse.profession.code, "60");
    assert!(cast.regulator.is_regulator());
    assert_eq!(
        cast.occupational_doctor.activities[0].function.code,
        "FON-29"
    );
    assert_eq!(cast.substitute.activities[0].function.code, "FON-22");
    assert_eq!(cast.substitute.activities[0].organization, None);
    assert_eq!(cast.intern.activities[0].function.code, "FON-48");
    assert_eq!(cast.adeli_only.rpps(), None);
    for person in [
        &cast.generalist,
        &cast.two_activities,
        &cast.colleague,
        &cast.nurse,
        &cast.pharmacist,
        &cast.midwife,
        &cast.dentist,
        &cast.physiotherapist,
        &cast.regulator,
        &cast.occupational_doctor,
        &cast.elderly_home_doctor,
        &cast.substitute,
        &cast.intern,
        &cast.adeli_only,
    ] {
        assert!(known(person), "{}", person.profession.label);
    }
    assert!(!known(&cast.absent));
    assert!(
        directory
            .people
            .iter()
            .all(|person| person.number != cast.absent.number)
    );
}

#[test]
fn a_plan_too_small_for_the_cast_has_none() {
    assert!(SynthesisPlan::new(1, Cast::SIZE - 1).cast().is_none());
    assert!(SynthesisPlan::new(1, Cast::SIZE).cast().is_some());
}

#[test]
fn the_file_has_what_makes_real_files_hard() {
    let directory = SynthesisPlan::default().directory();
    let some = |what: &str, holds: &dyn Fn(&Person) -> bool| {
        assert!(directory.people.iter().any(holds), "nobody {what}");
    };
    some("has a hyphen in the family name", &|person| {
        person.family_name.contains('-')
    });
    some("has an apostrophe", &|person| {
        person.family_name.contains('\'')
    });
    some("has a particle", &|person| {
        person.family_name.starts_with("DE ")
    });
    some("has an accent", &|person| !person.given_name.is_ascii());
    some("has four situations", &|person| {
        person.activities.len() == 4
    });
    some("has two skills and two situations", &|person| {
        person.rows() >= 4 && person.skills.len() == 2
    });
    some("has an ADELI number", &|person| person.rpps().is_none());
    some("has homonyms by chance", &|person| {
        person.given_name != "Zoé" && directory.homonyms_of(person).next().is_some()
    });
    let organizations = || {
        directory
            .people
            .iter()
            .flat_map(|person| &person.activities)
            .map(|activity| &activity.organization)
    };
    assert!(organizations().any(Option::is_none));
    let shared: BTreeMap<&str, BTreeSet<&str>> = organizations().flatten().fold(
        BTreeMap::new(),
        |mut shared: BTreeMap<&str, BTreeSet<&str>>, place| {
            shared
                .entry(&place.technical_id)
                .or_default()
                .insert(&place.name);
            shared
        },
    );
    assert!(
        shared.values().all(|names| names.len() == 1),
        "one identifier, one place"
    );
    assert!(
        shared.len() < organizations().flatten().count(),
        "nobody shares a place"
    );
    let finess: BTreeSet<&str> = organizations()
        .flatten()
        .map(|place| place.finess_site.as_str())
        .collect();
    assert!(finess.iter().any(|number| number.contains('B')));
    assert!(
        organizations()
            .flatten()
            .any(|place| !place.siret.is_empty())
    );
}

#[test]
fn the_files_name_carries_the_minute_of_its_generation() {
    let instant = Timestamp::parse_rfc3339("2026-11-23T02:07:59.5Z").unwrap();
    assert_eq!(
        file_name(instant),
        "PS_LibreAcces_Personne_activite_202611230207.txt"
    );
}

#[test]
fn places_of_practice_keep_their_own_numbers_in_a_large_directory() {
    let plan = SynthesisPlan::new(5, 60_000);
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for person in plan.people() {
        for place in person
            .activities
            .iter()
            .filter_map(|activity| activity.organization.as_ref())
        {
            let known = names
                .entry(place.technical_id.clone())
                .or_insert_with(|| place.name.clone());
            assert_eq!(known, &place.name, "{}", place.technical_id);
        }
    }
}
