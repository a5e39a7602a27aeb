//! Tries inputs of one target: those of the files named, or, built by `cargo xtask fuzz`,
//! those that libFuzzer makes.

#![cfg_attr(aval_fuzz, no_main)]

#[cfg(aval_fuzz)]
mod guided {
    use std::path::Path;
    use std::process::exit;
    use std::sync::OnceLock;

    use aval_fuzz::{TARGETS, Target, target};

    /// Names the target.
    const TARGET: &str = "AVAL_FUZZ_TARGET";
    /// Names a folder to which each target's sound inputs are written, and no more is done.
    const SOUND: &str = "AVAL_FUZZ_SOUND";

    static CHOSEN: OnceLock<&'static Target> = OnceLock::new();

    libfuzzer_sys::fuzz_target!(
        init: {
            if let Some(folder) = std::env::var_os(SOUND) {
                write_sound(Path::new(&folder));
                exit(0);
            }
            let name = std::env::var(TARGET).expect("AVAL_FUZZ_TARGET names a target");
            let chosen = target(&name).expect("there is a target of this name");
            CHOSEN.set(chosen).expect("it is chosen once");
        },
        |data: &[u8]| {
            (CHOSEN.wait().check)(data);
        }
    );

    fn write_sound(folder: &Path) {
        for target in TARGETS {
            let folder = folder.join(target.name);
            std::fs::create_dir_all(&folder).expect("the folder can be written to");
            for (number, input) in (target.sound)().into_iter().enumerate() {
                let file = folder.join(format!("sound-{number}"));
                std::fs::write(file, input).expect("the folder can be written to");
            }
        }
    }
}

#[cfg(not(aval_fuzz))]
fn main() -> std::io::Result<()> {
    use std::io::{Error, Write as _};

    let mut arguments = std::env::args().skip(1);
    let chosen = arguments.next().and_then(|name| aval_fuzz::target(&name));
    let target = chosen.ok_or_else(|| {
        let names: Vec<_> = aval_fuzz::TARGETS
            .iter()
            .map(|target| target.name)
            .collect();
        Error::other(format!("name one of {} and files", names.join(", ")))
    })?;
    for file in arguments {
        let taken = (target.check)(&std::fs::read(&file)?);
        let verdict = if taken { "sound" } else { "refused" };
        writeln!(std::io::stdout(), "{file}: {verdict}")?;
    }
    Ok(())
}
