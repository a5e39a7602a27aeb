//! The matrix of access rights that an operator loads.

use aval_consent::matrix::Matrix;

use crate::{Target, with_changed_bytes};

/// A matrix's file.
pub(crate) const MATRIX: Target = Target {
    name: "matrix",
    sound,
    almost: |mutator| with_changed_bytes(mutator, &sound()),
    check,
};

/// A small one; the example is for the tests of the service.
const SOUND: &str = "revision = \"1\"
[[row]]
profession = \"10\"
permits = [\"10\", \"11\"]
denies = [\"60\"]
[[row.type]]
code = \"EXPPAT_3\"
class = \"90\"
permits = true
[[row]]
profession = \"10\"
function = \"FON-01\"
permits = [\"10\"]
";

fn sound() -> Vec<Vec<u8>> {
    vec![SOUND.as_bytes().to_vec()]
}

fn check(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    match Matrix::parse(text) {
        Ok(matrix) => {
            assert!(matrix.changes_to(&matrix).is_empty());
            // It permits what it says and nothing else: less than nothing cannot be.
            let nothing = Matrix::empty();
            for change in nothing.changes_to(&matrix) {
                let says = |(profession, function)| {
                    (profession, function) == (change.profession, change.function)
                };
                assert!(matrix.capacities().any(says));
            }
            assert_eq!(matrix.is_example(), matrix.revision().ends_with("+example"));
            true
        }
        Err(faults) => {
            assert!(!faults.as_slice().is_empty());
            false
        }
    }
}
