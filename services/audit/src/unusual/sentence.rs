//! Why something is unusual, in words. No names: whoever reads looks the events up.

use super::{Rules, Unusual, UnusualKind};
use crate::sentence::Sentences;

const SECONDS_PER_DAY: u64 = 86_400;

impl Unusual {
    /// The sentences of this finding, which the rules made one.
    #[must_use]
    pub fn sentences(&self, rules: &Rules) -> Sentences {
        let Rules {
            hours_begin,
            hours_end,
            ..
        } = rules;
        let (past, follow_up) = (
            rules.past.as_secs() / SECONDS_PER_DAY,
            rules.follow_up.as_secs() / SECONDS_PER_DAY,
        );
        let patients = self.patients;
        let (french, english) = match (self.kind, self.busiest_before) {
            (UnusualKind::FirstAccessWithoutRelation, _) => (
                format!(
                    "Première tentative d'accès en {past} jours au dossier de ce patient, sans lien connu avec lui."
                ),
                format!(
                    "First approach in {past} days to this patient's record, without any known relation to them."
                ),
            ),
            (UnusualKind::Volume, Some(busiest)) => (
                format!(
                    "{patients} patients en un jour sans lien connu, contre {busiest} au plus par jour, tous accès confondus, les {past} jours précédents."
                ),
                format!(
                    "{patients} patients in one day without a known relation, where no day of the {past} before had more than {busiest} in all."
                ),
            ),
            (UnusualKind::Volume, None) => (
                format!(
                    "{patients} patients en un jour, plus que les {} admis, quel que soit le motif.",
                    rules.most_patients
                ),
                format!(
                    "{patients} patients in one day, more than the {} that are let pass whatever the ground.",
                    rules.most_patients
                ),
            ),
            (UnusualKind::OffHours, _) => (
                format!(
                    "Accès sans lien connu en dehors de {hours_begin} h - {hours_end} h (heure de Paris), ce qui n'était pas arrivé les {past} jours précédents."
                ),
                format!(
                    "Access without a known relation outside {hours_begin}:00-{hours_end}:00 (Paris time), which had not happened in the {past} days before."
                ),
            ),
            (UnusualKind::EmergencyWithoutFollowUp, _) => (
                format!(
                    "Bris de glace sans suite : aucun lien avec le patient avant, ni dans les {follow_up} jours d'après."
                ),
                format!(
                    "Break-glass without a follow-up: nothing joined them to the patient before, nor within {follow_up} days after."
                ),
            ),
        };
        Sentences { french, english }
    }
}
