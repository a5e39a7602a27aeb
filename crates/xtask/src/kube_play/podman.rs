//! Podman with images, volumes and a network of its own, all gone with this value.

use super::cluster::Pod;
use crate::process::capture;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What would ask for rights that root may lack too, and for a system that runs services.
const CONFIGURATION: &str = "\
[containers]
default_ulimits = [\"nofile=4096:4096\", \"nproc=4096:4096\"]
[engine]
cgroup_manager = \"cgroupfs\"
events_logger = \"file\"
";

pub(super) struct Podman {
    folder: PathBuf,
    /// The network's name.
    name: String,
    /// What its addresses begin with, up to the last dot.
    network: String,
    configurations: Vec<Value>,
}

impl Podman {
    /// With a network that nobody else has.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        fs::write(folder.join("containers.conf"), CONFIGURATION)?;
        let mut podman = Self {
            folder: folder.to_owned(),
            name: format!("aval-play-{}", std::process::id()),
            network: String::new(),
            configurations: Vec::new(),
        };
        capture(
            podman
                .command(["network", "create", "--disable-dns"])
                .arg(&podman.name),
        )?;
        let format = "{{range .Subnets}}{{.Subnet}}{{end}}";
        let mut inspect = podman.command(["network", "inspect", "--format", format]);
        let subnet = capture(inspect.arg(&podman.name))?;
        // `10.89.3.0/24`
        let (begin, _) = subnet
            .rsplit_once('.')
            .context("the network has no addresses")?;
        podman.network = format!("{begin}.");
        Ok(podman)
    }

    /// Where images are kept, for whoever builds them.
    pub(super) fn storage(&self) -> &Path {
        &self.folder
    }

    /// What addresses begin with.
    pub(super) fn network(&self) -> &str {
        &self.network
    }

    fn command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut podman = Command::new("podman");
        podman.env("CONTAINERS_CONF", self.folder.join("containers.conf"));
        // As buildah keeps them: see `images::pack`.
        podman.args(["--storage-driver", "vfs"]);
        podman.arg("--root").arg(self.folder.join("images"));
        podman.arg("--runroot").arg(self.folder.join("running"));
        podman.arg("--tmpdir").arg(self.folder.join("podman"));
        podman.args(["--log-level", "error"]).args(arguments);
        podman
    }

    /// Runs one command of an image, confined as a pod is.
    pub(super) fn try_one(&self, image: &str, command: &[&str]) -> Result<()> {
        let mut run = self.command(["run", "--rm", "--read-only", "--cap-drop", "all"]);
        run.args(["--network", &self.name, image]).args(command);
        capture(&mut run).map(drop)
    }

    /// Remembers the configurations for every pod.
    pub(super) fn provide(&mut self, documents: &[Value]) {
        let is_one = |document: &&Value| document["kind"] == "ConfigMap";
        self.configurations = documents.iter().filter(is_one).cloned().collect();
    }

    /// Starts a pod.
    pub(super) fn play(&self, pod: &Pod) -> Result<()> {
        let mut documents: Vec<String> = self.configurations.iter().map(Value::to_string).collect();
        documents.push(pod.manifest.to_string());
        let file = self.folder.join(format!("{}.yaml", pod.name));
        fs::write(&file, documents.join("\n---\n"))?;
        let mut play = self.command(["kube", "play", "--quiet", "--network", &self.name]);
        capture(play.args(["--ip", &pod.address]).arg(&file)).map(drop)
    }

    /// Runs a command in a pod.
    pub(super) fn exec(&self, pod: &Pod, command: &[String]) -> Result<()> {
        capture(self.command(["exec", &pod.container]).args(command)).map(drop)
    }

    /// Tells a pod to stop, and makes it after so many seconds.
    pub(super) fn stop(&self, pod: &Pod, seconds: u32) -> Result<()> {
        let mut stop = self.command(["pod", "stop", "--time"]);
        capture(stop.arg(seconds.to_string()).arg(&pod.name)).map(drop)
    }

    /// With what its container ended.
    pub(super) fn wait(&self, pod: &Pod) -> Result<i32> {
        let code = capture(&mut self.command(["wait", &pod.container]))?;
        code.trim().parse().with_context(|| code.clone())
    }

    /// What every container wrote, at its end.
    pub(super) fn print_logs(&self) {
        let names = capture(&mut self.command(["ps", "--all", "--format", "{{.Names}}"]));
        for name in names.unwrap_or_default().lines() {
            println!("== the log of {name}");
            let _ = self.command(["logs", "--tail", "20", name]).status();
        }
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let _ = capture(&mut self.command(["pod", "rm", "--all", "--force", "--time", "0"]));
        let _ = capture(&mut self.command(["rm", "--all", "--force", "--time", "0"]));
        let _ = capture(self.command(["network", "rm", "--force"]).arg(&self.name));
    }
}
