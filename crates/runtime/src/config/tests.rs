use std::io::Write;

use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    grpc: GrpcConfig,
    #[serde(default)]
    telemetry: TelemetryConfig,
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn what_is_not_said_has_its_documented_default() {
    let sample: Sample = from_toml("[grpc]\nlisten = '127.0.0.1:7443'").unwrap();
    assert_eq!(sample.grpc.max_message_bytes, 4 * 1024 * 1024);
    assert!(!sample.grpc.insecure_loopback && sample.grpc.tls.is_none());
    assert_eq!(sample.telemetry.log, LogFormat::Readable);
}

#[test]
fn an_unknown_key_is_refused_with_its_name_and_its_file() {
    let file = file("[grpc]\nlisten = '127.0.0.1:1'\nlisten_adress = 'x'");
    let error = load::<Sample>(Some(file.path()), "AVAL_CONFIG_TEST_A")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("grpc.listen_adress: there is no such key"),
        "{error}"
    );
    assert!(
        error.contains(&file.path().display().to_string()),
        "{error}"
    );
}

#[test]
fn a_missing_key_and_a_malformed_value_are_named() {
    let missing = from_toml::<Sample>("[grpc]").unwrap_err().to_string();
    assert!(
        missing.starts_with("grpc.listen: this key is required"),
        "{missing}"
    );
    let malformed = from_toml::<Sample>("[grpc]\nlisten = 'here'")
        .unwrap_err()
        .to_string();
    assert!(malformed.starts_with("grpc.listen: "), "{malformed}");
    let bad_wait = "[grpc]\nlisten = '127.0.0.1:1'\ndefault_deadline = '5 parsecs'";
    let bad_wait = from_toml::<Sample>(bad_wait).unwrap_err().to_string();
    assert!(
        bad_wait.starts_with("grpc.default_deadline: "),
        "{bad_wait}"
    );
}

#[test]
fn a_file_that_is_named_and_missing_is_an_error() {
    let error = load::<Sample>(Some(Path::new("/nowhere/consent.toml")), "AVAL_X").unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }));
    assert!(error.to_string().contains("/nowhere/consent.toml"));
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = file("[grpc]\nlisten = '127.0.0.1:1'");
    let load = |variables: &[(&str, &str)]| {
        let variables = variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        load_with::<Sample>(Some(file.path()), "AVAL_CONSENT", variables)
    };
    let sample = load(&[
        ("AVAL_CONSENT__GRPC__LISTEN", "127.0.0.1:2"),
        ("AVAL_CONSENT__GRPC__INSECURE_LOOPBACK", "true"),
        ("AVAL_CONSENT__GRPC__DEFAULT_DEADLINE", "250ms"),
        ("AVAL_OTHER__GRPC__LISTEN", "127.0.0.1:3"),
        ("AVAL_CONSENTING", "x"),
    ])
    .unwrap();
    assert_eq!(sample.grpc.listen.port(), 2);
    assert_eq!(sample.grpc.default_deadline, DurationText::from_millis(250));
    assert!(sample.grpc.insecure_loopback);

    let error = load(&[("AVAL_CONSENT__GRPC__LISTENN", "x")])
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("grpc.listenn: there is no such key"),
        "{error}"
    );
    assert!(error.contains("AVAL_CONSENT__GRPC__LISTENN"), "{error}");
    let error = load(&[("AVAL_CONSENT__GRPC__LISTEN", "x")])
        .unwrap_err()
        .to_string();
    assert!(error.contains("AVAL_CONSENT__GRPC__LISTEN"), "{error}");
}

#[test]
fn a_clear_listener_needs_the_flag_and_a_loopback_address() {
    let grpc = |text: &str| -> GrpcConfig { from_toml(text).unwrap() };
    let silent = grpc("listen = '127.0.0.1:1'").check().unwrap_err();
    assert!(matches!(
        silent,
        ConfigError::Refused {
            key: "grpc.tls",
            ..
        }
    ));
    let open = grpc("listen = '0.0.0.0:1'\ninsecure_loopback = true")
        .check()
        .unwrap_err();
    assert!(matches!(
        open,
        ConfigError::Refused {
            key: "grpc.listen",
            ..
        }
    ));
    assert!(
        grpc("listen = '127.0.0.1:1'\ninsecure_loopback = true")
            .check()
            .is_ok()
    );
    assert!(
        grpc("listen = '[::1]:1'\ninsecure_loopback = true")
            .check()
            .is_ok()
    );
}

#[test]
fn a_peer_in_clear_must_be_on_this_machine() {
    let peer = |uri: &str| -> PeerConfig { from_toml(&format!("uri = '{uri}'")).unwrap() };
    for refused in [
        "http://audit:7443",
        "http://10.0.0.1:1",
        "https://localhost:1",
        "localhost",
        "",
    ] {
        assert!(peer(refused).check("audit").is_err(), "{refused}");
    }
    for accepted in [
        "http://127.0.0.1:7443",
        "http://localhost:7443",
        "http://[::1]:7443",
    ] {
        assert!(peer(accepted).check("audit").is_ok(), "{accepted}");
    }
}

#[test]
fn a_refused_peer_is_named_with_its_section() {
    let refused = |text: &str| {
        let peer: PeerConfig = from_toml(text).unwrap();
        peer.check("practitioner_directory")
            .unwrap_err()
            .to_string()
    };
    let clear = refused("uri = 'http://directory:1'");
    assert!(clear.starts_with("practitioner_directory.uri: "), "{clear}");
    let bare = refused("uri = 'https://directory:1'");
    assert!(bare.starts_with("practitioner_directory.tls: "), "{bare}");
    let tls = "tls = { certificate = 'a', private_key = 'b', client_ca = 'c' }";
    let named = refused(&format!(
        "uri = 'https://directory:1'\nserver_name = 'no name'\n{tls}"
    ));
    let key = "practitioner_directory.server_name: ";
    assert!(named.starts_with(key), "{named}");
    for connections in [0, 17] {
        let uri = "uri = 'http://127.0.0.1:1'";
        let none = refused(&format!("{uri}\nconnections = {connections}"));
        let key = "practitioner_directory.connections: ";
        assert!(none.starts_with(key), "{none}");
    }
}

#[test]
fn a_collector_and_a_level_are_checked_before_anything_starts() {
    let refused = |text: &str| {
        let telemetry: TelemetryConfig = from_toml(text).unwrap();
        telemetry.check().map_err(|error| error.to_string())
    };
    let clear = refused("otlp_endpoint = 'http://collector:4317'").unwrap_err();
    assert!(clear.starts_with("telemetry.otlp_endpoint: "), "{clear}");
    let nowhere = refused("otlp_endpoint = 'collector'").unwrap_err();
    assert!(
        nowhere.starts_with("telemetry.otlp_endpoint: "),
        "{nowhere}"
    );
    let bare = refused("otlp_endpoint = 'https://collector:4317'").unwrap_err();
    assert!(bare.starts_with("telemetry.otlp_tls: "), "{bare}");
    let level = refused("level = 'a=b=c'").unwrap_err();
    assert!(level.starts_with("telemetry.level: "), "{level}");
    refused("otlp_endpoint = 'http://127.0.0.1:4317'\nlevel = 'warn'").unwrap();
}

#[test]
fn the_keys_of_tokens_are_fetched_in_clear_from_this_machine_only() {
    let token = |url: &str| -> TokenConfig {
        let closed = "jwks_ca = 'ca'\nclosed_sessions_url = 'https://identity/closed'";
        from_toml(&format!(
            "issuer = 'https://id'\njwks_url = '{url}'\n{closed}"
        ))
        .unwrap()
    };
    assert!(token("https://identity/jwks").check().is_ok());
    assert!(token("http://127.0.0.1:8080/jwks").check().is_ok());
    assert!(token("http://identity/jwks").check().is_err());
    let mut unsigned = token("https://identity/jwks");
    unsigned.jwks_ca = None;
    let refused = unsigned.check().unwrap_err().to_string();
    assert!(refused.starts_with("token.jwks_ca: "), "{refused}");
    let mut lax = token("https://identity/jwks");
    lax.leeway = std::time::Duration::from_secs(6).into();
    assert!(lax.check().is_err());
}

#[test]
fn closed_sessions_are_learnt_wherever_keys_are_fetched_over_a_network() {
    let token = |jwks: &str, closed: Option<&str>| TokenConfig {
        closed_sessions_url: closed.map(str::to_owned),
        ..from_toml(&format!(
            "issuer = 'https://id'\njwks_ca = 'ca'\njwks_url = '{jwks}'"
        ))
        .unwrap()
    };
    let accepted = |jwks, closed| token(jwks, closed).check().is_ok();
    assert!(accepted("https://id/jwks", Some("https://id/closed")));
    assert!(accepted("http://localhost/jwks", None));
    assert!(accepted(
        "http://localhost/jwks",
        Some("http://localhost/closed")
    ));
    assert!(!accepted("https://id/jwks", None));
    assert!(!accepted("https://id/jwks", Some("http://id/closed")));
    assert!(!accepted("https://id/jwks", Some("")));
}
