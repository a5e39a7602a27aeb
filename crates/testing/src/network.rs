//! A network of a test's own, in which packets get lost.
//!
//! The kernel's emulator of bad networks (`netem`) is often not there. What drops packets here
//! is a filter of some instructions where packets leave loopback, which every kernel with
//! network namespaces takes (`cls_bpf`): TCP itself then does what it does about lost packets.

#![expect(
    clippy::missing_panics_doc,
    reason = "every one of them is for tests, and panics where the test is to fail"
)]

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output};

use crate::not_run::say_not_run;

/// Set for a test that runs inside.
const INSIDE_VARIABLE: &str = "AVAL_TEST_NETWORK";
/// `$@` what runs inside.
const ENTER: &str = r#"
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up && tc qdisc add dev lo clsact && "$@"
"#;

/// The network that this process is in, with nothing but a loopback, of which nobody else
/// knows.
#[derive(Debug)]
pub struct OwnNetwork(());

impl OwnNetwork {
    /// Runs the test of this name, as `cargo test` prints it, once more and inside: `None` where
    /// that was done, and where it cannot be done: then it says that it did not run. Inside it
    /// answers the network.
    #[must_use]
    pub fn enter(test: &str) -> Option<Self> {
        if std::env::var_os(INSIDE_VARIABLE).is_some() {
            return Some(Self(()));
        }
        let tried = inside(&["sh", "-c", &drops(1, 1)]).output();
        match tried {
            Ok(Output { status, .. }) if status.success() => {}
            Ok(refused) => {
                let said = String::from_utf8_lossy(&refused.stderr);
                say_not_run(test, &format!("no network of its own: {}", said.trim()));
                return None;
            }
            Err(error) => {
                say_not_run(test, &format!("no network of its own: {error}"));
                return None;
            }
        }
        let program = std::env::current_exe().expect("a test is a program");
        let program = program.to_str().expect("the name of a test is text");
        let run = inside(&[program, test, "--exact", "--nocapture"])
            .env(INSIDE_VARIABLE, "1")
            .output();
        let run = run.expect("it starts");
        let printed = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (said, wrong) = (printed(&run.stdout), printed(&run.stderr));
        // Of another name there is no test, and none has failed.
        let is_passed = run.status.success() && said.contains("test result: ok. 1 passed");
        assert!(is_passed, "{test} in a network of its own: {said}{wrong}");
        // What could not run in there is said in there, and heard by nobody else.
        let _ = std::io::stderr().write_all(&run.stderr);
        None
    }

    /// Loses so many of a thousand packets to and from each of these ports, by chance, until
    /// [`Self::mend`].
    pub fn lose(&self, of_a_thousand: u32, ports: &[u16]) {
        for port in ports {
            tell(&drops(of_a_thousand, *port));
        }
    }

    /// How many segments TCP has sent again in this network.
    #[must_use]
    pub fn sent_again(&self) -> u64 {
        let counters = fs::read_to_string("/proc/self/net/snmp").expect("the kernel counts");
        let mut tcp = counters
            .lines()
            .filter_map(|line| line.strip_prefix("Tcp: "));
        let names = tcp.next().unwrap_or_default().split(' ');
        let values = tcp.next().unwrap_or_default().split(' ');
        let mut pairs = names.zip(values);
        let counted = pairs.find(|(name, _)| *name == "RetransSegs");
        let (_, count) = counted.expect("the kernel counts what is sent again");
        count.parse().expect("it is a number")
    }

    /// Loses no more.
    pub fn mend(&self) {
        tell("tc filter del dev lo egress");
    }
}

fn tell(command: &str) {
    let path = format!("PATH=$PATH:/usr/sbin:/sbin; {command}");
    let told = Command::new("sh").args(["-c", &path]).output();
    let told = told.expect("there is a shell");
    let said = String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "{command}: {said}");
}

/// A command in a network of its own.
fn inside(command: &[&str]) -> Command {
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--net", "sh", "-c", ENTER, "sh"])
        .args(command);
    unshare
}

/// The command that drops so many of a thousand of a port's packets.
fn drops(of_a_thousand: u32, port: u16) -> String {
    // Where the packet is TCP, from the port or to it, and a random number is small: away with
    // it. The place of the ports is behind an IPv4 header, however long that is.
    let below = u32::MAX / 1000 * of_a_thousand;
    let instructions = [
        "48 0 0 23".to_owned(),         // the protocol
        "21 0 8 6".to_owned(),          // is TCP, or pass
        "177 0 0 14".to_owned(),        // the header's length
        "72 0 0 14".to_owned(),         // from which port
        format!("21 2 0 {port}"),       // if it is this one, on to chance
        "72 0 0 16".to_owned(),         // to which port
        format!("21 0 3 {port}"),       // is this one, or pass
        "32 0 0 4294963256".to_owned(), // a random number (SKF_AD_RANDOM)
        format!("53 1 0 {below}"),      // is not below, then pass
        "6 0 0 2".to_owned(),           // drop it (TC_ACT_SHOT)
        "6 0 0 4294967295".to_owned(),  // pass: ask the filter of the next port
    ];
    format!(
        "tc filter add dev lo egress protocol ip bpf direct-action bytecode '{},{}'",
        instructions.len(),
        instructions.join(",")
    )
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn packets_are_lost_and_tcp_sends_them_again() {
        let test = "network::tests::packets_are_lost_and_tcp_sends_them_again";
        let Some(network) = OwnNetwork::enter(test) else {
            return;
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let mut says_back = || {
            let mut word = [0; 4];
            client.write_all(b"word").unwrap();
            server.read_exact(&mut word).unwrap();
            server.write_all(&word).unwrap();
            client.read_exact(&mut word).unwrap();
            assert_eq!(&word, b"word");
        };
        says_back();
        assert_eq!(network.sent_again(), 0);
        network.lose(300, &[port]);
        while network.sent_again() == 0 {
            says_back();
        }
        network.mend();
        says_back();
    }
}
