//! An instance as the scene has it: a process that may be stopped and killed anywhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aval_testing::held::{Held, Holding};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixListener;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tokio::task::JoinHandle;

use crate::process::TOLD_VARIABLE;
use crate::witness::Witness;
use crate::words::{Answer, Order, Report, Setting};

/// The test that serves as an instance where it is told to.
const ENTRY: &str = "an_instance_ends_with_whoever_speaks_to_it";

/// How long an instance may take to begin, and to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// Ends when this is dropped, and when this process does.
pub(crate) struct Instance {
    held: Arc<Mutex<Held>>,
    listener: UnixListener,
    witness: Arc<Witness>,
    orders: AsyncMutex<Option<OwnedWriteHalf>>,
    asked: Arc<Asked>,
    reading: AsyncMutex<Option<JoinHandle<()>>>,
}

/// Who waits for an answer.
#[derive(Debug, Default)]
struct Asked {
    last: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
}

impl Instance {
    /// A new one, with nothing in its cache. What it sees the witness is told.
    pub(crate) async fn start(setting: &Setting, witness: Arc<Witness>) -> Self {
        let folder = Held::folder("instance", None);
        let socket = folder.join("orders");
        let listener = UnixListener::bind(&socket).unwrap();
        let program = std::env::current_exe().unwrap();
        let holding = Holding {
            program,
            arguments: [ENTRY, "--exact", "--nocapture"].map(Into::into).into(),
            variables: vec![(TOLD_VARIABLE.to_owned(), setting.told(&socket))],
            ends_on: "TERM",
            account: None,
        };
        let held = blocking(move || Held::start(&holding, folder)).await;
        let instance = Self {
            held: Arc::new(Mutex::new(held)),
            listener,
            witness,
            orders: AsyncMutex::default(),
            asked: Arc::default(),
            reading: AsyncMutex::default(),
        };
        instance.until_it_begins().await;
        instance
    }

    /// Has it check a patient, and waits until it has; also as long as it stands still.
    /// `None` where there is none at present, or it ends before it answers.
    pub(crate) async fn check(&self, lane: usize) -> Option<()> {
        let order = |number| Order::Check { number, lane };
        self.ask(order).await.map(|_| ())
    }

    /// Asks for the revision of the policy that it decides by.
    pub(crate) async fn policy(&self) -> Option<String> {
        self.ask(|number| Order::Policy { number }).await?.policy
    }

    async fn ask(&self, order: impl FnOnce(u64) -> Order) -> Option<Answer> {
        let number = self.asked.last.fetch_add(1, Ordering::SeqCst);
        let mut line = serde_json::to_vec(&order(number)).unwrap();
        line.push(b'\n');
        let answered = {
            let mut orders = self.orders.lock().await;
            let orders = orders.as_mut()?;
            // Whoever reads its answers ends the waiting when there will be none.
            let answered = self.asked.add(number);
            orders.write_all(&line).await.ok()?;
            answered
        };
        answered.await.ok()
    }

    /// SIGSTOP, wherever it is, and SIGCONT so much later.
    pub(crate) async fn stands_still(&self, time: Duration) {
        self.hold(Held::pause).await;
        tokio::time::sleep(time).await;
        self.hold(Held::resume).await;
    }

    /// SIGKILL, wherever it is, and another one.
    pub(crate) async fn restart(&self) {
        self.is_still_there().await;
        self.hold(Held::kill).await;
        self.until_all_is_read().await;
        self.hold(Held::start_again).await;
        self.until_it_begins().await;
    }

    /// Lets it end, and hears what it has left to say.
    pub(crate) async fn stop(&self) {
        self.is_still_there().await;
        if let Some(mut orders) = self.orders.lock().await.take() {
            orders.shutdown().await.unwrap();
        }
        self.until_all_is_read().await;
    }

    async fn until_it_begins(&self) {
        let accepted = tokio::time::timeout(PATIENCE, self.listener.accept()).await;
        let Ok(accepted) = accepted else {
            panic!("an instance does not begin: {}", self.log());
        };
        let (from, to) = accepted.unwrap().0.into_split();
        let (asked, witness) = (Arc::clone(&self.asked), Arc::clone(&self.witness));
        *self.reading.lock().await = Some(tokio::spawn(read(from, asked, witness)));
        *self.orders.lock().await = Some(to);
    }

    /// Everything that it said before its end is heard.
    async fn until_all_is_read(&self) {
        // It is asked nothing from now on.
        *self.orders.lock().await = None;
        if let Some(reading) = self.reading.lock().await.take() {
            let read = tokio::time::timeout(PATIENCE, reading).await;
            let Ok(read) = read else {
                panic!("an instance does not end: {}", self.log());
            };
            read.unwrap();
        }
        self.asked.forget();
    }

    async fn is_still_there(&self) {
        let reading = self.reading.lock().await;
        let is_there = reading.as_ref().is_some_and(|it| !it.is_finished());
        assert!(is_there, "an instance ended by itself: {}", self.log());
    }

    fn log(&self) -> String {
        self.held.lock().unwrap().log()
    }

    async fn hold(&self, act: impl FnOnce(&mut Held) + Send + 'static) {
        let held = Arc::clone(&self.held);
        blocking(move || act(&mut held.lock().unwrap())).await;
    }
}

impl Asked {
    fn add(&self, number: u64) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap().insert(number, answer);
        answered
    }

    fn answer(&self, answer: Answer) {
        let waiting = self.waiting.lock().unwrap().remove(&answer.number);
        if let Some(waiting) = waiting {
            // They may have gone.
            let _ = waiting.send(answer);
        }
    }

    fn forget(&self) {
        self.waiting.lock().unwrap().clear();
    }
}

async fn read(from: OwnedReadHalf, asked: Arc<Asked>, witness: Arc<Witness>) {
    let mut from = BufReader::new(from);
    let (mut line, mut mismatches) = (Vec::new(), 0);
    // Who is killed leaves half a line.
    while from.read_until(b'\n', &mut line).await.is_ok() && line.ends_with(b"\n") {
        let report: Report = serde_json::from_slice(&line).unwrap();
        line.clear();
        report
            .permits
            .iter()
            .for_each(|permit| witness.permitted(permit));
        witness.checked(report.checks);
        witness.mismatched(report.mismatches - mismatches);
        mismatches = report.mismatches;
        for answer in report.answers {
            asked.answer(answer);
        }
    }
    asked.forget();
}

async fn blocking<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(act).await.unwrap()
}
