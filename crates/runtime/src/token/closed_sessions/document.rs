//! The list, as it is published.

use std::collections::HashSet;
use std::time::Duration;

use aval_domain::id::SessionId;
use serde::{Deserialize, Serialize};

/// The closed sessions whose tokens may not have expired yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClosedSessionList {
    /// How long ago it was read from where sessions are kept.
    pub age: Duration,
    /// The sessions.
    pub sessions: HashSet<SessionId>,
}

/// The text is not a list of closed sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a list of closed sessions")]
pub struct ListMalformed;

/// The list as JSON. A member that is not known is refused: what it would say of
/// sessions must not be passed over.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    age_ms: u64,
    sessions: Vec<SessionId>,
}

impl ClosedSessionList {
    /// The JSON text of this list: `age_ms`, whole milliseconds rounded up, and
    /// `sessions`, the identifiers in their order.
    ///
    /// # Panics
    ///
    /// Never: numbers and identifiers have a JSON form.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut sessions: Vec<_> = self.sessions.iter().copied().collect();
        sessions.sort_unstable();
        let millis = self.age.as_micros().div_ceil(1_000);
        let document = Document {
            age_ms: u64::try_from(millis).unwrap_or(u64::MAX),
            sessions,
        };
        serde_json::to_string(&document).expect("numbers and identifiers have a JSON form")
    }

    /// The list of a JSON text.
    pub fn from_json(json: &[u8]) -> Result<Self, ListMalformed> {
        let document: Document = serde_json::from_slice(json).map_err(|_| ListMalformed)?;
        Ok(Self {
            age: Duration::from_millis(document.age_ms),
            sessions: document.sessions.into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::random::SeededRandom;
    use aval_domain::time::Timestamp;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written_and_never_younger() {
        let random = SeededRandom::new(1);
        let session = || SessionId::new(Timestamp::from_unix_seconds(1_800_000_000), &random);
        let list = ClosedSessionList {
            age: Duration::from_micros(1_001),
            sessions: [session(), session()].into(),
        };
        let read = ClosedSessionList::from_json(list.to_json().as_bytes()).unwrap();
        assert_eq!(read.sessions, list.sessions);
        assert_eq!(read.age, Duration::from_millis(2));
    }

    #[test]
    fn what_is_not_wholly_a_list_is_refused() {
        let session = "018bcfe5-6800-7abc-8def-0123456789ab";
        let whole = format!(r#"{{"age_ms":1,"sessions":["{session}"]}}"#);
        assert!(ClosedSessionList::from_json(whole.as_bytes()).is_ok());
        for text in [
            "",
            "[]",
            "{}",
            r#"{"sessions":[]}"#,
            r#"{"age_ms":1}"#,
            r#"{"age_ms":-1,"sessions":[]}"#,
            r#"{"age_ms":1.5,"sessions":[]}"#,
            r#"{"age_ms":null,"sessions":[]}"#,
            r#"{"age_ms":1,"sessions":null}"#,
            r#"{"age_ms":1,"sessions":["x"]}"#,
            r#"{"age_ms":1,"sessions":[""]}"#,
            r#"{"age_ms":1,"sessions":[[]]}"#,
            r#"{"age_ms":1,"age_ms":1,"sessions":[]}"#,
            r#"{"age_ms":1,"sessions":[],"all":true}"#,
            &whole[..whole.len() - 1],
            &format!("{whole}{whole}"),
        ] {
            let read = ClosedSessionList::from_json(text.as_bytes());
            assert_eq!(read, Err(ListMalformed), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<Vec<u8>>()) {
            let _ = ClosedSessionList::from_json(&text);
        }

        #[test]
        fn any_json_is_read_or_refused(
            age in any::<i64>(),
            sessions in proptest::collection::vec("[0-9a-f-]{0,40}", 0..4),
        ) {
            let text = serde_json::json!({ "age_ms": age, "sessions": sessions }).to_string();
            let read = ClosedSessionList::from_json(text.as_bytes());
            prop_assert!(read.is_err() || age >= 0);
        }
    }
}
