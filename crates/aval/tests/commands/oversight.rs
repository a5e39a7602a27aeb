//! What an auditor asks for from the command line.

use crate::cast;
use crate::stand::Up;

const WHO: [&str; 4] = ["--auditor", "dana", "--purpose", "Plainte n° 12 du 3 mars"];

#[test]
fn an_auditor_searches_opens_a_history_and_lists_what_is_unusual() {
    let up = Up::start();
    let doctor = up.practitioner(&cast().generalist);
    up.ask(&["grant", "add", &doctor]);
    let search = [&["audit", "search", "--kind", "grant.*"][..], &WHO].concat();
    let event_id = (0..600).find_map(|_| {
        let found = up.ask(&search);
        let event_id = found[0]["event_id"].as_str().map(str::to_owned);
        if event_id.is_none() {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        event_id
    });
    let event_id = event_id.expect("the grant is found within a minute");

    let opened = up.ask(&[&["audit", "open", &event_id][..], &WHO].concat());
    let events = opened.as_array().unwrap();
    assert!(events.iter().any(|event| event["event_id"] == event_id));
    let unusual = up.ask(&[&["audit", "unusual"][..], &WHO].concat());
    assert_eq!(unusual.as_array().unwrap().len(), 0);

    let short = ["audit", "search", "--auditor", "dana", "--purpose", "why"];
    let (code, refused) = up.is_refused(&short);
    assert_eq!(code, 64 + 3, "{refused}");
    assert!(refused.contains("purpose"), "{refused}");
}
