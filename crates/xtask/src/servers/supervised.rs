//! Servers that cannot outlive this program.
//!
//! A shell supervises them and reads from a pipe that only this program holds. When
//! the pipe closes, because the tests are over or because this program was
//! interrupted or killed, the shell stops its servers and removes their folder: no
//! way out of this program leaves a server behind.

use anyhow::{Context, Result, anyhow, bail};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// A running shell and its servers; they stop when this value is dropped.
pub(super) struct Supervised {
    name: &'static str,
    shell: Child,
}

impl Supervised {
    /// Starts a shell that says `ready` when the servers answer, or says what is wrong.
    pub(super) fn start(name: &'static str, shell: &mut Command) -> Result<Self> {
        // A process group of its own: Ctrl-C reaches this program, and the closing
        // pipe reaches the shell.
        let mut shell = shell
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start sh")?;
        let said = first_words(&mut shell)?;
        if said.lines().last() != Some("ready") {
            shell.wait()?;
            bail!("{name} does not start: {}", said.trim());
        }
        Ok(Self { name, shell })
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        if let Err(error) = self.shell.wait() {
            eprintln!("cannot wait for {} to stop: {error}", self.name);
        }
    }
}

/// Either up to `ready`, or everything the shell says before it gives up.
fn first_words(shell: &mut Child) -> Result<String> {
    let output = shell.stdout.take().context("the shell's output is piped")?;
    let mut said = String::new();
    for line in BufReader::new(output).lines() {
        let line = line?;
        said.push_str(&line);
        said.push('\n');
        if line == "ready" {
            break;
        }
    }
    Ok(said)
}

/// Where ports are looked for: below those that the system gives to connections, so that
/// none gets one of them while its server starts, and above those that tests claim.
const PORTS: RangeInclusive<u16> = 30_000..=32_700;

/// So many different ports on which nobody listens.
pub(super) fn free_ports<const N: usize>() -> Result<[u16; N]> {
    // Runs that begin together look from different places.
    let start = std::process::id() as usize * 37 % PORTS.len();
    let ports = PORTS.cycle().skip(start).take(PORTS.len());
    let free = |port| Some((TcpListener::bind(("127.0.0.1", port)).ok()?, port));
    // All are held until the last is found, so that none is found twice.
    let held: Vec<_> = ports.filter_map(free).take(N).collect();
    let ports: Vec<u16> = held.iter().map(|(_, port)| *port).collect();
    ports
        .try_into()
        .map_err(|_| anyhow!("no free port on loopback"))
}

#[cfg(test)]
mod tests {
    use super::{Supervised, free_ports};
    use std::process::Command;

    #[test]
    fn ports_that_are_free_at_once_differ() {
        let [one, other, third] = free_ports().expect("loopback has free ports");
        assert!(one != other && other != third && one != third);
    }

    #[test]
    fn a_shell_that_gives_up_is_quoted() {
        let mut shell = Command::new("sh");
        let error = Supervised::start("it", shell.args(["-c", "echo no room; exit 1"])).err();
        let said = error.expect("the shell gave up").to_string();
        assert_eq!(said, "it does not start: no room");
    }
}
