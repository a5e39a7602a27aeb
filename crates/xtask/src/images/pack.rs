//! A program that is there, packed by `deploy/Containerfile` into an image of its own.

use crate::process::capture;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds images without a daemon, and without being root where it may.
pub(super) const BUILDAH: &str = "buildah";

/// The most that an image may have, in bytes.
const LARGEST: u64 = 30_000_000;

/// Which program, and what the image is called.
pub(super) struct Packing<'a> {
    /// The folder of the workspace.
    pub(super) root: &'a Path,
    /// A folder in whose `programs` the program is.
    pub(super) scratch: &'a Path,
    pub(super) service: &'a str,
    /// Where the image is kept; `None`: where all of this machine's are.
    pub(super) storage: Option<&'a Path>,
}

impl Packing<'_> {
    /// Packs it twice, for it must be the same; sees that it is small, and that its program runs
    /// with nothing beside it and says that it is what it should be.
    pub(super) fn pack_and_try(&self, says: &str) -> Result<()> {
        let image = self.image();
        let (first, second) = (self.pack()?, self.pack()?);
        ensure!(
            first == second,
            "{image} is another one when it is built again: {first}, {second}"
        );
        let said = self.run_alone()?;
        ensure!(
            said.trim() == says,
            "{image} says that it is {said}, and not {says}"
        );
        let size = self.size()?;
        ensure!(
            size <= LARGEST,
            "{image} has {size} bytes, more than {LARGEST}"
        );
        println!("{image} {first}, {size} bytes");
        Ok(())
    }

    fn image(&self) -> String {
        format!("localhost/aval-{}:dev", self.service)
    }

    fn buildah<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut buildah = Command::new(BUILDAH);
        if let Some(storage) = self.storage {
            // A driver that works on every file system.
            buildah.args(["--storage-driver", "vfs"]);
            buildah.arg("--root").arg(storage.join("images"));
            buildah.arg("--runroot").arg(storage.join("running"));
        }
        buildah.args(arguments);
        buildah
    }

    /// The image's identifier: the digest of its configuration, and so of everything in it.
    fn pack(&self) -> Result<String> {
        let identifier = self.scratch.join(self.service);
        let mut build = self.buildah(["bud", "--quiet", "--timestamp", "0", "--no-cache"]);
        build.args(["--build-arg", &format!("SERVICE={}", self.service)]);
        build.args(["--tag", &self.image(), "--iidfile"]);
        build.arg(&identifier);
        build.args(["--file", "deploy/Containerfile"]);
        // The programs are in the place of the stage that would build them.
        let context = format!("build={}", self.scratch.display());
        build.args(["--build-context", &context]);
        capture(build.arg(self.nothing()?).current_dir(self.root))?;
        let identifier = fs::read_to_string(&identifier)?;
        Ok(identifier.trim().to_owned())
    }

    /// Nothing of the sources is sent along.
    fn nothing(&self) -> Result<PathBuf> {
        let empty = self.scratch.join("empty");
        fs::create_dir_all(&empty)?;
        Ok(empty)
    }

    fn run_alone(&self) -> Result<String> {
        self.within(|container| {
            let mut run = self.buildah(["run", "--isolation", "chroot", container]);
            capture(run.args(["--", "/service", "--version"]))
        })
    }

    /// What all its files have together.
    fn size(&self) -> Result<u64> {
        self.within(|container| {
            let mounted = capture(&mut self.buildah(["mount", container]))?;
            size_of(Path::new(mounted.trim()))
        })
    }

    /// In a container of it, which is removed afterwards.
    fn within<T>(&self, work: impl FnOnce(&str) -> Result<T>) -> Result<T> {
        let image = self.image();
        let container = capture(&mut self.buildah(["from", "--pull-never", &image]))?;
        let container = container.trim();
        let worked = work(container);
        capture(&mut self.buildah(["rm", container]))?;
        worked
    }
}

fn size_of(folder: &Path) -> Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let found = path.symlink_metadata()?;
        size += if found.is_dir() {
            size_of(&path)?
        } else {
            found.len()
        };
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::{BUILDAH, Packing};
    use crate::process::capture;
    use crate::tools;
    use crate::workspace::Workspace;
    use std::fs;
    use std::process::Command;

    /// The services' own programs are built for many minutes: this is as static as they are.
    #[test]
    fn a_static_program_is_packed_twice_into_the_same_image_and_runs_there_alone() {
        if tools::on_path(BUILDAH).is_none() {
            println!("not run: buildah is not on the path");
            return;
        }
        let root = Workspace::load().expect("cargo answers").root;
        let scratch = std::env::temp_dir().join(format!("aval-pack-{}", std::process::id()));
        let programs = scratch.join("programs");
        fs::create_dir_all(&programs).expect("a folder for temporary files");
        let source = scratch.join("small.rs");
        fs::write(&source, r#"fn main() { println!("small 1.2.3") }"#).expect("it is written");
        let mut rustc = Command::new("rustc");
        rustc.args(["-C", "target-feature=+crt-static", "-o"]);
        rustc.arg(programs.join("aval-small")).arg(&source);
        capture(&mut rustc).expect("a program of one line is compiled");

        let packing = Packing {
            root: &root,
            scratch: &scratch,
            service: "small",
            storage: Some(&scratch),
        };
        let packed = packing.pack_and_try("small 1.2.3");
        let another = packing.pack_and_try("small 1.2.4");
        let format = "{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}";
        let mut inspect = packing.buildah(["inspect", "--type", "image", "--format", format]);
        let configured = capture(inspect.arg(packing.image()));
        let _ = fs::remove_dir_all(&scratch);

        packed.expect("it is packed, and runs");
        assert!(another.is_err(), "it says that it is another");
        assert_eq!(
            configured.expect("buildah shows it").trim(),
            "65532:65532 [/service] [serve --config /etc/aval/service.toml]"
        );
    }
}
