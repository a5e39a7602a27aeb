//! A document's type, finer than its category.

use std::fmt;
use std::str::FromStr;

use super::DocumentClass;
use crate::InvalidValue;
use crate::code_text::CodeText;

const WHAT: &str = "document type";

/// A document's type: a LOINC code or a code of `TRE_A05` (OID
/// 1.2.250.1.213.1.1.4.12). An open list: 1 to 32 ASCII letters, digits, `-`,
/// `_` and `.`, compared exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentType(CodeText<32>);

impl DocumentType {
    /// Takes a code of any known or unknown type.
    pub fn parse(code: &str) -> Result<Self, InvalidValue> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if code.is_empty() || code.len() > 32 {
            return Err(InvalidValue::new(WHAT, "it has 1 to 32 characters"));
        }
        // Before the first foreign one, every character is one byte.
        if let Some(position) = code.bytes().position(|byte| !allowed(byte)) {
            let rule = "every character is an ASCII letter, a digit, '-', '_' or '.'";
            return Err(InvalidValue::at(WHAT, rule, position));
        }
        Ok(Self(CodeText::of(code)))
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        self.0.as_str()
    }

    /// The category of this type by ASS_X16-CorrespondanceType-Classe-DMP
    /// (version 20240223), `None` for a type that is not in the extract held
    /// here: absence says nothing about the type.
    #[must_use]
    pub fn class(&self) -> Option<DocumentClass> {
        let class = match self.code() {
            "11488-4" | "11490-0" | "11502-2" | "11506-3" | "34112-3" => DocumentClass::Report,
            "34133-9" | "60591-5" | "SYNTH" => DocumentClass::Summary,
            "18748-4" | "52040-3" | "IMG-KOS" => DocumentClass::Imaging,
            "57833-6" | "57828-6" | "57832-8" | "61357-0" => DocumentClass::Prescription,
            "60593-1" | "DISP_AUT" => DocumentClass::Dispensation,
            "18776-5" | "PROT_ALD" => DocumentClass::CarePlan,
            "80565-5" => DocumentClass::AdministeredTreatment,
            "11369-6" | "87273-9" | "CERT_DECL" => DocumentClass::Certificate,
            "REMB" => DocumentClass::Reimbursement,
            "EXPPAT_1" | "EXPPAT_2" | "EXPPAT_3" | "74465-6" => DocumentClass::PatientDocument,
            "59284-0" | "86531-1" | "AUTORIS-SOINS" => DocumentClass::ManagementDocument,
            code if code.starts_with("PRESC-") => DocumentClass::Prescription,
            code if code.starts_with("ATTEST-") => DocumentClass::ManagementDocument,
            _ => return None,
        };
        Some(class)
    }
}

impl fmt::Display for DocumentType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.code())
    }
}

impl FromStr for DocumentType {
    type Err = InvalidValue;

    fn from_str(code: &str) -> Result<Self, InvalidValue> {
        Self::parse(code)
    }
}

serde_as_text!(DocumentType, "document type");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn types_of_the_extract_have_their_category() {
        let class = |code: &str| DocumentType::parse(code).unwrap().class();
        for (code, expected) in [
            ("11488-4", DocumentClass::Report),
            ("SYNTH", DocumentClass::Summary),
            ("IMG-KOS", DocumentClass::Imaging),
            ("57833-6", DocumentClass::Prescription),
            ("PRESC-KINE", DocumentClass::Prescription),
            ("DISP_AUT", DocumentClass::Dispensation),
            ("PROT_ALD", DocumentClass::CarePlan),
            ("80565-5", DocumentClass::AdministeredTreatment),
            ("CERT_DECL", DocumentClass::Certificate),
            ("REMB", DocumentClass::Reimbursement),
            ("EXPPAT_3", DocumentClass::PatientDocument),
            ("AUTORIS-SOINS", DocumentClass::ManagementDocument),
            ("ATTEST-X", DocumentClass::ManagementDocument),
        ] {
            assert_eq!(class(code), Some(expected), "{code}");
        }
        for unknown in ["99999-9", "synth", "EXPPAT_4", "11488"] {
            assert_eq!(class(unknown), None, "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn every_type_round_trips(code in "[A-Za-z0-9._-]{1,32}") {
            let document_type = DocumentType::parse(&code).unwrap();
            prop_assert_eq!(document_type.code(), code.as_str());
            let json = serde_json::to_string(&document_type).unwrap();
            prop_assert_eq!(serde_json::from_str::<DocumentType>(&json).unwrap(), document_type);
        }

        #[test]
        fn any_text_is_read_as_it_is_or_refused(text in crate::testing::any_text()) {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            let valid = (1..=32).contains(&text.len()) && text.bytes().all(allowed);
            let parsed = DocumentType::parse(&text);
            prop_assert_eq!(parsed.is_ok(), valid);
            if let Ok(document_type) = parsed {
                prop_assert_eq!(document_type.code(), text);
            }
        }
    }
}
