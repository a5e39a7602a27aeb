//! One name for the instances of a service, as a headless service of a cluster has it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use aval_runtime::channel::Names;
use aval_testing::not_run::say_not_run;
use futures::future::BoxFuture;

/// The name: certificates of the development PKI bear it.
pub(super) const NAME: &str = "localhost";
/// Where first and second instances are.
const FIRST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// `$1` the hosts that it knows, then what is started.
const ENTER: &str = r#"
hosts=$1; shift
mount --bind "$hosts" /etc/hosts && exec "$@"
"#;

/// What the name leads to, for programs that are started with it.
#[derive(Debug)]
pub(super) struct Hosts(PathBuf);

impl Hosts {
    /// Both instances under one name; the file is kept in this folder. `None` where a program
    /// cannot have hosts of its own: then it says that `test` did not run.
    pub(super) fn of_two(test: &str, folder: &Path) -> Option<Self> {
        let file = folder.join("hosts");
        fs::write(&file, format!("{FIRST} {NAME}\n{SECOND} {NAME}\n")).unwrap();
        let hosts = Self(file);
        let asked = ["ahostsv4", NAME].map(OsString::from).into();
        let (program, arguments) = hosts.around(Path::new("getent"), asked);
        match Command::new(program).args(arguments).output() {
            Ok(tried) => {
                let told = String::from_utf8_lossy(&tried.stdout).into_owned();
                if [FIRST, SECOND]
                    .iter()
                    .all(|one| told.contains(&one.to_string()))
                {
                    return Some(hosts);
                }
                let said = String::from_utf8_lossy(&tried.stderr);
                say_not_run(test, &format!("no hosts of its own: {told}{}", said.trim()));
                None
            }
            Err(error) => {
                say_not_run(test, &format!("no hosts of its own: {error}"));
                None
            }
        }
    }

    /// The command that starts this one with them. It becomes that program.
    pub(super) fn around(
        &self,
        program: &Path,
        arguments: Vec<OsString>,
    ) -> (PathBuf, Vec<OsString>) {
        let mut all: Vec<OsString> = ["--mount", "sh", "-c", ENTER, "sh"]
            .map(OsString::from)
            .into();
        all.push(self.0.clone().into());
        all.push(program.into());
        all.extend(arguments);
        ("unshare".into(), all)
    }
}

/// The same port of the second instance's address.
pub(super) fn second(first: SocketAddr) -> SocketAddr {
    SocketAddr::new(SECOND, first.port())
}

/// The addresses of all instances, as the cluster's DNS has them.
pub(super) struct Instances(pub(super) Vec<SocketAddr>);

impl Names for Instances {
    fn find<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}
