//! The Redis of a scene, and what goes wrong with it.

mod cluster;
mod pair;

use std::time::{Duration, Instant};

use aval_testing::redis::{RedisServer, Reply};

pub(crate) use cluster::Cluster;
pub(crate) use pair::Pair;

/// How long a fault lasts.
const LASTS: Duration = Duration::from_millis(300);
/// How long is waited for what must come about.
const PATIENCE: Duration = Duration::from_mins(1);

/// What holds the entries that instances share.
pub(crate) trait Servers: Send {
    /// Where this instance finds them.
    fn urls(&self, instance: usize) -> Vec<String>;

    /// Whether they are a cluster.
    fn is_cluster(&self) -> bool;

    /// How many faults there are.
    fn faults(&self) -> usize;

    /// The next fault, from its beginning to its end. Blocks.
    fn fault(&mut self, number: usize);
}

fn tell(server: &RedisServer, words: &[&str]) -> Reply {
    let words: Vec<_> = words.iter().map(|word| word.as_bytes()).collect();
    server.ask(&words)
}

fn tell_well(server: &RedisServer, words: &[&str]) {
    let reply = tell(server, words);
    let is_done = matches!(&reply, Reply::Status(status) if status == "OK");
    assert!(is_done, "{words:?}: {reply:?}");
}

/// Whoever asks for a copy of everything gets it at once.
fn copies_at_once(server: &RedisServer) {
    tell_well(server, &["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
}

/// Waits until it is a replica that has everything.
fn until_it_follows(replica: &RedisServer) {
    until("a replica follows", || {
        let info = info(replica, "replication");
        info.contains("role:slave") && info.contains("master_link_status:up")
    });
}

/// Counts from now on how often it is asked for what it has.
fn count_hits_anew(server: &RedisServer) {
    tell_well(server, &["CONFIG", "RESETSTAT"]);
}

/// Waits until it was asked for something that it has.
fn until_it_is_used(server: &RedisServer) {
    until("instances use it", || {
        let info = info(server, "stats");
        !info.contains("keyspace_hits:0\r") && info.contains("keyspace_hits:")
    });
}

fn info(server: &RedisServer, section: &str) -> String {
    match tell(server, &["INFO", section]) {
        Reply::Bytes(text) => String::from_utf8(text).unwrap(),
        other => panic!("information is text, not {other:?}"),
    }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn lasts() {
    std::thread::sleep(LASTS);
}
