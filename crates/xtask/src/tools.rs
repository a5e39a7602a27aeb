//! The tools that the tasks call: found on the machine, or installed once into
//! `target/tools` (cargo plugins, Python and node packages, single programs of Debian's)
//! or by `apt-get` (servers).

use crate::process::{capture, cargo, run};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A cargo plugin and the version installed where there is none.
pub(crate) struct Plugin {
    name: &'static str,
    version: &'static str,
}

/// Runs the tests, each in a process of its own.
pub(crate) const NEXTEST: Plugin = Plugin {
    name: "cargo-nextest",
    version: "0.9.143",
};

/// Judges licences, sources and bans of the dependencies.
pub(crate) const DENY: Plugin = Plugin {
    name: "cargo-deny",
    version: "0.20.2",
};

/// A Python package with the command it brings, always at this version.
pub(crate) struct PythonPackage {
    name: &'static str,
    version: &'static str,
    command: &'static str,
}

/// Lints and formats the protos. Another version may format otherwise.
const BUF: PythonPackage = PythonPackage {
    name: "buf-bin",
    version: "1.75.0",
    command: "buf",
};

/// Knows the Kubernetes schemas by heart.
pub(crate) const KUBERNETES_VALIDATE: PythonPackage = PythonPackage {
    name: "kubernetes-validate",
    version: "1.37.0",
    command: "kubernetes-validate",
};

/// Knows what is unwise in manifests.
pub(crate) const CHECKOV: PythonPackage = PythonPackage {
    name: "checkov",
    version: "3.3.30",
    command: "checkov",
};

/// A collector of traces and metrics.
const ROTEL: PythonPackage = PythonPackage {
    name: "rotel",
    version: "0.0.1a15",
    command: "rotel-agent",
};

impl PythonPackage {
    /// The command that it brings.
    pub(crate) fn command(&self) -> &'static str {
        self.command
    }
}

/// A program of a Debian package that is not to be installed: its server would start.
pub(crate) struct DebianProgram {
    package: &'static str,
    command: &'static str,
}

/// Reads rules of Prometheus and runs their tests.
pub(crate) const PROMTOOL: DebianProgram = DebianProgram {
    package: "prometheus",
    command: "promtool",
};

/// Scrapes services and judges alerts.
pub(crate) const PROMETHEUS: DebianProgram = DebianProgram {
    package: "prometheus",
    command: "prometheus",
};

/// The plugin on the path, or else the one built into `target/tools`.
pub(crate) fn plugin(workspace: &Workspace, plugin: &Plugin) -> Result<PathBuf> {
    let installed = workspace.tools().join("bin").join(plugin.name);
    if let Some(found) =
        on_path(plugin.name).or_else(|| installed.exists().then(|| installed.clone()))
    {
        return Ok(found);
    }
    let mut install = cargo();
    install
        .args([
            "install",
            "--locked",
            plugin.name,
            "--version",
            plugin.version,
            "--root",
        ])
        .arg(workspace.tools())
        // Not optimised: it builds in a third of the time, and runs for seconds.
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env("CARGO_PROFILE_RELEASE_LTO", "off");
    // Its intermediate files would otherwise mix with the workspace's own.
    let scratch = workspace.tools().join("build");
    let outcome = run(install.env("CARGO_TARGET_DIR", &scratch));
    let _ = fs::remove_dir_all(&scratch);
    outcome.map(|()| installed)
}

/// `buf`, exactly at the version that formatted the protos.
pub(crate) fn buf(workspace: &Workspace) -> Result<PathBuf> {
    let the_version = |path: &PathBuf| {
        capture(Command::new(path).arg("--version"))
            .is_ok_and(|version| version.trim() == BUF.version)
    };
    match on_path(BUF.command).filter(the_version) {
        Some(found) => Ok(found),
        None => Ok(python_package(workspace, &BUF)?.join(BUF.command)),
    }
}

/// The `bin` folder of a Python environment that holds the package.
pub(crate) fn python_package(workspace: &Workspace, package: &PythonPackage) -> Result<PathBuf> {
    let folder = workspace
        .tools()
        .join(format!("{}-{}", package.name, package.version));
    let bin = folder.join("bin");
    if bin.join(package.command).exists() {
        return Ok(bin);
    }
    create_python_environment(&folder)?;
    let requirement = format!("{}=={}", package.name, package.version);
    pip_install(&bin.join("python3"), &[requirement])?;
    Ok(bin)
}

/// The collector, which its package keeps among its modules and not among the commands.
pub(crate) fn rotel(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace
        .tools()
        .join(format!("{}-{}", ROTEL.name, ROTEL.version));
    let program = || {
        let versions = fs::read_dir(folder.join("lib")).ok()?.flatten();
        let mut programs = versions.map(|version| {
            let module = version.path().join("site-packages").join(ROTEL.name);
            module.join(ROTEL.command)
        });
        programs.find(|program| program.exists())
    };
    if let Some(found) = program() {
        return Ok(found);
    }
    create_python_environment(&folder)?;
    let requirement = format!("{}=={}", ROTEL.name, ROTEL.version);
    let python = folder.join("bin/python3");
    pip_install(&python, &["--no-deps".to_owned(), requirement])?;
    program().context("the package has no program")
}

/// The `python3` of an environment that holds exactly what a file of requirements pins.
pub(crate) fn python_with(
    workspace: &Workspace,
    environment: &str,
    requirements: &Path,
) -> Result<PathBuf> {
    let folder = workspace.tools().join(environment);
    let (python, installed) = (folder.join("bin/python3"), folder.join("requirements.txt"));
    let wanted = fs::read_to_string(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let is_there = fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted);
    if is_there && python.exists() {
        return Ok(python);
    }
    create_python_environment(&folder)?;
    let list = requirements.display().to_string();
    pip_install(&python, &["--requirement".to_owned(), list])?;
    fs::write(&installed, wanted)
        .with_context(|| format!("cannot write {}", installed.display()))?;
    Ok(python)
}

/// The folder into which exactly the packages of a `package-lock.json` are installed, as
/// `node_modules`. No package runs anything while it is installed.
pub(crate) fn node_packages(
    workspace: &Workspace,
    environment: &str,
    wanted: &Path,
) -> Result<PathBuf> {
    const LOCK: &str = "package-lock.json";
    for program in ["node", "npm"] {
        if on_path(program).is_none() {
            bail!("this machine has no {program}");
        }
    }
    let folder = workspace.tools().join(environment);
    // Written last: with it everything is there.
    let installed = folder.join("installed.json");
    let lock = fs::read_to_string(wanted.join(LOCK))
        .with_context(|| format!("cannot read {}", wanted.join(LOCK).display()))?;
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(folder);
    }
    let there = |name: &str| format!("cannot write {}", folder.join(name).display());
    fs::create_dir_all(&folder).with_context(|| there(""))?;
    for name in ["package.json", LOCK] {
        fs::copy(wanted.join(name), folder.join(name)).with_context(|| there(name))?;
    }
    let mut npm = Command::new("npm");
    npm.current_dir(&folder)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    run(npm.arg("--loglevel=error"))?;
    fs::write(&installed, lock).with_context(|| there("installed.json"))?;
    Ok(folder)
}

fn pip_install(python: &Path, what: &[String]) -> Result<()> {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet"]);
    run(pip.arg("--disable-pip-version-check").args(what))
}

fn create_python_environment(folder: &Path) -> Result<()> {
    let create = || {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(folder))
    };
    if create().is_ok() {
        return Ok(());
    }
    // Debian ships Python without what a new environment needs.
    apt_get_install(&["python3-venv"]).context("Python cannot create an environment")?;
    create()
}

/// The program on the path, or else the one unpacked into `target/tools`: nothing of its
/// package is installed, and nobody need be root.
pub(crate) fn unpacked(workspace: &Workspace, program: &DebianProgram) -> Result<PathBuf> {
    let folder = workspace.tools().join(program.package);
    let found = folder.join("usr/bin").join(program.command);
    if let Some(found) = on_path(program.command).or_else(|| found.exists().then(|| found.clone()))
    {
        return Ok(found);
    }
    let package = program.package;
    if on_path("apt-get").is_none() || on_path("dpkg").is_none() {
        bail!("install {package}: this machine has neither it nor apt-get and dpkg");
    }
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let download = || {
        run(Command::new("apt-get")
            .args(["download", "-qq", package])
            .current_dir(&folder))
    };
    if download().is_err() {
        // A fresh machine has no index yet.
        run(Command::new("apt-get").args(["update", "-qq"]))?;
        download()?;
    }
    let archive = fs::read_dir(&folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ending| ending == "deb"))
        .with_context(|| format!("apt-get downloaded no {package}"))?;
    run(Command::new("dpkg").arg("-x").arg(&archive).arg(&folder))?;
    fs::remove_file(&archive)?;
    Ok(found)
}

/// Installs Debian packages; an error says what the machine lacks.
pub(crate) fn apt_get_install(packages: &[&str]) -> Result<()> {
    let wanted = packages.join(" ");
    if on_path("apt-get").is_none() {
        bail!("install {wanted}: this machine has no apt-get");
    }
    if !running_as_root() {
        bail!("install {wanted}: only root may (`apt-get install {wanted}`)");
    }
    let apt_get = || {
        let mut command = Command::new("apt-get");
        // A run level without services: a packaged server is not started.
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("RUNLEVEL", "1");
        command
    };
    // A foreign index out of reach matters only if a package is missing after it.
    if let Err(error) = run(apt_get().args(["update", "-qq"])) {
        println!("{error:#}");
    }
    run(apt_get()
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(packages))
}

/// The pooler of PostgreSQL's sessions, installed where it is missing.
pub(crate) fn pgbouncer() -> Result<PathBuf> {
    // Not on the path of whoever is not root.
    let debian = || Some(PathBuf::from("/usr/sbin/pgbouncer")).filter(|it| it.exists());
    let found = || on_path("pgbouncer").or_else(debian);
    if found().is_none() {
        apt_get_install(&["pgbouncer"])?;
    }
    found().context("pgbouncer was installed and is not there")
}

/// What a network of a test's own is set up with, installed where it is missing.
pub(crate) fn iproute2() -> Result<()> {
    // Not on the path of whoever is not root.
    let debian = |name: &str| {
        let mut folders = ["/usr/sbin", "/sbin"].iter();
        folders.any(|folder| Path::new(folder).join(name).exists())
    };
    let is_there = |name: &&str| on_path(name).is_some() || debian(name);
    if ["ip", "tc"].iter().all(is_there) {
        return Ok(());
    }
    apt_get_install(&["iproute2"])
}

/// Whether this program may do everything; PostgreSQL refuses to run so.
pub(crate) fn running_as_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|myself| myself.uid() == 0)
}

/// The first program of that name on the path.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::on_path;

    #[test]
    fn a_program_on_the_path_is_found_and_another_is_not() {
        assert!(on_path("sh").is_some_and(|path| path.ends_with("sh")));
        assert_eq!(on_path("no-such-program-anywhere"), None);
    }
}
