//! A professional asks, the patient answers.

use std::fmt;
use std::time::Duration;

use aval_domain::document::DocumentClasses;
use aval_domain::etag::Etag;
use aval_domain::period::Period;
use aval_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Grant, GrantStatus};
use crate::asked_period::AskedPeriod;
use crate::error::Error;

/// How long a request waits for its answer: a choice of this service.
const PATIENCE: Duration = Duration::from_hours(30 * 24);

/// What a professional said when they asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantRequest {
    /// Why.
    pub purpose: Purpose,
    /// Until when the patient may answer.
    pub answer_by: Timestamp,
}

/// Why a professional asks, in their own words, for the patient to read: 1 to 500
/// characters, not counting blanks around them, none of them a control character but
/// ends of lines. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Purpose(String);

/// How the patient says yes; `None` leaves it as it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Only these of the classes that were asked for.
    pub classes: Option<DocumentClasses>,
    /// Another period.
    pub period: Option<AskedPeriod>,
}

impl GrantRequest {
    /// A request made at `now` for this period. Once the period is over there is
    /// nothing left to answer.
    #[must_use]
    pub fn made(purpose: Purpose, period: Period, now: Timestamp) -> Self {
        let latest = now.saturating_add(PATIENCE);
        Self {
            purpose,
            answer_by: period.until().map_or(latest, |until| until.min(latest)),
        }
    }
}

impl Purpose {
    /// The most characters.
    pub const LONGEST: usize = 500;

    /// The words in `text`, `None` when there are none, too many, or other things.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_word = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r');
        let is_purpose =
            (1..=Self::LONGEST).contains(&text.chars().count()) && text.chars().all(is_word);
        is_purpose.then(|| Self(text.to_owned()))
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Purpose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Purpose")
    }
}

impl Grant {
    /// Whether it is a request that may be answered at `now`.
    #[must_use]
    pub fn awaits_answer(&self, now: Timestamp) -> bool {
        let in_time = |request: &GrantRequest| now < request.answer_by;
        self.status == GrantStatus::Requested && self.request.as_ref().is_none_or(in_time)
    }

    /// The grant that the patient makes of the request. It opens nothing of before
    /// the answer.
    pub fn approve(&self, approval: Approval, etag: Etag, now: Timestamp) -> Result<Self, Error> {
        self.require_unanswered(etag, now)?;
        let classes = approval.classes.unwrap_or(self.classes);
        if !self.classes.contains_all(classes) {
            return Err(Error::Invalid {
                field: "document_classes",
                rule: "must be among those that were asked for",
            });
        }
        let period = approval.period.unwrap_or(AskedPeriod {
            from: Some(self.period.from().max(now)),
            until: self.period.until(),
        });
        Ok(Self {
            classes,
            period: period.settle_grant(self.grantee, now)?,
            status: GrantStatus::Given,
            ..self.written(now)
        })
    }

    /// The request, declined.
    pub fn decline(&self, etag: Etag, now: Timestamp) -> Result<Self, Error> {
        self.require_unanswered(etag, now)?;
        Ok(Self {
            status: GrantStatus::Declined,
            ended_at: Some(now),
            ..self.written(now)
        })
    }

    fn require_unanswered(&self, etag: Etag, now: Timestamp) -> Result<(), Error> {
        if !self.awaits_answer(now) {
            return Err(Error::StateConflict("there is no open request to answer"));
        }
        self.require_etag(etag)
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::document::DocumentClass;
    use aval_domain::etag::Version;

    use super::*;
    use crate::grant::tests::{NOW, grant, hours};
    use crate::grant::{GrantOrigin, GrantState};

    const AS_ASKED: Approval = Approval {
        classes: None,
        period: None,
    };

    /// Asked for now: reports and prescriptions, for the next hours.
    fn request(until: Option<Timestamp>) -> Grant {
        let period = Period::new(NOW, until).unwrap();
        let purpose = Purpose::parse("suivi").unwrap();
        Grant {
            classes: DocumentClasses::only(DocumentClass::Report).with(DocumentClass::Prescription),
            period,
            origin: GrantOrigin::Request,
            status: GrantStatus::Requested,
            request: Some(GrantRequest::made(purpose, period, NOW)),
            ..grant()
        }
    }

    fn etag() -> Etag {
        Version::FIRST.etag()
    }

    #[test]
    fn a_request_expires_after_thirty_days_or_with_the_period_it_asks_for() {
        for (until, answer_by) in [
            (None, hours(720)),
            (Some(hours(9_000)), hours(720)),
            (Some(hours(5)), hours(5)),
        ] {
            let request = request(until);
            let last = answer_by.saturating_sub(Duration::from_micros(1));
            assert_eq!(request.state(last), GrantState::Requested);
            assert_eq!(request.state(answer_by), GrantState::Expired);
            assert!(request.decline(etag(), last).is_ok());
            for answer in [
                request.decline(etag(), answer_by),
                request.approve(AS_ASKED, etag(), answer_by),
            ] {
                assert!(matches!(answer, Err(Error::StateConflict(_))));
            }
        }
    }

    #[test]
    fn an_approved_request_opens_nothing_of_before_the_answer() {
        let given = request(Some(hours(50)))
            .approve(AS_ASKED, etag(), hours(3))
            .unwrap();
        assert_eq!(given.state(hours(3)), GrantState::Active);
        assert_eq!(
            (given.period.from(), given.period.until()),
            (hours(3), Some(hours(50)))
        );
        assert_eq!((given.version, given.ended_at), (Version(2), None));
    }

    #[test]
    fn a_patient_narrows_the_classes_and_widens_none() {
        let narrowed = |classes| Approval {
            classes: Some(classes),
            period: None,
        };
        let report = DocumentClasses::only(DocumentClass::Report);
        let given = request(None).approve(narrowed(report), etag(), NOW);
        assert_eq!(given.unwrap().classes, report);
        let more = report.with(DocumentClass::Imaging);
        let refused = request(None).approve(narrowed(more), etag(), NOW);
        assert!(matches!(
            refused,
            Err(Error::Invalid {
                field: "document_classes",
                ..
            })
        ));
    }

    #[test]
    fn a_patient_chooses_another_period_within_the_bounds_of_any_grant() {
        let until = |until| Approval {
            classes: None,
            period: Some(AskedPeriod {
                from: None,
                until: Some(until),
            }),
        };
        let given = request(None).approve(until(hours(2)), etag(), hours(1));
        let expected = Period::new(hours(1), Some(hours(2))).unwrap();
        assert_eq!(given.unwrap().period, expected);
        let past = request(None).approve(until(NOW), etag(), hours(1));
        assert!(matches!(past, Err(Error::Invalid { .. })));
    }

    #[test]
    fn a_request_is_answered_once_and_by_who_saw_it_as_it_is() {
        let stale = Version(7).etag();
        assert!(matches!(
            request(None).decline(stale, NOW),
            Err(Error::EtagMismatch)
        ));
        let declined = request(None).decline(etag(), NOW).unwrap();
        let approved = request(None).approve(AS_ASKED, etag(), NOW).unwrap();
        for answered in [declined, approved] {
            let etag = answered.version.etag();
            let again = answered.approve(AS_ASKED, etag, NOW);
            assert!(matches!(again, Err(Error::StateConflict(_))));
            let again = answered.decline(etag, NOW);
            assert!(matches!(again, Err(Error::StateConflict(_))));
        }
    }

    #[test]
    fn a_purpose_has_words_and_keeps_them_from_logs() {
        assert_eq!(Purpose::parse("  \n "), None);
        assert_eq!(Purpose::parse("bilan\u{0}annuel"), None);
        assert!(Purpose::parse("bilan\nannuel").is_some());
        assert!(Purpose::parse(&"é".repeat(500)).is_some());
        assert_eq!(Purpose::parse(&"é".repeat(501)), None);
        let purpose = Purpose::parse(" bilan annuel ").unwrap();
        assert_eq!(purpose.as_str(), "bilan annuel");
        assert!(!format!("{:?}", request(None)).contains("suivi"));
    }
}
