use std::path::Path;

use aval_merkle_log::cosignature::Cosigner;
use aval_merkle_log::note::Signer;

use super::*;

fn key() -> CheckpointKey {
    let signer = Signer::from_seed("audit.example/trail", &[1; 32]).unwrap();
    CheckpointKey::new(signer, Vec::new())
}

/// Loads a policy of these lines, in which `<w>` is a witness's key and `<log>` this one's.
fn loaded(lines: &str) -> Result<Option<Witnesses>, WitnessesError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy");
    let cosigner = Cosigner::from_seed("witness.example/w", &[2; 32]).unwrap();
    let text = lines
        .replace("<w>", &cosigner.witness().to_string())
        .replace("<log>", &key().verifier_key());
    std::fs::write(&file, text).unwrap();
    let config = WitnessesConfig {
        policy_file: Some(file),
        ..WitnessesConfig::default()
    };
    Witnesses::load(&config, &key())
}

#[test]
fn without_a_policy_nobody_is_asked() {
    let none = Witnesses::load(&WitnessesConfig::default(), &key());
    assert!(none.unwrap().is_none());
}

#[test]
fn a_policy_of_witnesses_is_read_with_and_without_the_logs_own_key() {
    for lines in [
        "witness w <w> http://127.0.0.1:1/w\nquorum w\n",
        "log <log>\nwitness w <w> http://localhost:1\nquorum w\n",
        "witness w <w> http://[::1]:1/w/\nquorum w\n",
    ] {
        let witnesses = loaded(lines).unwrap().unwrap();
        let [asked] = witnesses.asked.as_slice() else {
            panic!("{lines}");
        };
        assert!(asked.url.path().ends_with("/add-checkpoint"));
        assert!(!asked.url.path().contains("//"), "{}", asked.url);
    }
}

#[test]
fn a_policy_that_asks_nobody_or_of_another_log_is_refused() {
    let other = Signer::from_seed("audit.example/trail", &[9; 32]).unwrap();
    let other = format!(
        "log {}\nwitness w <w> http://127.0.0.1:1/w\nquorum w\n",
        other.verifier()
    );
    assert!(matches!(loaded(&other), Err(WitnessesError::OtherLogs)));
    for lines in [
        "witness w <w> http://127.0.0.1:1/w\nquorum none\n",
        "witness w <w>\nquorum w\n",
    ] {
        let refused = loaded(lines);
        assert!(matches!(refused, Err(WitnessesError::NobodyToAsk)));
    }
    let refused = loaded("witness w <w> http://127.0.0.1:1/w\n");
    assert!(matches!(refused, Err(WitnessesError::NotAPolicy { .. })));
    let config = WitnessesConfig {
        policy_file: Some(Path::new("/no/such/policy").to_owned()),
        ..WitnessesConfig::default()
    };
    let refused = Witnesses::load(&config, &key());
    assert!(matches!(refused, Err(WitnessesError::Unreadable { .. })));
}

#[test]
fn an_address_in_clear_on_another_machine_is_refused_and_https_wants_its_authority() {
    for address in [
        "http://witness.example/w",
        "http://10.0.0.1/w",
        "ftp://127.0.0.1/w",
        "http://127.0.0.1/w?x=1",
        "http://me@127.0.0.1/w",
        "127.0.0.1",
    ] {
        let refused = loaded(&format!("witness w <w> {address}\nquorum w\n"));
        assert!(
            matches!(refused, Err(WitnessesError::Address { .. })),
            "{address}"
        );
    }
    let refused = loaded("witness w <w> https://witness.example/w\nquorum w\n");
    assert!(matches!(refused, Err(WitnessesError::AuthorityMissing)));
}
