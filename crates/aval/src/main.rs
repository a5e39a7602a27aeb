//! The `aval` command. Everything stands in the library, where it can be tested.

use std::process::ExitCode;

fn main() -> ExitCode {
    aval::run()
}
