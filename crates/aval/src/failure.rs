//! Says why a command failed, in the words meant for people.

use std::io::{self, Write};
use std::process::ExitCode;

use tonic::Status;
use tonic_types::StatusExt;

use crate::language::Language;
use crate::refuted::Refuted;

/// Exit codes from here on are the numbers of gRPC statuses.
const REFUSED: u8 = 64;

/// Prints the failure on standard error, and answers the exit code that goes with it.
pub(crate) fn report(error: &anyhow::Error, language: Language) -> ExitCode {
    let (line, code) = match error.downcast_ref::<Status>() {
        Some(status) => (refusal(status, language), refusal_code(status)),
        None => match Refuted::of(error) {
            Some(refuted) => {
                let words = refuted.words();
                let line = format!("{} ({error:#})", words.in_language(language));
                (line, ExitCode::from(refuted as u8))
            }
            None => (format!("{error:#}"), ExitCode::FAILURE),
        },
    };
    // Nothing better can be done where standard error is closed.
    let _ = writeln!(io::stderr(), "aval: {line}");
    code
}

fn refusal_code(status: &Status) -> ExitCode {
    let number = u8::try_from(i32::from(status.code())).unwrap_or(2);
    ExitCode::from(REFUSED + number)
}

/// The reason, the sentence, and each field at fault.
fn refusal(status: &Status, language: Language) -> String {
    let details = status.get_error_details();
    let reason = details.error_info().map_or("", |info| info.reason.as_str());
    let french = details
        .localized_message()
        .filter(|_| language == Language::French);
    let sentence = french.map_or(status.message(), |localized| localized.message.as_str());
    let mut line = format!("{reason}: {sentence}");
    for violation in details
        .bad_request()
        .map_or(&[][..], |request| &request.field_violations)
    {
        line.push_str("\n  ");
        line.push_str(&violation.field);
        line.push_str(": ");
        line.push_str(&violation.description);
    }
    line.trim_start_matches(": ").to_owned()
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic_types::ErrorDetails;

    use super::*;

    fn refused() -> Status {
        let mut details = ErrorDetails::with_error_info("FIELD_INVALID", "aval", []);
        details.add_bad_request_violation("name", "must have at least 2 letters");
        details.set_localized_message("fr", "Un champ est invalide.");
        Status::with_error_details(Code::InvalidArgument, "a field is invalid", details)
    }

    #[test]
    fn a_refusal_names_its_reason_and_each_field_in_the_language_asked_for() {
        let english = refusal(&refused(), Language::English);
        assert_eq!(
            english,
            "FIELD_INVALID: a field is invalid\n  name: must have at least 2 letters"
        );
        assert!(refusal(&refused(), Language::French).contains("Un champ est invalide."));
    }

    #[test]
    fn a_status_that_is_not_ours_is_told_as_it_is() {
        let status = Status::unavailable("no connection");
        assert_eq!(refusal(&status, Language::French), "no connection");
    }

    #[test]
    fn the_exit_code_is_the_status() {
        let code = refusal_code(&refused());
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(67)));
    }
}
