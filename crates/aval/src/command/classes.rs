//! Document classes by their national codes, as people type them.

use std::str::FromStr;

use aval_domain::document::DocumentClass;
use aval_runtime::convert;

/// A class typed as its code, for example `10`.
#[derive(Debug, Clone, Copy)]
pub struct ClassArgument(DocumentClass);

impl ClassArgument {
    /// As the contract names it.
    #[must_use]
    pub fn to_proto(self) -> i32 {
        convert::document_class_to_proto(self.0).into()
    }
}

impl FromStr for ClassArgument {
    type Err = String;

    fn from_str(code: &str) -> Result<Self, String> {
        DocumentClass::from_code(code).map(Self).ok_or_else(|| {
            let known: Vec<_> = DocumentClass::ALL
                .iter()
                .map(|class| format!("{} {}", class.code(), class.label_fr()))
                .collect();
            format!("one of: {}", known.join("; "))
        })
    }
}
