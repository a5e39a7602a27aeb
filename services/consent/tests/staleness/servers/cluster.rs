//! Three servers that share the slots, and a replica of each.

use std::mem;

use aval_testing::redis::{RedisServer, Reply};

use super::{
    Servers, copies_at_once, count_hits_anew, lasts, tell, tell_well, until, until_it_follows,
    until_it_is_used,
};

pub(crate) struct Cluster {
    shares: [Share; 3],
}

/// Who has a share of the slots.
struct Share {
    master: RedisServer,
    replica: RedisServer,
}

/// What happens to one share after the other, in this order, again and again.
const FAULTS: [fn(&mut Share); 5] = [
    Share::is_nobodys,
    Share::is_taken_over,
    Share::stands_still,
    Share::comes_back_old,
    |share| share.master.flush(),
];

impl Cluster {
    pub(crate) fn start(test: &str) -> Option<Self> {
        let masters = RedisServer::start_cluster(test)?;
        // They were masters of another one.
        let replicas = RedisServer::start_cluster(test)?;
        for replica in &replicas {
            tell_well(replica, &["CLUSTER", "RESET", "HARD"]);
        }
        for replica in &replicas {
            let (port, bus) = (replica.port().to_string(), bus_port(replica));
            tell_well(&masters[0], &["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
        let pairs = masters.into_iter().zip(replicas);
        let shares: Vec<_> = pairs
            .map(|(master, replica)| Share { master, replica })
            .collect();
        for share in &shares {
            copies_at_once(&share.master);
            copies_at_once(&share.replica);
            let id = id(&share.master);
            until("nodes know each other", || {
                let reply = tell(&share.replica, &["CLUSTER", "REPLICATE", &id]);
                reply == Reply::Status("OK".to_owned())
            });
        }
        for share in &shares {
            until_it_follows(&share.replica);
        }
        let shares = shares.try_into().ok();
        Some(Self {
            shares: shares.expect("there are three"),
        })
    }
}

impl Share {
    /// The others go on with theirs.
    fn is_nobodys(&mut self) {
        self.master.kill();
        lasts();
        self.master.restart();
        copies_at_once(&self.master);
    }

    /// Without being asked for it by the others, who learn of it.
    fn is_taken_over(&mut self) {
        until_it_follows(&self.replica);
        self.master.kill();
        lasts();
        tell_well(&self.replica, &["CLUSTER", "FAILOVER", "TAKEOVER"]);
        count_hits_anew(&self.replica);
        until_it_is_used(&self.replica);
        mem::swap(&mut self.master, &mut self.replica);
        // It still takes itself for the master, until it hears of another.
        self.replica.restart();
        copies_at_once(&self.replica);
    }

    fn stands_still(&mut self) {
        self.master.pause();
        lasts();
        self.master.resume();
    }

    fn comes_back_old(&mut self) {
        let old = self.master.save();
        lasts();
        self.master.restart_from(&old);
        copies_at_once(&self.master);
    }
}

impl Servers for Cluster {
    fn urls(&self, _: usize) -> Vec<String> {
        let shares = self.shares.iter();
        shares.map(|share| share.master.url()).collect()
    }

    fn is_cluster(&self) -> bool {
        true
    }

    fn faults(&self) -> usize {
        FAULTS.len()
    }

    fn fault(&mut self, number: usize) {
        // Five faults, three shares: each has each in its turn.
        FAULTS[number % FAULTS.len()](&mut self.shares[number % 3]);
    }
}

fn id(node: &RedisServer) -> String {
    text(tell(node, &["CLUSTER", "MYID"]))
}

/// Where the nodes speak to each other.
fn bus_port(node: &RedisServer) -> String {
    let Reply::Array(mut words) = tell(node, &["CONFIG", "GET", "cluster-port"]) else {
        panic!("settings are an array");
    };
    text(words.remove(1))
}

fn text(reply: Reply) -> String {
    match reply {
        Reply::Bytes(text) => String::from_utf8(text).unwrap(),
        other => panic!("it is text, not {other:?}"),
    }
}
