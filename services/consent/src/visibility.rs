//! How a document is hidden or shown.
//!
//! Settings on one document stand beside each other, like the confidentiality codes
//! of the DMP (TRE_A07-StatutVisibiliteDocument). A setting that was taken back is
//! kept: what was once shown to a patient or to their representatives cannot be
//! hidden from them again.

use std::collections::BTreeMap;

use aval_domain::id::{DocumentId, MaskId, PatientId, PractitionerId};
use aval_domain::time::{CivilDate, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What a setting does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisibilityKind {
    /// `MASQUE_PS`: hidden from professionals, except its author and the treating
    /// doctor (art. R.1111-49 and L.1111-16 CSP).
    Masked,
    /// Hidden from one professional; not from the author, nor from a treating doctor.
    HiddenFromOne,
    /// Shown to one professional although it is masked.
    RevealedToOne,
    /// `INVISIBLE_PATIENT`: hidden from the holder until it has been announced, one
    /// month at most (art. R.1111-53 CSP).
    HiddenFromPatient,
    /// `INVISIBLE_REPRESENTANTS_LEGAUX`: hidden from a minor's legal representatives.
    HiddenFromRepresentatives,
}

/// One setting on one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visibility {
    /// Its own name, also its place in lists.
    pub mask_id: MaskId,
    /// Whose record.
    pub patient_id: PatientId,
    /// The document.
    pub document_id: DocumentId,
    /// What.
    pub kind: VisibilityKind,
    /// The one professional concerned, for the kinds that concern one.
    pub practitioner_id: Option<PractitionerId>,
    /// The professional who made the setting; `None` when the patient did.
    pub set_by: Option<PractitionerId>,
    /// Since when.
    pub set_at: Timestamp,
    /// When it ends by itself.
    pub release_at: Option<Timestamp>,
    /// When it was taken back.
    pub removed_at: Option<Timestamp>,
}

impl VisibilityKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Masked,
        Self::HiddenFromOne,
        Self::RevealedToOne,
        Self::HiddenFromPatient,
        Self::HiddenFromRepresentatives,
    ];

    /// Whether it shows a document to somebody, instead of hiding it.
    #[must_use]
    pub const fn shows(self) -> bool {
        matches!(self, Self::RevealedToOne)
    }

    /// Its name in rows and in the trail.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Masked => "masked",
            Self::HiddenFromOne => "hidden_from_one",
            Self::RevealedToOne => "revealed_to_one",
            Self::HiddenFromPatient => "hidden_from_patient",
            Self::HiddenFromRepresentatives => "hidden_from_representatives",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether it concerns one professional, who then must be named.
    #[must_use]
    pub const fn concerns_one(self) -> bool {
        matches!(self, Self::HiddenFromOne | Self::RevealedToOne)
    }

    /// The kind that may not stand beside it on the same document for the same
    /// professional. What the patient sets and what is kept from the patient stand beside
    /// each other, whichever came first: a refusal would tell a professional what is masked,
    /// and a patient what has yet to be announced.
    const fn contradiction(self) -> Option<Self> {
        match self {
            Self::HiddenFromOne => Some(Self::RevealedToOne),
            Self::RevealedToOne => Some(Self::HiddenFromOne),
            Self::Masked | Self::HiddenFromPatient | Self::HiddenFromRepresentatives => None,
        }
    }

    /// Whether it hides the document for the first time only.
    const fn is_irreversible(self) -> bool {
        matches!(
            self,
            Self::HiddenFromPatient | Self::HiddenFromRepresentatives
        )
    }
}

impl Visibility {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.removed_at.is_none() && self.release_at.is_none_or(|release_at| now < release_at)
    }

    /// What the trail keeps of it.
    #[must_use]
    pub fn trail_fields(&self) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::from([("visibility".to_owned(), self.kind.code().to_owned())]);
        if let Some(practitioner_id) = self.practitioner_id {
            fields.insert("practitioner_id".to_owned(), practitioner_id.to_string());
        }
        if let Some(release_at) = self.release_at {
            fields.insert("release_at".to_owned(), release_at.to_string());
        }
        fields
    }

    /// When a setting of that kind, made at `set_at`, ends by itself.
    #[must_use]
    pub fn release_of(kind: VisibilityKind, set_at: Timestamp) -> Option<Timestamp> {
        (kind == VisibilityKind::HiddenFromPatient).then(|| one_month_after(set_at))
    }

    /// Whether it is of this kind, for this one.
    #[must_use]
    pub fn is_about(&self, kind: VisibilityKind, practitioner_id: Option<PractitionerId>) -> bool {
        self.kind == kind && self.practitioner_id == practitioner_id
    }
}

/// Whom a setting concerns: nobody in particular, or one professional, who may have several
/// identifiers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Concerned {
    /// The identifier under which they ask.
    pub practitioner_id: Option<PractitionerId>,
    /// All of them.
    pub identifiers: Vec<PractitionerId>,
}

/// Every setting that was ever made on one document.
#[derive(Debug, Clone, Copy)]
pub struct DocumentHistory<'a>(pub &'a [Visibility]);

impl<'a> DocumentHistory<'a> {
    /// The setting that holds already, if it does; an error when the new one may not
    /// be made; `None` when it is to be made.
    pub fn before_setting(
        self,
        kind: VisibilityKind,
        concerned: &Concerned,
        now: Timestamp,
    ) -> Result<Option<&'a Visibility>, Error> {
        // One under another identifier of theirs is no reason not to make it: should they
        // turn out to be two, each keeps it.
        if let Some(same) = self
            .holding(now)
            .find(|setting| setting.is_about(kind, concerned.practitioner_id))
        {
            return Ok(Some(same));
        }
        if kind.is_irreversible() && self.0.iter().any(|past| past.kind == kind) {
            return Err(Error::Irreversible(
                "what was shown once cannot be hidden again",
            ));
        }
        let contradiction = kind.contradiction();
        let stands = |other| self.standing(other, concerned, now).next().is_some();
        if contradiction.is_some_and(stands) {
            return Err(Error::StateConflict(
                "another setting on the document contradicts it",
            ));
        }
        Ok(None)
    }

    /// The settings of this kind that hold, under whichever identifier of the one concerned
    /// they were made: one, or, of a patient or a professional of several identifiers, one
    /// under each.
    pub fn standing<'b>(
        self,
        kind: VisibilityKind,
        concerned: &'b Concerned,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Visibility> + use<'a, 'b> {
        self.holding(now)
            .filter(move |setting| match setting.practitioner_id {
                Some(one) => setting.kind == kind && concerned.identifiers.contains(&one),
                None => setting.is_about(kind, concerned.practitioner_id),
            })
    }

    fn holding(self, now: Timestamp) -> impl Iterator<Item = &'a Visibility> {
        self.0.iter().filter(move |setting| setting.holds(now))
    }
}

/// The same time of day one calendar month later, or on the last day of that month
/// if it has no such day.
fn one_month_after(instant: Timestamp) -> Timestamp {
    let date = instant.civil_date();
    let (year, month) = match date.month() {
        12 => (date.year() + 1, 1),
        month => (date.year(), month + 1),
    };
    let target = (28..=date.day())
        .rev()
        .chain([date.day()])
        .find_map(|day| CivilDate::new(year, month, day).ok());
    let (Some(from), Some(to)) = (midnight(date), target.and_then(midnight)) else {
        return Timestamp::MAX;
    };
    to.saturating_add(instant.since(from))
}

fn midnight(date: CivilDate) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(&format!("{date}T00:00:00Z")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn setting(kind: VisibilityKind, removed_at: Option<Timestamp>) -> Visibility {
        let set_at = at("2027-01-10T08:00:00Z");
        let random = aval_domain::random::SeededRandom::new(1);
        Visibility {
            mask_id: MaskId::new(set_at, &random),
            patient_id: PatientId::new(set_at, &random),
            document_id: "document-1".parse().unwrap(),
            kind,
            practitioner_id: None,
            set_by: None,
            set_at,
            release_at: Visibility::release_of(kind, set_at),
            removed_at,
        }
    }

    #[test]
    fn a_month_is_a_calendar_month() {
        for (from, to) in [
            ("2027-01-10T08:30:00Z", "2027-02-10T08:30:00Z"),
            ("2027-01-31T23:59:59Z", "2027-02-28T23:59:59Z"),
            ("2028-01-31T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("2027-12-15T12:00:00.000001Z", "2028-01-15T12:00:00.000001Z"),
            ("2027-03-31T12:00:00Z", "2027-04-30T12:00:00Z"),
        ] {
            assert_eq!(one_month_after(at(from)), at(to), "{from}");
        }
        assert_eq!(one_month_after(Timestamp::MAX), Timestamp::MAX);
    }

    #[test]
    fn only_what_is_hidden_from_the_patient_is_released_by_itself() {
        for kind in VisibilityKind::ALL {
            let released = Visibility::release_of(kind, at("2027-01-10T08:00:00Z")).is_some();
            assert_eq!(released, kind == VisibilityKind::HiddenFromPatient);
            assert_eq!(VisibilityKind::from_code(kind.code()), Some(kind));
        }
    }

    #[test]
    fn a_setting_that_holds_is_not_made_twice() {
        let history = [setting(VisibilityKind::Masked, None)];
        let now = at("2027-01-11T00:00:00Z");
        let same = DocumentHistory(&history).before_setting(
            VisibilityKind::Masked,
            &Concerned::default(),
            now,
        );
        assert_eq!(same.unwrap(), Some(&history[0]));
    }

    #[test]
    fn no_answer_tells_who_sets_what_of_what_somebody_else_set() {
        let now = at("2027-01-11T00:00:00Z");
        let by_professional = VisibilityKind::HiddenFromPatient;
        for there in VisibilityKind::ALL {
            let history = [setting(there, None)];
            for new in VisibilityKind::ALL {
                if (there == by_professional) == (new == by_professional) {
                    continue;
                }
                let concerned = Concerned::default();
                let made = DocumentHistory(&history).before_setting(new, &concerned, now);
                assert!(matches!(made, Ok(None)), "{there:?} {new:?}");
            }
        }
    }

    #[test]
    fn a_document_is_not_hidden_from_and_revealed_to_one_at_once() {
        let now = at("2027-01-11T00:00:00Z");
        for (there, new) in [
            (VisibilityKind::RevealedToOne, VisibilityKind::HiddenFromOne),
            (VisibilityKind::HiddenFromOne, VisibilityKind::RevealedToOne),
        ] {
            let history = [setting(there, None)];
            let refused = DocumentHistory(&history).before_setting(new, &Concerned::default(), now);
            assert!(
                matches!(refused, Err(Error::StateConflict(_))),
                "{there:?} {new:?}"
            );
            let removed = [setting(there, Some(now))];
            let again = DocumentHistory(&removed).before_setting(new, &Concerned::default(), now);
            assert!(matches!(again, Ok(None)), "{there:?} {new:?}");
        }
    }

    #[test]
    fn what_was_shown_once_is_not_hidden_again() {
        let now = at("2027-01-11T00:00:00Z");
        for kind in VisibilityKind::ALL {
            let history = [setting(kind, Some(now))];
            let again = DocumentHistory(&history).before_setting(kind, &Concerned::default(), now);
            assert_eq!(again.is_err(), kind.is_irreversible(), "{kind:?}");
        }
        let history = [setting(VisibilityKind::HiddenFromPatient, None)];
        let released = at("2027-02-10T08:00:00Z");
        let kind = VisibilityKind::HiddenFromPatient;
        assert!(
            DocumentHistory(&history)
                .standing(kind, &Concerned::default(), released)
                .next()
                .is_none()
        );
        assert!(
            DocumentHistory(&history)
                .before_setting(kind, &Concerned::default(), released)
                .is_err()
        );
    }

    fn id(number: u128) -> PractitionerId {
        PractitionerId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn a_setting_under_another_identifier_contradicts_is_taken_back_and_is_not_the_same() {
        let now = at("2027-01-11T00:00:00Z");
        let under = |number| Visibility {
            practitioner_id: Some(id(number)),
            ..setting(VisibilityKind::RevealedToOne, None)
        };
        let one = Concerned {
            practitioner_id: Some(id(2)),
            identifiers: vec![id(1), id(2)],
        };
        for (number, is_theirs) in [(1, true), (2, true), (3, false)] {
            let settings = [under(number)];
            let history = DocumentHistory(&settings);
            let mut back = history.standing(VisibilityKind::RevealedToOne, &one, now);
            assert_eq!(back.next().is_some(), is_theirs, "{number}");
            let hidden = history.before_setting(VisibilityKind::HiddenFromOne, &one, now);
            assert_eq!(hidden.is_err(), is_theirs, "{number}");
            let same = history.before_setting(VisibilityKind::RevealedToOne, &one, now);
            assert_eq!(same.unwrap().is_some(), number == 2, "{number}");
        }
    }
}
