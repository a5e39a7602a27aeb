//! Keeping the directory, as its operator.

use std::fs::File;

use aval_domain::time::{Clock, SystemClock};
use aval_testing::synthesize::{Directory, Faults, SynthesisPlan, file_name};
use serde_json::Value;

use crate::cast;
use crate::stand::{Up, run};

/// What the sample of `aval up` holds.
fn sample() -> Directory {
    SynthesisPlan::default().directory()
}

impl Up {
    /// Imports a directory as a file of now.
    fn import(&self, directory: &Directory) -> Value {
        let path = self.folder.path().join(file_name(SystemClock.now()));
        directory.write(&mut File::create(&path).unwrap()).unwrap();
        self.ask(&["directory", "import", path.to_str().unwrap()])
    }

    /// The lines of a command that prints one thing a line.
    fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        let answer = self.run(&[&["--json"], arguments].concat());
        assert_eq!(answer.code, Some(0), "{arguments:?}: {answer:?}");
        let lines = answer.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn text<'a>(answer: &'a Value, member: &str) -> &'a str {
    answer[member].as_str().unwrap()
}

/// A file of which a quarter of the people is gone, and ten rows are in error.
fn suspicious() -> Directory {
    let mut directory = sample();
    directory.people.truncate(1_500);
    directory.plan.faults = Faults {
        missing_identifier: 10,
        ..Faults::default()
    };
    directory
}

#[test]
fn a_held_import_says_why_and_a_person_decides() {
    let up = Up::start();
    let held = up.import(&suspicious());
    assert_eq!(held["state"], "SUSPENDED");
    let id = text(&held, "import_id");
    let listed = up.ask(&["directory", "imports"]);
    assert_eq!(listed[0]["import_id"], id);
    assert_eq!(listed[1]["state"], "APPLIED");
    let latest = up.ask(&["directory", "imports", "--most", "1"]);
    assert_eq!(latest.as_array().unwrap().len(), 1);

    let report = up.ask(&["directory", "import-report", id]);
    assert!(text(&report, "state_reason").contains("deactivate"));
    assert_eq!(report["deactivated"], 500);
    assert_eq!(report["finished_at"], Value::Null);
    let aside = report["quarantined_rows"].as_array().unwrap();
    assert_eq!(aside.len(), 10);
    assert_eq!(aside[0]["column"], "Identification nationale PP");
    assert!(aside[0]["line"].as_u64().unwrap() > 1);
    let few = up.ask(&["directory", "import-report", id, "--rows", "3"]);
    assert_eq!(few["quarantined_rows"].as_array().unwrap().len(), 3);
    let read = up.run(&["directory", "import-report", id]).stdout;
    for said in ["deactivate", "Identification nationale PP", "approve"] {
        assert!(read.contains(said), "{said}: {read}");
    }

    let decide = |what, id| {
        let reason = "erreur de la source, confirmée";
        ["directory", what, id, "--reason", reason]
    };
    let rejected = up.run(&decide("reject", id));
    assert!(rejected.stdout.contains("REJECTED"), "{rejected:?}");
    assert!(rejected.stdout.contains("Nothing changed"), "{rejected:?}");
    let (code, reason) = up.is_refused(&decide("approve", id));
    assert_eq!(code, 64 + 9, "{reason}");
    assert!(reason.contains("STATE_CONFLICT"), "{reason}");

    let held = up.import(&suspicious());
    let id = text(&held, "import_id");
    let approved = up.ask(&decide("approve", id));
    assert_eq!(approved["state"], "APPLIED");
    assert_eq!(approved["practitioners"], 1_500);
    let report = up.ask(&["directory", "import-report", id]);
    assert!(text(&report, "decided_by").contains("operator"));
    assert_eq!(report["decision_reason"], "erreur de la source, confirmée");
}

#[test]
fn the_files_that_say_more_of_people_are_written_and_imported_too() {
    let up = Up::start();
    let folder = up.folder.path().to_str().unwrap();
    for (file, source) in [
        ("skills", "PS_LibreAcces_SavoirFaire"),
        ("mailboxes", "Extraction_Correspondance_MSSante"),
        ("establishments", "etalab-cs1100502-stock"),
    ] {
        let synthesize = [
            "directory",
            "synthesize",
            "--file",
            file,
            "--folder",
            folder,
        ];
        let written = up.ask(&synthesize);
        let imported = up.ask(&["directory", "import", text(&written, "file")]);
        assert_eq!(imported["state"], "APPLIED");
        assert_eq!(imported["rows"], written["rows"]);
        let report = up.ask(&["directory", "import-report", text(&imported, "import_id")]);
        assert_eq!(report["unknown"], 0, "the sample has the same people");
        let fresh = up.ask(&["directory", "freshness"]);
        let mut sources = fresh.as_array().unwrap().iter();
        let known = sources.find(|known| known["source"] == source).unwrap();
        assert_eq!(known["stale"], false);
    }
    let directory = sample();
    let activities = directory.people.iter().flat_map(|p| &p.activities);
    let mut places = activities.filter_map(|activity| activity.organization.as_ref());
    let place = places.find(|place| !place.finess_site.is_empty()).unwrap();
    let shown = up.ask(&["directory", "show", &place.finess_site]);
    assert_eq!(shown["name"], place.name);
    assert_eq!(shown["category"], place.category().label);
    assert_eq!(shown["listed"], true);
    let mailbox = cast().generalist.mailbox();
    let shown = up.ask(&["directory", "show", &mailbox]);
    assert_eq!(
        shown[0]["practitioner_id"],
        up.practitioner(&cast().generalist)
    );
}

#[test]
fn duplicates_are_listed_with_their_evidence_and_merged_and_taken_apart_again() {
    let up = Up::start();
    let mut directory = sample();
    let doubled = cast().generalist;
    let mut people = directory.people.iter();
    let place = people.position(|p| p.number == doubled.number).unwrap();
    let other = place + 100;
    let mut twin = directory.people[place].clone();
    twin.number = directory.people[other].number.clone();
    directory.people[other] = twin.clone();
    assert_eq!(up.import(&directory)["state"], "APPLIED");
    let before = up.lines(&["directory", "changes"]);
    let cursor = text(before.last().unwrap(), "cursor");

    let [absorbed, staying] = [&twin, &doubled].map(|person| up.practitioner(person));
    let pairs = up.ask(&["directory", "duplicates", "--most", "100"]);
    let pair = pairs.as_array().unwrap().iter().find(|pair| {
        let ids = [
            &pair["first_practitioner_id"],
            &pair["second_practitioner_id"],
        ];
        ids.contains(&&Value::from(absorbed.as_str())) && ids.contains(&&staying.as_str().into())
    });
    let evidence = pair.unwrap()["evidence"].as_array().unwrap();
    assert!(evidence.contains(&"same organization".into()), "{pair:?}");

    let merge = [
        "directory",
        "merge",
        "--absorb",
        &absorbed,
        "--into",
        &staying,
        "--reason",
        "vérifié",
    ];
    let merged = up.ask(&merge);
    assert_eq!(merged["practitioner_id"], staying.as_str());
    let numbers = merged["identifiers"].as_array().unwrap();
    assert!(numbers.contains(&twin.national_id().into()), "{merged}");
    assert_eq!(up.practitioner(&twin), staying);
    let (code, reason) = up.is_refused(&merge);
    assert_eq!(code, 64 + 9, "{reason}");

    let undone = up.run(&[&merge[..], &["--undo"]].concat());
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(up.practitioner(&twin), absorbed);
    let told = up.lines(&["directory", "changes", "--from", cursor]);
    let about_merges: Vec<&Value> = told
        .iter()
        .filter(|line| line["other_id"] == staying)
        .collect();
    let kinds: Vec<&str> = about_merges.iter().map(|line| text(line, "kind")).collect();
    assert_eq!(kinds, ["PRACTITIONERS_MERGED", "PRACTITIONERS_UNMERGED"]);
    assert!(about_merges.iter().all(|line| line["id"] == absorbed));
}

#[test]
fn a_wrong_place_is_corrected_until_that_is_taken_back() {
    let up = Up::start();
    let shown = |person: &str| up.ask(&["directory", "show", person])[0].clone();
    let doctor = cast().generalist.national_id();
    let wrong = shown(&doctor);
    let right = shown(&cast().pharmacist.national_id());
    let activity = text(&wrong, "activity_id");
    let correct = [
        "directory",
        "override",
        "--activity",
        activity,
        "--reason",
        "a déménagé",
    ];
    let place = text(&right, "organization_id");
    let corrected = up.ask(&[&correct[..], &["--organization", place]].concat());
    assert_eq!(corrected["organization_id"], place);
    assert_eq!(
        corrected["source_organization_id"],
        wrong["organization_id"]
    );
    assert_eq!(corrected["reason"], "a déménagé");
    assert_eq!(shown(&doctor)["organization_id"], place);

    let undo = [&correct[..], &["--undo"]].concat();
    let back = up.ask(&undo);
    assert_eq!(back["organization_id"], wrong["organization_id"]);
    assert_eq!(back["reason"], Value::Null);
    assert_eq!(shown(&doctor), wrong);
    let (code, reason) = up.is_refused(&undo);
    assert_eq!(code, 64 + 9, "{reason}");

    // What takes a correction back must have been asked for.
    for neither in [
        &correct[..],
        &[&correct[..], &["--organization", ""]].concat(),
    ] {
        let (code, usage) = up.is_refused(neither);
        assert_eq!(code, 2, "{usage}");
    }
}

#[test]
fn changes_end_where_they_can_be_taken_up_again() {
    let up = Up::start();
    let all = up.lines(&["directory", "changes"]);
    let (last, told) = all.split_last().unwrap();
    assert_eq!(last["kind"], "HEARTBEAT");
    let people = told
        .iter()
        .filter(|line| line["kind"] == "PRACTITIONER_CHANGED");
    assert_eq!(people.count(), sample().people.len());
    let cursor = text(last, "cursor");
    let nothing = up.lines(&["directory", "changes", "--from", cursor]);
    assert_eq!(nothing, std::slice::from_ref(last));

    let first = up.lines(&["directory", "changes", "--most", "1"]);
    assert_eq!(first, &told[..1]);
    let from_first = ["directory", "changes", "--from", text(&first[0], "cursor")];
    let followed = up.lines(&[&from_first[..], &["--follow", "--most", "2"]].concat());
    assert_eq!(followed, &told[1..3]);
    let read = up.run(&["directory", "changes", "--most", "1"]).stdout;
    assert!(read.contains(text(&told[0], "cursor")), "{read}");
}

#[test]
fn what_is_named_wrongly_is_told_by_field() {
    let up = Up::start();
    let unknown = "0193b5a0-0000-7000-8000-000000000000";
    let cases: [(&[&str], i32, &[&str]); 6] = [
        (
            &["import-report", "x"],
            64 + 3,
            &["FIELD_INVALID", "import_id:"],
        ),
        (&["import-report", unknown], 64 + 5, &["NOT_FOUND"]),
        (
            &["approve", "x", "--reason", " "],
            64 + 3,
            &["import_id:", "reason:"],
        ),
        (
            &["merge", "--absorb", "x", "--into", "y", "--reason", "r"],
            64 + 3,
            &["source_practitioner_id:", "target_practitioner_id:"],
        ),
        (
            &["override", "--activity", "x", "--undo", "--reason", "r"],
            64 + 3,
            &["activity_id:"],
        ),
        (&["changes", "--from", "x"], 64 + 3, &["PAGE_TOKEN_INVALID"]),
    ];
    for (command, expected, said) in cases {
        let (code, reason) = up.is_refused(&[&["directory"], command].concat());
        assert_eq!(code, expected, "{command:?}: {reason}");
        for words in said {
            assert!(reason.contains(words), "{command:?}: {reason}");
        }
    }
}

#[test]
fn an_adeli_number_leads_to_the_rpps_number_that_takes_its_place() {
    let up = Up::start();
    let sample = sample();
    let numbered = |rpps: bool| {
        let mut people = sample.people.iter();
        people
            .find(|person| person.rpps().is_some() == rpps)
            .unwrap()
    };
    let (former, present) = (numbered(false), numbered(true));
    let file = up.folder.path().join("bascule.csv");
    let pairs = format!(
        "N° ADELI;N° RPPS\n{};{}\n123;{}\n{};99799999992\n",
        former.number.text(),
        present.number.text(),
        present.number.text(),
        former.number.text(),
    );
    std::fs::write(&file, pairs).unwrap();
    let run = || up.ask(&["directory", "toggles", file.to_str().unwrap()]);
    let first = run();
    assert_eq!(
        (&first["merged"], &first["invalid"]),
        (&1.into(), &1.into())
    );
    assert_eq!(first["unknown"], 1);
    assert_eq!(first["lines"].as_array().unwrap().len(), 2);
    let shown = up.ask(&["directory", "show", former.number.text()]);
    let human = text_of_first(&shown, "practitioner_id");
    let other = up.ask(&["directory", "show", present.number.text()]);
    assert_eq!(human, text_of_first(&other, "practitioner_id"));
    assert_eq!(run()["settled"], 1);
    let merges = up.lines(&["directory", "changes"]);
    let merge = merges
        .iter()
        .find(|change| change["kind"] == "PRACTITIONERS_MERGED")
        .unwrap();
    let (absorbed, into) = (text(merge, "id"), text(merge, "other_id"));
    let undo = ["--undo", "--reason", "deux personnes"];
    let undo = ["directory", "merge", "--absorb", absorbed, "--into", into]
        .into_iter()
        .chain(undo);
    up.ask(&undo.collect::<Vec<_>>());
    let again = run();
    assert_eq!((&again["merged"], &again["undone"]), (&0.into(), &1.into()));
}

fn text_of_first(rows: &Value, member: &str) -> String {
    text(&rows[0], member).to_owned()
}

#[test]
fn everybody_with_an_adeli_number_is_toggled_in_a_synthetic_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let write = |more: &[&str]| {
        let arguments = ["--json", "directory", "synthesize", "--folder", folder];
        let arguments = [&arguments, more].concat();
        let answer = run(folder.as_ref(), &arguments);
        let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
        std::fs::read_to_string(text(&answer, "file")).unwrap()
    };
    let toggles = write(&["--file", "toggles"]);
    let afterwards = write(&["--toggled"]);
    let mut lines = toggles.lines();
    assert_eq!(lines.next(), Some("N° ADELI;N° RPPS"));
    let leaving = sample().people.into_iter().filter(|p| p.rpps().is_none());
    let leaving: Vec<String> = leaving.map(|p| p.number.text().to_owned()).collect();
    let read: Vec<(&str, &str)> = lines.map(|line| line.split_once(';').unwrap()).collect();
    let adeli: Vec<&str> = read.iter().map(|(adeli, _)| *adeli).collect();
    assert_eq!(adeli, leaving);
    for (adeli, rpps) in read {
        assert!(
            afterwards.contains(&format!("|8{rpps}|"))
                && !afterwards.contains(&format!("|0{adeli}|"))
        );
    }
}
