//! The client commands as processes, against an `aval up` of their own.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod continued;
mod directory;
mod exported;
mod grown;
mod kept;
mod matrix;
mod merged;
mod oversight;
mod searched;
mod small_log;
mod small_witness;
mod stand;
mod withheld;
mod witnessed;

use std::path::Path;

use aval::client::Bearer;
use aval::stack::{self, StackConfig};
use aval_domain::ins::{Ins, InsKind};
use aval_proto::consent::v1::GetRecordSettingsRequest;
use aval_testing::synthesize::{Cast, SynthesisPlan};
use serde_json::Value;

use stand::{Up, run};

/// The people of the sample whom a test needs.
fn cast() -> Cast {
    SynthesisPlan::default().cast().unwrap()
}

#[test]
fn a_patient_is_registered_shown_and_resolved() {
    let up = Up::start();
    let ins = Ins::with_key("2880651215003", InsKind::Test).unwrap();
    let ins = ins.reveal();
    let traits = [
        "--birth-name",
        "VERLAINE",
        "--first-names",
        "ODETTE,MARIE",
        "--birth-date",
        "1988-06-17",
        "--sex",
        "f",
        "--birth-place",
        "51215",
    ];
    let register = [&["patient", "register", "--ins", &ins][..], &traits].concat();
    let registered = up.ask(&register);
    assert_eq!(registered["birth_name"], "VERLAINE");
    assert_eq!(registered["first_names"][1], "MARIE");
    assert_eq!(registered["status"], "PROVISIONAL");
    assert_eq!(up.ask(&register), registered, "registering twice is once");

    let patient_id = registered["patient_id"].as_str().unwrap();
    assert_eq!(up.ask(&["patient", "show", patient_id]), registered);
    let by_ins = up.ask(&["patient", "resolve", "--ins", &ins]);
    let by_traits = up.ask(&[&["patient", "resolve"][..], &traits].concat());
    for found in [by_ins, by_traits] {
        assert_eq!(found["resolution"], "ONE");
        assert_eq!(found["patient_id"], patient_id);
    }
    let nobody = Ins::with_key("2880651215004", InsKind::Test).unwrap();
    let found = up.ask(&["patient", "resolve", "--ins", &nobody.reveal()]);
    assert_eq!(found["resolution"], "NONE");
    assert_eq!(found["patient_id"], Value::Null);

    let table = up.run(&["patient", "show", patient_id]);
    assert!(table.stdout.contains("VERLAINE") && !table.stdout.contains(&ins));
}

#[test]
fn what_identity_refuses_ends_the_command_with_the_code_of_the_refusal() {
    let up = Up::start();
    let unknown = "0193b5a0-0000-7000-8000-000000000000";
    let (code, reason) = up.is_refused(&["patient", "show", unknown]);
    assert_eq!(code, 64 + 5, "{reason}");
    assert!(reason.contains("NOT_FOUND"), "{reason}");

    let (code, reason) = up.is_refused(&["patient", "resolve", "--ins", "12"]);
    assert_eq!(code, 64 + 3, "{reason}");
    assert!(reason.contains("FIELD_INVALID"), "{reason}");

    let (code, usage) = up.is_refused(&["patient", "resolve"]);
    assert_eq!(code, 2, "{usage}");
    let (code, usage) = up.is_refused(&["patient", "resolve", "--birth-name", "VERLAINE"]);
    assert_eq!(code, 2, "{usage}");
}

#[test]
fn a_preview_follows_what_the_patient_grants() {
    let up = Up::start();
    let doctor = up.practitioner(&cast().generalist);
    let preview = ["preview", &doctor, "report-1:11"];
    let before = up.ask(&preview);
    assert_eq!(before["effect"], "DENY");
    assert_eq!(before["reason"], "NO_GRANT");
    assert_eq!(before["authorization_status"], "NON_EXISTE");
    up.ask(&["grant", "add", &doctor]);
    let after = up.ask(&preview);
    assert_eq!(after["authorization_status"], "VALIDE");
    assert_eq!(after["effect"], "PERMIT");
    assert_eq!(after["ground"], "GRANT");
    assert!(
        after["event_id"].is_null(),
        "nothing is traced as an access"
    );
}

#[test]
fn a_preview_of_somebody_with_two_activities_asks_which() {
    let up = Up::start();
    let person = cast().two_activities;
    let doctor = up.practitioner(&person);
    let (code, reason) = up.is_refused(&["preview", &doctor]);
    assert_eq!(code, 1);
    assert!(reason.contains("--activity"), "{reason}");
    let shown = up.ask(&["directory", "show", &person.national_id()]);
    let activity = shown[1]["activity_id"].as_str().unwrap();
    assert!(reason.contains(activity), "{reason}");
    let seen = up.ask(&["preview", &doctor, "--activity", activity]);
    assert_eq!(seen["effect"], "DENY");
}

#[test]
fn a_professional_asks_and_the_patient_answers_and_changes_the_answer() {
    let up = Up::start();
    let number = cast().generalist.national_id();
    let patient_id = up.patient_id();
    let ask = ["grant", "request", &patient_id, "--as", &number];
    let (code, usage) = up.is_refused(&ask);
    assert_eq!(code, 2, "{usage}");
    let ask = [&ask[..], &["--purpose", "Suivi", "--classes", "11"]].concat();
    let asked = up.ask(&ask);
    assert_eq!(asked[0]["state"], "REQUESTED");
    assert_eq!(up.ask(&["grant", "list"])[0]["purpose"], "Suivi");
    let (code, reason) = up.is_refused(&ask);
    assert_eq!(code, 64 + 6, "{reason}");

    let grant_id = asked[0]["grant_id"].as_str().unwrap();
    let given = up.ask(&["grant", "approve", grant_id, "--days", "3"]);
    assert_eq!(given[0]["state"], "ACTIVE");
    assert!(given[0]["until_at"].is_string());
    let (code, reason) = up.is_refused(&["grant", "decline", grant_id]);
    assert_eq!(code, 64 + 9, "{reason}");
    let (code, usage) = up.is_refused(&["grant", "update", grant_id]);
    assert_eq!(code, 2, "{usage}");
    let changed = [
        "grant",
        "update",
        grant_id,
        "--classes",
        "10,11",
        "--endless",
    ];
    let changed = up.ask(&changed);
    assert_eq!(changed[0]["until_at"], Value::Null);
    assert_eq!(changed[0]["classes"].as_array().unwrap().len(), 2);
}

#[test]
fn a_declaration_is_an_explicit_act_also_for_a_colleague() {
    let up = Up::start();
    let nurse = cast().nurse.national_id();
    let doctor = up.practitioner(&cast().generalist);
    let patient_id = up.patient_id();
    let declare = [
        "grant",
        "declare",
        &patient_id,
        "--days",
        "2",
        "--as",
        &nurse,
    ];
    let (code, usage) = up.is_refused(&declare);
    assert_eq!(code, 2, "{usage}");
    let explicit = ["--consent-collected", "--on-behalf-of", &doctor];
    let declared = up.ask(&[&declare[..], &explicit].concat());
    assert_eq!(declared[0]["state"], "ACTIVE");
    assert_eq!(declared[0]["grantee"], doctor);
}

#[test]
fn a_care_episode_is_opened_by_a_member_and_closed_by_the_patient() {
    let up = Up::start();
    let nurse = cast().nurse.national_id();
    let doctor = up.practitioner(&cast().generalist);
    let patient_id = up.patient_id();
    let open = ["care-episode", "open", &patient_id, &doctor, "--days", "5"];
    let opened = up.ask(&[&open[..], &["--as", &nurse]].concat());
    assert_eq!(opened[0]["members"].as_array().unwrap().len(), 2);
    let of_nurse = ["care-episode", "list", "--professional", "--as", &nurse];
    assert_eq!(up.ask(&of_nurse), opened);
    let id = opened[0]["care_episode_id"].as_str().unwrap();
    let closed = up.ask(&["care-episode", "close", id]);
    assert!(closed[0]["closed_at"].is_string());
    assert_eq!(up.ask(&of_nurse), Value::Array(Vec::new()));
    assert_eq!(up.ask(&["care-episode", "list", "--ended"]), closed);
}

#[test]
fn each_is_told_what_concerns_them_and_marks_it_as_read() {
    let up = Up::start();
    let number = cast().generalist.national_id();
    let doctor = up.practitioner(&cast().generalist);
    let granted = up.ask(&["grant", "add", &doctor]);
    let as_doctor = |rest: &[&str]| {
        let who = ["--professional", "--as", &number];
        up.ask(&[&["notification"], rest, &who].concat())
    };
    let told = as_doctor(&["list", "--unread"]);
    assert_eq!(told[0]["kind"], "GRANT_CREATED");
    assert_eq!(told[0]["subject_id"], granted[0]["grant_id"]);
    let sentence = told[0]["sentence"].as_str().unwrap();
    assert!(!sentence.is_empty());
    let id = told[0]["notification_id"].as_str().unwrap();
    let read = as_doctor(&["acknowledge", id]);
    assert!(read[0]["acknowledged_at"].is_string());
    assert_eq!(as_doctor(&["acknowledge", id]), read);
    assert_eq!(as_doctor(&["list", "--unread"]), Value::Array(Vec::new()));
    assert_eq!(as_doctor(&["list"]), read);
    let (code, _) = up.is_refused(&["notification", "acknowledge", id]);
    assert_eq!(code, 64 + 5);

    let watched = as_doctor(&["watch", "--from", "start", "--most", "1"]);
    assert_eq!(watched["sentence"], sentence);
    let cursor = watched["cursor"].as_str().unwrap();
    let grant_id = granted[0]["grant_id"].as_str().unwrap();
    up.ask(&["grant", "revoke", grant_id]);
    let next = as_doctor(&["watch", "--from", cursor, "--most", "1"]);
    assert_eq!(next["kind"], "GRANT_REVOKED");
}

#[test]
fn what_one_is_told_of_is_chosen_by_kind() {
    let up = Up::start();
    let told = |rows: &Value, kind: &str| {
        let mut rows = rows.as_array().unwrap().iter();
        rows.find(|row| row["kind"] == kind).unwrap()["told"] == true
    };
    let shown = up.ask(&["notification", "preferences"]);
    assert!(told(&shown, "first-access") && !told(&shown, "unusual-access"));
    let on = up.ask(&["notification", "on", "unusual-access"]);
    assert!(told(&on, "first-access") && told(&on, "unusual-access"));
    let off = ["notification", "off", "first-access", "GRANT_EXPIRED"];
    let off = up.ask(&off);
    assert!(!told(&off, "first-access") && !told(&off, "grant-expired"));
    assert!(told(&off, "unusual-access"));
    assert_eq!(up.ask(&["notification", "preferences"]), off);
    let (code, _) = up.is_refused(&["notification", "off", "emergency-access"]);
    assert_eq!(code, 64 + 3);
    let off = up.ask(&["notification", "off", "unusual-access"]);
    assert!(!told(&off, "unusual-access"));
}

#[test]
fn a_document_is_masked_and_revealed_for_all_and_for_one() {
    let up = Up::start();
    let doctor = up.practitioner(&cast().generalist);
    let kinds = |answer: &Value| {
        let rows = answer.as_array().unwrap().iter();
        let kinds = rows.map(|row| row["kind"].as_str().unwrap().to_owned());
        kinds.collect::<Vec<_>>()
    };
    let document = |rest: &[&str]| kinds(&up.ask(&[&["document"], rest].concat()));
    assert_eq!(document(&["mask", "irm-4"]), ["MASKED"]);
    assert_eq!(
        document(&["reveal", "irm-4", "--to", &doctor]),
        ["MASKED", "REVEALED_TO_ONE"]
    );
    assert_eq!(
        document(&["reveal", "irm-4", "--to", &doctor, "--undo"]),
        ["MASKED"]
    );
    assert_eq!(
        document(&["mask", "irm-4", "--from", &doctor]),
        ["MASKED", "HIDDEN_FROM_ONE"]
    );
    let contradiction = ["document", "reveal", "irm-4", "--to", &doctor];
    let (code, reason) = up.is_refused(&contradiction);
    assert_eq!(code, 64 + 9, "{reason}");
    assert_eq!(document(&["reveal", "irm-4"]), ["HIDDEN_FROM_ONE"]);
    assert_eq!(document(&["list"]), ["HIDDEN_FROM_ONE"]);
    assert!(document(&["list", "another"]).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_printed_alone_with_a_loud_warning_and_serves_with_its_certificate() {
    let up = Up::start();
    let answer = up.run(&["token", "patient"]);
    assert_eq!(answer.stdout.trim_end().split('.').count(), 3);
    assert_eq!(answer.stdout.lines().count(), 1);
    assert!(answer.stderr.contains("DEVELOPMENT ONLY"), "{answer:?}");
    let french = run(up.folder.path(), &["--lang", "fr", "token", "patient"]);
    assert!(french.stderr.contains("DÉVELOPPEMENT SEULEMENT"));

    let number = cast().generalist.national_id();
    let told = up.ask(&["token", "professional", "--as", &number]);
    assert_eq!(told["token_type"], "Bearer");
    assert!(told["expires_at"].is_string());
    let certificate = told["certificate"].as_str().unwrap();
    assert!(Path::new(certificate).is_file());

    aval_runtime::tls::install_crypto_provider();
    let config = StackConfig::of_folder(up.folder.path()).unwrap();
    let pki = stack::open_pki(&config.layout.pki()).unwrap();
    let bearer = Bearer::new(answer.stdout.trim_end()).unwrap();
    let ask = async |name| {
        let software = stack::software(&pki, name, &config.addresses()).unwrap();
        let request = bearer.asks(GetRecordSettingsRequest::default());
        let refused = software.settings().get_record_settings(request).await;
        refused.unwrap_err().code()
    };
    // No patient is named: the field is refused, after the token was believed.
    assert_eq!(ask("gateway").await, tonic::Code::InvalidArgument);
    assert_eq!(ask("records").await, tonic::Code::Unauthenticated);
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let answer = run(folder.path(), &["man", pages.to_str().unwrap()]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    for page in ["aval.1", "aval-up.1", "aval-patient-register.1"] {
        let text = std::fs::read_to_string(pages.join(page)).unwrap();
        assert!(text.contains(".SH NAME"), "{page}");
    }
    let help = run(folder.path(), &["help"]).stdout;
    let commands = help.split_once("Commands:").unwrap().1.lines();
    let names = commands
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| line.starts_with(char::is_alphabetic))
        .filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|name| *name != "help") {
        assert!(pages.join(format!("aval-{name}.1")).is_file(), "{name}");
    }
}

#[test]
fn without_a_stack_a_command_says_what_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let answer = run(folder.path(), &["--lang", "en", "history"]);
    assert_eq!(answer.code, Some(1));
    assert!(answer.stderr.contains("aval up"), "{answer:?}");
}
