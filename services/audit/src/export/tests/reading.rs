//! A file that is read again, whole and changed.

use aval_merkle_log::checkpoint::Policy;
use aval_merkle_log::note::Signer;
use aval_merkle_log::receipt::Evidence;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;

const FORMATS: [Format; 6] = [
    Format::BalpNdjson,
    Format::BalpBundle,
    Format::TdeNdjson,
    Format::TdeBundle,
    Format::Csv,
    Format::Receipts,
];

fn file(events: &[aval_domain::event::Event], format: Format) -> String {
    let mut text = format.beginning();
    for (position, event) in events.iter().enumerate() {
        text.push_str(&exported_as(event.clone(), format, position == 0));
    }
    text + format.end()
}

fn policy() -> Policy {
    let signer = Signer::from_seed("audit.example/trail", &[7; 32]).unwrap();
    Policy::of_log("audit.example/trail", vec![signer.verifier().clone()])
}

/// The events of a file, if all of it is sound.
fn sound(text: &str, policy: &Policy) -> Option<Vec<aval_domain::event::Event>> {
    let mut events = Vec::new();
    for shown in read(text).ok()? {
        let shown = shown.ok()?;
        let evidence = Evidence::Event(shown.canonical.as_deref().ok()?);
        shown.receipt.verify(evidence, policy).ok()?;
        events.extend(shown.as_recorded().ok()?);
    }
    Some(events)
}

#[test]
fn every_event_is_read_again_in_every_form_as_it_was_recorded() {
    let events = events();
    for format in FORMATS {
        let text = file(&events, format);
        assert_eq!(read(&text).unwrap().format(), format);
        assert_eq!(sound(&text, &policy()).unwrap(), events, "{format:?}");
        let empty = file(&[], format);
        assert!(sound(&empty, &policy()).unwrap().is_empty(), "{format:?}");
    }
}

#[test]
fn whatever_is_changed_in_a_file_is_noticed() {
    let sample = Events::new(5);
    let mut event = sample.access(Some(sample.patient_id()));
    // Quotes and line ends, which are spelt otherwise in each form.
    event.decision.as_mut().unwrap().purpose = Some("\"deux\",\r\nlignes".to_owned());
    let policy = policy();
    for format in FORMATS {
        let text = file(&[event.clone(), event.clone()], format);
        assert!(sound(&text, &policy).is_some());
        for place in (0..text.len())
            .step_by(13)
            .chain(text.len() - 4..text.len())
        {
            let mut changed = text.clone().into_bytes();
            changed[place] ^= 1;
            if let Ok(changed) = String::from_utf8(changed) {
                let found = sound(&changed, &policy);
                assert!(found.is_none(), "{format:?}, byte {place} of {text}");
            }
        }
        for length in [text.len() - 1, text.len() / 3, 1] {
            let cut = &text[..text.floor_char_boundary(length)];
            assert!(sound(cut, &policy).is_none(), "{format:?}, cut at {length}");
        }
    }
}

#[test]
fn what_is_shown_otherwise_is_named_and_not_repeated() {
    let sample = Events::new(5);
    let event = sample.access(Some(sample.patient_id()));
    for (format, shown, other, name) in [
        (
            Format::Csv,
            "Dr Camille MARTIN",
            "Dr Paul PETIT",
            "actor_name",
        ),
        (Format::Csv, ",GRANT,", ",BREAK_GLASS,", "ground"),
        (
            Format::BalpNdjson,
            "\"outcome\":\"0\"",
            "\"outcome\":\"8\"",
            "outcome",
        ),
        (
            Format::BalpBundle,
            "MARTIN",
            "PETIT",
            "resource.agent[1].name",
        ),
        (
            Format::TdeNdjson,
            "\"action\":\"E\"",
            "\"action\":\"R\"",
            "action",
        ),
        (
            Format::TdeBundle,
            "\"action\":\"E\"",
            "\"action\":\"E\" ",
            "how it is written",
        ),
        // Of two members of one name programs read one or the other.
        (
            Format::TdeNdjson,
            "\"action\":\"E\"",
            "\"action\":\"R\",\"action\":\"E\"",
            "how",
        ),
    ] {
        let text = file(std::slice::from_ref(&event), format);
        assert!(text.contains(shown), "{text}");
        let changed = text.replacen(shown, other, 1);
        let shown = read(&changed).unwrap().next().unwrap().unwrap();
        let refused = shown.as_recorded().unwrap_err().to_string();
        assert!(refused.starts_with(name), "{format:?}: {refused}");
        assert!(!refused.contains("PETIT"), "{refused}");
    }
}

#[test]
fn evidence_of_one_event_does_not_serve_for_another() {
    let sample = Events::new(5);
    let one = sample.access(Some(sample.patient_id()));
    let other = sample.access(Some(sample.patient_id()));
    for format in [Format::BalpNdjson, Format::Csv] {
        // Everything about the other but the bytes that the receipt is of.
        let [one, other] = [&one, &other].map(|event| file(std::slice::from_ref(event), format));
        let shown = |text: &str| {
            let shown = read(text).unwrap().next().unwrap().unwrap();
            (shown.canonical.clone().unwrap(), shown.receipt.format())
        };
        let encode = |bytes: &[u8]| STANDARD.encode(bytes);
        let (canonical, receipt) = shown(&one);
        let (their_canonical, their_receipt) = shown(&other);
        let mixed = other
            .replace(&encode(&their_canonical), &encode(&canonical))
            .replace(
                &encode(their_receipt.as_bytes()),
                &encode(receipt.as_bytes()),
            );
        assert!(sound(&one, &policy()).is_some() && sound(&other, &policy()).is_some());
        assert!(sound(&mixed, &policy()).is_none());
    }
}

#[test]
fn what_is_no_export_is_refused() {
    for text in [
        "nothing",
        "{}",
        "[]",
        "event_id,occurred_at\r\n",
        r#"{"resourceType":"Patient"}"#,
        r#"{"resourceType":"Bundle","type":"searchset","entry":[]}"#,
        "\n",
    ] {
        assert!(sound(text, &policy()).is_none(), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn reading_an_export_is_total(text: String) {
        for format in FORMATS {
            let text = format.beginning() + &text;
            if let Ok(reading) = read(&text) {
                for shown in reading.flatten() {
                    let _ = shown.as_recorded();
                }
            }
        }
    }
}
