//! Three masters that share the slots.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{PATIENCE, RedisServer, Reply, free_port, program};

/// The slots of each.
const SLOTS: [[&[u8]; 2]; 3] = [[b"0", b"5460"], [b"5461", b"10922"], [b"10923", b"16383"]];

impl RedisServer {
    /// A new and empty cluster of three masters without replicas, or `None` where there
    /// is no Redis: then it says that `test` did not run.
    ///
    /// # Panics
    /// In CI when there is no Redis; anywhere when the cluster does not form.
    #[must_use]
    pub fn start_cluster(test: &str) -> Option<[Self; 3]> {
        let program = program::find_or_say(test)?;
        let ports = [(); 3].map(|()| free_port().to_string());
        let masters = [0, 1, 2].map(|index| {
            // While one does not answer the others go on with their own slots.
            let options = [
                "--cluster-enabled",
                "yes",
                "--cluster-require-full-coverage",
                "no",
                "--cluster-port",
                &ports[index],
            ];
            let master = Self::start_program(&program, &options.map(str::to_owned));
            let [first, last] = SLOTS[index];
            master.ask_well(&[b"CLUSTER", b"ADDSLOTSRANGE", first, last]);
            let epoch = (index + 1).to_string();
            master.ask_well(&[b"CLUSTER", b"SET-CONFIG-EPOCH", epoch.as_bytes()]);
            master
        });
        for (master, port) in masters.iter().zip(&ports).skip(1) {
            let meets = master.port().to_string();
            let words = [meets.as_bytes(), port.as_bytes()];
            masters[0].ask_well(&[b"CLUSTER", b"MEET", b"127.0.0.1", words[0], words[1]]);
        }
        for master in &masters {
            // Each knows whose every slot is: before, it sends nobody on.
            master.until_info_says(&[
                "cluster_state:ok",
                "cluster_known_nodes:3",
                "cluster_slots_assigned:16384",
            ]);
        }
        Some(masters)
    }

    fn until_info_says(&self, words: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Reply::Bytes(info) = self.ask_well(&[b"CLUSTER", b"INFO"]) else {
                panic!("information is text");
            };
            let info = String::from_utf8_lossy(&info);
            if words.iter().all(|word| info.contains(word)) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "the cluster does not form: {info}"
            );
            sleep(Duration::from_millis(20));
        }
    }
}
