//! Whether a service's program is the same wherever it is compiled: `cargo xtask compile-twice`.

use super::{build_in, named_or_all, path_of, sbom};
use crate::process::{capture, run as run_command, timed};
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Two folders that have nothing in common but where they begin.
const FOLDERS: [&str; 2] = ["one", "another/and/longer"];

/// Compiles what is committed in two folders, each with everything that it depends on, as for
/// images, and sees that the program is the same to the last byte.
pub(crate) fn run(service: String) -> Result<()> {
    let services = named_or_all(&[service])?;
    let workspace = Workspace::load()?;
    let scratch = workspace.target.join("twice");
    if scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    let mut digests = Vec::new();
    for folder in FOLDERS {
        let sources = scratch.join(folder);
        let digest = timed(folder, || compiled_in(&workspace, &sources, &services))?;
        println!("{digest} {}", sources.display());
        digests.push(digest);
    }
    let service = &services[0];
    ensure!(
        digests[0] == digests[1],
        "aval-{service} is another one in another folder: {}",
        digests.join(", ")
    );
    fs::remove_dir_all(&scratch)?;
    println!("aval-{service} is the same in both");
    Ok(())
}

/// The digest of the program.
fn compiled_in(workspace: &Workspace, sources: &Path, services: &[String]) -> Result<String> {
    fs::create_dir_all(sources).with_context(|| sources.display().to_string())?;
    let archive = sources.join("committed.tar");
    let mut export = Command::new("git");
    export
        .args(["archive", "--output"])
        .arg(&archive)
        .arg("HEAD");
    capture(export.current_dir(&workspace.root))?;
    capture(
        Command::new("tar")
            .arg("-xf")
            .arg(&archive)
            .current_dir(sources),
    )?;
    let target = sources.join("target");
    let mut build = build_in(sources, services);
    run_command(build.env("CARGO_TARGET_DIR", &target))?;
    let program = path_of(&target, &services[0]);
    let digest = sbom::sha_256(&program)?;
    // What both would take is more than some machines have.
    let kept = sources.join(program.file_name().unwrap_or(OsStr::new("program")));
    fs::rename(&program, kept)?;
    fs::remove_dir_all(&target)?;
    Ok(digest)
}

/// What the compiler is told for images that are built from these sources: whatever it writes
/// down about where it found a file, it writes as `deploy/Containerfile` has it.
pub(super) fn rust_flags(sources: &Path, cargo_home: &Path) -> String {
    format!(
        "-C target-feature=+crt-static --remap-path-prefix={}=/src --remap-path-prefix={}=/usr/local/cargo",
        sources.display(),
        cargo_home.display()
    )
}

/// Where cargo keeps what it fetched.
pub(super) fn cargo_home() -> PathBuf {
    std::env::var_os("CARGO_HOME").map_or_else(
        || std::env::home_dir().unwrap_or_default().join(".cargo"),
        PathBuf::from,
    )
}

#[cfg(test)]
mod tests {
    use super::{FOLDERS, rust_flags};
    use crate::images::sbom::sha_256;
    use crate::process::capture;
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    /// Says where it panics, and where it was compiled.
    const PROGRAM: &str = r#"
        fn main() {
            let place = std::panic::Location::caller();
            println!("{} {place} {}", file!(), include_str!("beside.txt"));
            std::env::args().nth(9).expect("a ninth argument");
        }
    "#;

    /// The services' own programs are compiled for many minutes: this one has what differs
    /// between folders.
    fn compiled(folder: &Path, flags: &str) -> String {
        fs::create_dir_all(folder).expect("a folder for temporary files");
        let source = folder.join("small.rs");
        fs::write(&source, PROGRAM).expect("it is written");
        fs::write(folder.join("beside.txt"), "the same").expect("it is written");
        let program = folder.join("small");
        let mut rustc = Command::new("rustc");
        rustc.args(["-C", "opt-level=2", "-C", "strip=symbols"]);
        rustc.args(flags.split(' ')).arg("-o").arg(&program);
        capture(rustc.arg(&source)).expect("a program of some lines is compiled");
        sha_256(&program).expect("it is there")
    }

    #[test]
    fn a_program_is_the_same_in_another_folder_and_would_not_be_without_the_flags() {
        let scratch = std::env::temp_dir().join(format!("aval-twice-{}", std::process::id()));
        let nowhere = Path::new("/nowhere");
        let [one, another] = FOLDERS.map(|folder| scratch.join(folder));
        let same = [&one, &another].map(|folder| compiled(folder, &rust_flags(folder, nowhere)));
        let other = compiled(&one, "-C target-feature=+crt-static");
        let _ = fs::remove_dir_all(&scratch);
        assert_eq!(same[0], same[1]);
        assert_ne!(same[0], other);
    }
}
