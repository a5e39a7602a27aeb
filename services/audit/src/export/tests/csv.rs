//! Comma-separated values.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;

/// Reads what RFC 4180 writes.
fn fields(text: &str) -> Vec<Vec<String>> {
    let mut records = vec![vec![String::new()]];
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let record = records.last_mut().unwrap();
        let field = record.last_mut().unwrap();
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(String::new()),
            '\r' if !quoted => {
                assert_eq!(letters.next(), Some('\n'));
                records.push(vec![String::new()]);
            }
            other => field.push(other),
        }
    }
    assert_eq!(
        records.pop(),
        Some(vec![String::new()]),
        "lines end in CR LF"
    );
    records
}

#[test]
fn a_record_has_a_field_for_each_column_and_its_evidence() {
    let sample = Events::new(5);
    let event = sample.access(Some(sample.patient_id()));
    let csv = Format::Csv.beginning() + &exported_as(event.clone(), Format::Csv, true);
    let records = fields(&csv);
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].len(), records[1].len());
    let field = |name| {
        let column = records[0].iter().position(|column| column == name).unwrap();
        records[1][column].clone()
    };
    assert_eq!(field("event_id"), event.event_id.to_string());
    assert_eq!(field("actor_name"), "Dr Camille MARTIN");
    assert_eq!(field("ground"), "GRANT");
    let canonical = STANDARD.decode(field("canonical_event_base64")).unwrap();
    let told: aval_domain::event::Event = serde_json::from_slice(&canonical).unwrap();
    assert_eq!(told, event);
    let receipt = STANDARD.decode(field("receipt_base64")).unwrap();
    assert!(Receipt::parse(&receipt).is_ok());
}

#[test]
fn no_field_is_a_formula() {
    for name in [
        "=HYPERLINK(\"http://evil.example\")",
        "+1+1",
        "-2",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "  =1",
        "＝1",
        "a,b",
        "a\"b",
        "a\nb",
    ] {
        let sample = Events::new(6);
        let mut event = sample.access(None);
        if let Actor::Practitioner { display_name, .. } = &mut event.actor {
            *display_name = name.to_owned();
        }
        let records = fields(&exported_as(event, Format::Csv, true));
        let shown = &records[0][10];
        let begins = shown.trim_start_matches(' ').chars().next().unwrap();
        assert!(!"=+-@\t\r\n＝＋－＠".contains(begins), "{shown:?}");
        assert_eq!(shown.trim_start_matches('\''), name);
    }
}
