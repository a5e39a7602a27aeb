//! Images of PostgreSQL and Redis, made of what this machine's tests run on: where `dev` is
//! played there need be no registry. They take what the published ones take: the same
//! arguments, variables, files and users.

use super::podman::Podman;
use crate::process::capture;
use crate::servers;
use crate::tools;
use anyhow::{Context, Result, bail};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What they are called here.
pub(super) const POSTGRESQL: &str = "localhost/aval-stand-in-postgresql:latest";
pub(super) const REDIS: &str = "localhost/aval-stand-in-redis:latest";

/// What the published image of PostgreSQL does before it serves.
const ENTRYPOINT: &str = include_str!("stand_in/postgresql.sh");
/// Both images' own user is of this number.
const USER: &str = "999:999";

/// Which one plays an image.
pub(super) fn of(image: &str) -> Option<&'static str> {
    match image.rsplit('/').next()?.split(':').next()? {
        "postgres" => Some(POSTGRESQL),
        "redis" => Some(REDIS),
        _ => None,
    }
}

/// Builds both, below this folder.
pub(super) fn build(podman: &Podman, folder: &Path) -> Result<()> {
    let root = Root(folder.join("postgresql"));
    let programs = servers::postgres_programs()?;
    for name in ["postgres", "initdb", "pg_ctl", "psql", "pg_isready"] {
        let program = programs.join(name);
        root.put_with_libraries(&program)?;
        root.link(&program, &format!("usr/bin/{name}"))?;
    }
    // What it loads and reads at run time.
    let configured = |what: &str| -> Result<PathBuf> {
        let printed = capture(Command::new(programs.join("pg_config")).arg(what))?;
        Ok(PathBuf::from(printed.trim()))
    };
    for library in ["plpgsql.so", "dict_snowball.so"] {
        root.put_with_libraries(&configured("--pkglibdir")?.join(library))?;
    }
    root.put_folder(&configured("--sharedir")?)?;
    root.put(Path::new("/usr/share/zoneinfo/UTC"))?;
    root.put_shell(&["cat", "tr"])?;
    let entrypoint = root.0.join("entrypoint.sh");
    fs::write(&entrypoint, ENTRYPOINT)?;
    fs::set_permissions(&entrypoint, fs::Permissions::from_mode(0o755))?;
    for folder in ["var/lib/postgresql/data", "var/run/postgresql", "tmp"] {
        fs::create_dir_all(root.0.join(folder))?;
    }
    root.pack(podman, POSTGRESQL, "ENTRYPOINT [\"/entrypoint.sh\"]\n")?;

    let root = Root(folder.join("redis"));
    let server = tools::on_path("redis-server").context("this machine has no redis-server")?;
    root.put_with_libraries(&server)?;
    root.link(&server, "usr/bin/redis-server")?;
    root.put_shell(&["cat"])?;
    fs::create_dir_all(root.0.join("data"))?;
    root.pack(podman, REDIS, "")
}

/// What is in an image.
struct Root(PathBuf);

impl Root {
    /// A file, where it is on this machine.
    fn put(&self, file: &Path) -> Result<()> {
        let copy = self.0.join(file.strip_prefix("/")?);
        if copy.exists() {
            return Ok(());
        }
        fs::create_dir_all(copy.parent().context("a file is in a folder")?)?;
        fs::copy(file, &copy).with_context(|| file.display().to_string())?;
        Ok(())
    }

    fn put_folder(&self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                self.put_folder(&path)?;
            } else {
                self.put(&path)?;
            }
        }
        Ok(())
    }

    fn put_with_libraries(&self, program: &Path) -> Result<()> {
        self.put(program)?;
        let printed = capture(Command::new("ldd").arg(program))?;
        let libraries = printed
            .split_whitespace()
            .filter(|word| word.starts_with('/'));
        for library in libraries {
            self.put(Path::new(library))?;
        }
        Ok(())
    }

    /// A shell, and these programs.
    fn put_shell(&self, programs: &[&str]) -> Result<()> {
        for name in programs.iter().chain(&["sh"]) {
            let Some(program) = tools::on_path(name) else {
                bail!("this machine has no {name}");
            };
            self.put_with_libraries(&program)?;
            self.link(&program, &format!("bin/{name}"))?;
        }
        Ok(())
    }

    /// The same file under another name.
    fn link(&self, program: &Path, name: &str) -> Result<()> {
        let link = self.0.join(name);
        fs::create_dir_all(link.parent().context("a file is in a folder")?)?;
        if !link.exists() {
            symlink(program, &link)?;
        }
        Ok(())
    }

    fn pack(&self, podman: &Podman, image: &str, more: &str) -> Result<()> {
        let etc = self.0.join("etc");
        fs::create_dir_all(&etc)?;
        // PostgreSQL asks who it is.
        fs::write(etc.join("passwd"), format!("store:x:{USER}::/:/bin/sh\n"))?;
        let file = self.0.with_extension("containerfile");
        let head = format!("FROM scratch\nCOPY --chown={USER} . /\nUSER {USER}\n");
        fs::write(&file, head + "ENV PATH=/usr/bin:/bin\n" + more)?;
        let mut build = Command::new("buildah");
        build.args(["--storage-driver", "vfs"]);
        build.arg("--root").arg(podman.storage().join("images"));
        build.arg("--runroot").arg(podman.storage().join("running"));
        build.args([
            "bud",
            "--quiet",
            "--timestamp",
            "0",
            "--tag",
            image,
            "--file",
        ]);
        capture(build.arg(&file).arg(&self.0)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::{POSTGRESQL, REDIS, of};

    #[test]
    fn stores_are_told_from_services_by_their_images() {
        assert_eq!(
            of("docker.io/library/postgres:17.6-bookworm"),
            Some(POSTGRESQL)
        );
        assert_eq!(of("docker.io/library/redis:8.0.2-bookworm"), Some(REDIS));
        assert_eq!(of("localhost/aval-consent:dev"), None);
    }
}
