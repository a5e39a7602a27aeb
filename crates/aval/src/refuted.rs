//! Why something that was to be verified is refuted: an exit code of its own for scripts,
//! and plain words for people.

use aval_audit::export::{ShownOtherwise, Unreadable};
use aval_merkle_log::checkpoint::CheckpointError;
use aval_merkle_log::erasure::Unaccounted;
use aval_merkle_log::history::{Continuation, HistoryError};
use aval_merkle_log::note::{NoteError, SignatureError};
use aval_merkle_log::receipt::ReceiptError;
use aval_merkle_log::text::Malformed;

use crate::command::audit::{LogDamaged, NotProved, Withheld};
use crate::language::{Text, say};

/// What a verification found wrong. The number is the exit code, and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refuted {
    /// A file is not in its format.
    Malformed = 10,
    /// The log did not sign.
    NotSigned = 11,
    /// It is another log's.
    OtherLog = 12,
    /// The event is not in the log.
    NotInTheLog = 13,
    /// The event is not the one that was recorded.
    EventAltered = 14,
    /// The receipt cannot speak of the event.
    NoSalt = 15,
    /// Events are missing, or too many.
    Incomplete = 16,
    /// Events are in another order, or are others.
    Broken = 17,
    /// What was known before is gone.
    NotContinued = 18,
    /// The log tells different people different things, or was rewritten.
    Forked = 19,
    /// This is an older state than the one that was kept.
    Older = 20,
    /// Nothing shows that the log was only continued.
    Unproved = 21,
    /// The log in the database is not as it was signed.
    Damaged = aval_audit::examination::DAMAGED as isize,
    /// Too few witnesses saw what the log signed.
    NotWitnessed = 23,
    /// What an event told is said to be erased, and the log does not say so.
    Unaccounted = 24,
    /// A file shows something else than its receipts prove.
    ShownOtherwise = 25,
    /// Not all that the events of a history tell is shown to whoever exported it.
    Withheld = 26,
}

impl Refuted {
    /// What an error of a verification means; none: it is none.
    pub(crate) fn of(error: &anyhow::Error) -> Option<Self> {
        if let Some(error) = error.downcast_ref::<ReceiptError>() {
            return Some(Self::of_receipt(error));
        }
        if let Some(error) = error.downcast_ref::<HistoryError>() {
            return Some(Self::of_history(error));
        }
        if let Some(error) = error.downcast_ref::<CheckpointError>() {
            return Some(Self::of_checkpoint(error));
        }
        if error.is::<NotProved>() {
            return Some(Self::Incomplete);
        }
        if error.is::<Withheld>() {
            return Some(Self::Withheld);
        }
        if let Some(unaccounted) = error.downcast_ref::<Unaccounted>() {
            return Some(match unaccounted {
                Unaccounted::NotShown { .. } => Self::Incomplete,
                Unaccounted::NotErased { .. } => Self::Unaccounted,
            });
        }
        if let Some(unreadable) = error.downcast_ref::<Unreadable>() {
            return Some(match unreadable {
                Unreadable::NoForm | Unreadable::Malformed(_) => Self::Malformed,
                Unreadable::Receipt(error) => Self::of_receipt(error),
            });
        }
        if let Some(otherwise) = error.downcast_ref::<ShownOtherwise>() {
            return match otherwise {
                ShownOtherwise::Unknown(_) => None,
                ShownOtherwise::Altered(_) => Some(Self::EventAltered),
                ShownOtherwise::Differs(_) => Some(Self::ShownOtherwise),
            };
        }
        if error.is::<NoteError>() || error.is::<Malformed>() {
            return Some(Self::Malformed);
        }
        if error.is::<LogDamaged>() {
            return Some(Self::Damaged);
        }
        error.downcast_ref().map(Self::of_continuation)
    }

    const fn of_receipt(error: &ReceiptError) -> Self {
        match error {
            ReceiptError::Malformed(_) => Self::Malformed,
            ReceiptError::BadSignature(_)
            | ReceiptError::RepeatedSignature(_)
            | ReceiptError::UnknownSigner => Self::NotSigned,
            ReceiptError::WrongOrigin { .. } => Self::OtherLog,
            ReceiptError::NotWitnessed => Self::NotWitnessed,
            ReceiptError::NotIncluded(_) => Self::NotInTheLog,
            ReceiptError::EventAltered => Self::EventAltered,
            ReceiptError::NoSalt => Self::NoSalt,
        }
    }

    const fn of_history(error: &HistoryError) -> Self {
        match error {
            HistoryError::Checkpoint(error) => Self::of_checkpoint(error),
            HistoryError::NoMapRoot(_) => Self::Malformed,
            HistoryError::Head(_) | HistoryError::Incomplete { .. } => Self::Incomplete,
            HistoryError::Broken { .. } => Self::Broken,
            HistoryError::NotIncluded(_) => Self::NotInTheLog,
            HistoryError::NotContinued { .. } => Self::NotContinued,
        }
    }

    const fn of_checkpoint(error: &CheckpointError) -> Self {
        match error {
            CheckpointError::Malformed(_) => Self::Malformed,
            CheckpointError::Signature(
                SignatureError::Bad(_)
                | SignatureError::Repeated(_)
                | SignatureError::NoKnownSigner,
            ) => Self::NotSigned,
            CheckpointError::WrongOrigin { .. } => Self::OtherLog,
            CheckpointError::NotWitnessed => Self::NotWitnessed,
        }
    }

    const fn of_continuation(error: &Continuation) -> Self {
        match error {
            Continuation::OtherLog { .. } => Self::OtherLog,
            Continuation::Shorter { .. } => Self::Older,
            Continuation::Forked { .. } | Continuation::Rewritten(_) => Self::Forked,
            Continuation::Unproved => Self::Unproved,
        }
    }

    /// What that means to whoever asked.
    pub(crate) fn words(self) -> Text {
        match self {
            Self::Malformed => say(
                "Ce fichier n'a pas la forme attendue : il a été abîmé, ou ce n'est pas le bon.",
                "This file is not in its format: it was damaged, or it is the wrong one.",
            ),
            Self::NotSigned => say(
                "Le journal n'a pas signé ceci : la signature est absente ou ne correspond pas.",
                "The log did not sign this: the signature is missing or does not fit.",
            ),
            Self::OtherLog => say("Ceci vient d'un autre journal.", "This is of another log."),
            Self::NotInTheLog => say(
                "Faux : cette trace n'est pas dans le journal.",
                "False: this event is not in the log.",
            ),
            Self::EventAltered => say(
                "Faux : cette trace a été modifiée après son enregistrement.",
                "False: this event was changed after it was recorded.",
            ),
            Self::NoSalt => say(
                "Ce reçu prouve une place du journal, pas le contenu de cette trace.",
                "This receipt proves a place of the log, not what this event says.",
            ),
            Self::Incomplete => say(
                "Faux : cet historique n'est pas complet, il manque des traces ou il y en a trop.",
                "False: this history is not whole, events are missing or too many.",
            ),
            Self::Broken => say(
                "Faux : des traces de cet historique ont été changées ou déplacées.",
                "False: events of this history were changed or moved.",
            ),
            Self::NotContinued => say(
                "Faux : des traces qui étaient dans l'historique gardé n'y sont plus.",
                "False: events that were in the history kept before are gone.",
            ),
            Self::Forked => say(
                "Faux : le journal a signé deux versions qui se contredisent.",
                "False: the log has signed two states that contradict each other.",
            ),
            Self::Older => say(
                "Faux : c'est un état du journal plus ancien que celui qui a été gardé.",
                "False: this is an older state of the log than the one that was kept.",
            ),
            Self::Unproved => say(
                "Non comparé : rien ne montre que le journal n'a fait que grandir depuis l'état \
                 gardé. Le reste est vrai.",
                "Not compared: nothing shows that the log has only grown since the state that \
                 was kept. The rest holds.",
            ),
            Self::NotWitnessed => say(
                "Le journal a signé ceci, mais trop peu de témoins ont confirmé l'avoir vu.",
                "The log signed this, but too few witnesses confirm that they saw it.",
            ),
            Self::Damaged => say(
                "Le journal en base n'est pas tel qu'il a été signé.",
                "The log in the database is not as it was signed.",
            ),
            Self::Unaccounted => say(
                "Faux : une trace est dite effacée, et rien dans le journal ne le dit.",
                "False: an event is said to be erased, and nothing in the log says so.",
            ),
            Self::ShownOtherwise => say(
                "Faux : ce fichier montre autre chose que ce que le journal a enregistré.",
                "False: this file shows something else than what the log recorded.",
            ),
            Self::Withheld => say(
                "Sous les identifiants vus, aucune trace ne manque, mais ce que disent certaines \
                 n'est pas montré pour le moment. Le reste est vrai.",
                "Under the identifiers seen no event is missing, but what some of them tell is \
                 not shown for now. The rest holds.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;
    use aval_merkle_log::map::MapProofError;
    use aval_merkle_log::proof::ProofError;
    use aval_merkle_log::receipt::Receipt;

    use super::*;
    use crate::language::Language;

    #[test]
    fn each_failure_has_its_own_code() {
        let incomplete = HistoryError::Incomplete {
            expected: 3,
            found: 2,
        };
        let other_log = Continuation::OtherLog {
            kept: "a".to_owned(),
            found: "b".to_owned(),
        };
        let cases: [(anyhow::Error, u8); 21] = [
            (Withheld(2).into(), 26),
            (ShownOtherwise::Differs("ground".to_owned()).into(), 25),
            (Unreadable::NoForm.into(), 10),
            (Unreadable::from(ReceiptError::NoSalt).into(), 15),
            (other_log.into(), 12),
            (Unaccounted::NotErased { sequence: 1 }.into(), 24),
            (LogDamaged(String::new()).into(), 22),
            (Receipt::parse(b"x").unwrap_err().into(), 10),
            (ReceiptError::UnknownSigner.into(), 11),
            (
                CheckpointError::WrongOrigin {
                    expected: "a".to_owned(),
                    found: "b".to_owned(),
                }
                .into(),
                12,
            ),
            (ReceiptError::NotIncluded(ProofError::TooLong).into(), 13),
            (ReceiptError::EventAltered.into(), 14),
            (ReceiptError::NoSalt.into(), 15),
            (incomplete.into(), 16),
            (HistoryError::Broken { sequence: 1 }.into(), 17),
            (HistoryError::NotContinued { kept: 3 }.into(), 18),
            (Continuation::Forked { size: 1 }.into(), 19),
            (Continuation::Shorter { kept: 2, found: 1 }.into(), 20),
            (Continuation::Unproved.into(), 21),
            (ReceiptError::NotWitnessed.into(), 23),
            (CheckpointError::NotWitnessed.into(), 23),
        ];
        for (error, code) in cases {
            let refuted = Refuted::of(&error).unwrap();
            assert_eq!(refuted as u8, code, "{error}");
            for language in [Language::French, Language::English] {
                assert!(!refuted.words().in_language(language).is_empty());
            }
            let told = Err::<(), _>(error).context("while reading").unwrap_err();
            assert_eq!(Refuted::of(&told), Some(refuted));
        }
        let hidden = HistoryError::Head(MapProofError::RootMismatch);
        assert_eq!(Refuted::of(&hidden.into()), Some(Refuted::Incomplete));
        assert_eq!(Refuted::of(&anyhow::anyhow!("no file")), None);
    }
}
