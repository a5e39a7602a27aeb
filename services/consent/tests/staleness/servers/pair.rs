//! A server and its replica. Each instance has a line of its own to whom it takes for the
//! primary, and the replica has one too.

use std::mem;
use std::net::SocketAddr;

use aval_testing::link::Link;
use aval_testing::redis::{RedisServer, Reply};

use super::{
    Servers, copies_at_once, count_hits_anew, lasts, tell, tell_well, until_it_follows,
    until_it_is_used,
};

pub(crate) struct Pair {
    primary: RedisServer,
    replica: RedisServer,
    lines: Vec<Link>,
    /// From the replica to the primary.
    replication: Link,
}

/// What happens, in this order, again and again.
const FAULTS: [fn(&mut Pair, usize); 10] = [
    |pair, _| pair.primary.flush(),
    |pair, _| pair.stands_still(),
    |pair, _| pair.comes_back_old(),
    |pair, number| pair.is_cut_off_from(number),
    |pair, _| pair.fails_over(),
    |pair, _| pair.dies(),
    |pair, number| pair.is_silent_to(number),
    |pair, number| pair.is_two(number),
    |pair, number| pair.is_heard_badly(number),
    |pair, _| pair.is_late(),
];

/// What only the primary knows.
const MARK: &str = "newer than the replica";

impl Pair {
    /// Both of them, for so many instances.
    pub(crate) async fn start(test: &str, instances: usize) -> Option<Self> {
        let (primary, replica) = (RedisServer::start(test)?, RedisServer::start(test)?);
        let address = address(&primary);
        let mut lines = Vec::new();
        for _ in 0..instances {
            lines.push(Link::to(address).await.unwrap());
        }
        Some(Self {
            replication: Link::to(address).await.unwrap(),
            lines,
            primary,
            replica,
        })
    }

    fn stands_still(&mut self) {
        self.primary.pause();
        lasts();
        self.primary.resume();
    }

    fn comes_back_old(&mut self) {
        let old = self.primary.save();
        lasts();
        self.primary.restart_from(&old);
        count_hits_anew(&self.primary);
        until_it_is_used(&self.primary);
    }

    fn dies(&mut self) {
        self.primary.kill();
        lasts();
        self.primary.restart();
    }

    /// The replica has heard nothing for a while when the primary dies, and takes its place.
    fn fails_over(&mut self) {
        self.replicates();
        self.replication.silence();
        tell_well(&self.primary, &["SET", MARK, "1"]);
        lasts();
        self.primary.kill();
        self.promotes();
        assert_eq!(tell(&self.replica, &["GET", MARK]), Reply::Nothing);
        count_hits_anew(&self.replica);
        for line in &self.lines {
            line.lead_to(address(&self.replica));
        }
        until_it_is_used(&self.replica);
        self.takes_over();
    }

    /// The replica takes the primary's place for one instance; the others go on with the old
    /// one.
    fn is_two(&mut self, number: usize) {
        self.replicates();
        self.promotes();
        self.line(number).lead_to(address(&self.replica));
        lasts();
        for line in &self.lines {
            line.lead_to(address(&self.replica));
        }
        self.takes_over();
    }

    fn is_cut_off_from(&self, number: usize) {
        self.line(number).cut();
        lasts();
        self.line(number).mend();
    }

    /// What was on its way comes when all is well again.
    fn is_silent_to(&self, number: usize) {
        self.line(number).silence();
        lasts();
        self.line(number).mend();
    }

    fn is_heard_badly(&self, number: usize) {
        for (line, seed) in self.lines.iter().zip(number as u64..) {
            line.lose(seed);
        }
        lasts();
        self.lines.iter().for_each(Link::mend);
    }

    /// So late that some answers are still waited for, and others are not.
    fn is_late(&self) {
        for line in &self.lines {
            line.slow_down(super::LASTS / 12);
        }
        lasts();
        self.lines.iter().for_each(Link::mend);
    }

    /// The replica follows, and has what the primary has.
    fn replicates(&self) {
        copies_at_once(&self.primary);
        self.replication.lead_to(address(&self.primary));
        self.replication.mend();
        let port = self.replication.port().to_string();
        tell_well(&self.replica, &["REPLICAOF", "127.0.0.1", &port]);
        until_it_follows(&self.replica);
    }

    fn promotes(&self) {
        tell_well(&self.replica, &["REPLICAOF", "NO", "ONE"]);
    }

    /// The replica is the primary now; the old one begins anew.
    fn takes_over(&mut self) {
        mem::swap(&mut self.primary, &mut self.replica);
        self.replica.restart();
    }

    /// That of one instance after the other.
    fn line(&self, number: usize) -> &Link {
        &self.lines[number % self.lines.len()]
    }
}

impl Servers for Pair {
    fn urls(&self, instance: usize) -> Vec<String> {
        vec![format!("redis://127.0.0.1:{}", self.lines[instance].port())]
    }

    fn is_cluster(&self) -> bool {
        false
    }

    fn faults(&self) -> usize {
        FAULTS.len()
    }

    fn fault(&mut self, number: usize) {
        // Ten faults, three instances: each is cut off in its turn.
        FAULTS[number % FAULTS.len()](self, number);
    }
}

fn address(server: &RedisServer) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], server.port()))
}
