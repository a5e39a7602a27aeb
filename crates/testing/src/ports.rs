//! Ports of loopback for servers that are started by number.
//!
//! A port that the system gives for the asking (port 0) is one of those that it also
//! gives to every outgoing connection: between the asking and the start of a server,
//! and while a server is stopped to be started again, anybody may get it. So ports are
//! taken from below that range, and each is claimed by a name that the system keeps for
//! one process at a time, until it ends.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::Mutex;

/// Below what Linux gives to connections (`net.ipv4.ip_local_port_range` begins at
/// 32768 unless somebody changed it), above what well-known servers use.
const FIRST: u16 = 12_000;
const COUNT: u16 = 18_000;

/// What this process has claimed. Nothing is given back: a port that was used may keep
/// connections for a while, and there are more than enough.
static CLAIMS: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());

/// A port of 127.0.0.1 on which nobody listens, and that no other process is given here
/// until this one ends.
///
/// # Errors
/// When every port is taken.
pub fn claim_port() -> io::Result<u16> {
    // Processes that start together look from different places.
    let start = std::process::id().wrapping_mul(37) % u32::from(COUNT);
    let start = usize::try_from(start).unwrap_or_default();
    let ports = FIRST..FIRST + COUNT;
    ports
        .clone()
        .cycle()
        .skip(start)
        .take(ports.len())
        .find(|port| claim(*port))
        .ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, "every port is taken"))
}

/// Claims first and looks then: who holds the claim may listen at any time.
fn claim(port: u16) -> bool {
    let name = format!("aval-port-{port}");
    let Ok(claim) =
        SocketAddr::from_abstract_name(name).and_then(|it| UnixListener::bind_addr(&it))
    else {
        return false;
    };
    if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
        return false;
    }
    CLAIMS
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .push(claim);
    true
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::TcpListener;

    use super::{COUNT, FIRST, claim, claim_port};

    #[test]
    fn a_port_is_given_once_and_can_be_listened_on() {
        let ports: BTreeSet<u16> = (0..200).map(|_| claim_port().unwrap()).collect();
        assert_eq!(ports.len(), 200);
        for port in ports {
            assert!((FIRST..FIRST + COUNT).contains(&port));
            assert!(TcpListener::bind(("127.0.0.1", port)).is_ok());
            assert!(!claim(port), "{port} was given before");
        }
    }

    #[test]
    fn a_port_on_which_somebody_listens_is_not_given() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!claim(port));
    }
}
