//! Keeping the matrix of access rights, as its operator.

use crate::cast;
use crate::stand::Up;

#[test]
fn a_matrix_is_shown_checked_and_loaded_and_the_example_says_that_it_is_one() {
    let up = Up::start();
    let file = up.folder.path().join("matrix.toml");
    let path = file.to_str().unwrap();
    let write = |text: &str| std::fs::write(&file, text).unwrap();

    let shown = up.run(&["--json", "matrix", "show"]);
    assert!(shown.stderr.contains("EXAMPLE"), "{shown:?}");
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["example"], true);
    let example = shown["revision"].as_str().unwrap();
    assert!(example.ends_with("+example"));
    assert_eq!(shown["loaded"].as_array().unwrap().len(), 0);
    assert!(!shown["cells"].as_array().unwrap().is_empty());

    write("revision = 'a b'\n[[row]]\nprofession = '11'");
    for command in ["check", "load"] {
        let refused = up.run(&["--json", "matrix", command, path]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let faults: serde_json::Value = serde_json::from_str(&refused.stdout).unwrap();
        assert_eq!(faults[0]["field"], "revision");
        assert_eq!(faults[1]["line"], 3);
        assert!(refused.stderr.contains("2 faults"), "{refused:?}");
    }
    write("revision = 'official-1'\n[[row]]\nprofession = '10'\npermits = ['42']");
    let checked = up.ask(&["matrix", "check", path]);
    assert_eq!(checked["revision"], "official-1");
    assert_eq!(checked["in_force"], example);
    let changes = checked["changes"].as_array().unwrap();
    assert!(changes.iter().any(|cell| {
        cell["profession"] == "10" && cell["document_class"] == "REPORT" && cell["permits"] == false
    }));
    let past = ["matrix", "load", path, "--from", "2020-01-01T00:00:00Z"];
    let (code, refused) = up.is_refused(&past);
    assert_eq!(code, 64 + 3, "{refused}");
    assert!(refused.contains("effective_at"), "{refused}");

    let loaded = up.ask(&["matrix", "load", path]);
    assert_eq!(loaded["policy_revision"], "2/official-1");
    assert_eq!(loaded["replaces"], example);
    assert_eq!(loaded["changes"], checked["changes"]);
    let shown = up.ask(&["matrix", "show"]);
    assert_eq!(shown["revision"], "official-1");
    assert_eq!(shown["loaded"][0]["sha256"], checked["sha256"]);
    let doctor = up.practitioner(&cast().generalist);
    up.ask(&["grant", "add", &doctor]);
    let seen = up.ask(&["preview", &doctor, "report-1:11"]);
    assert_eq!(seen["effect"], "DENY", "{seen}");
}
