//! Tells the command which compiler built it: the benches say so beside their figures.

use std::env;
use std::error::Error;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let rustc = env::var_os("RUSTC").ok_or("cargo names the compiler")?;
    let output = Command::new(rustc).arg("--version").output()?;
    println!(
        "cargo:rustc-env=AVAL_RUSTC={}",
        String::from_utf8(output.stdout)?.trim()
    );
    Ok(())
}
