//! The instances that answer to a peer's name.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::transport::Transport;

/// What finds the addresses of a peer: those of the cluster's DNS, where the name of a
/// headless service has one for each instance that is ready.
pub trait Names: Send + Sync + 'static {
    /// The addresses that the name has now.
    fn find<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// The names of the system.
#[derive(Debug, Clone, Copy)]
pub(super) struct SystemNames;

impl Names for SystemNames {
    fn find<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// How long what a name had is believed.
const BELIEVED: Duration = Duration::from_secs(5);
/// How long at least passes between two looks, whatever goes wrong.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// How long an instance that did not answer is passed over while others do.
const REST: Duration = Duration::from_secs(1);
/// The same of one that answered that it cannot serve: it will not soon, where another has to.
const LONG_REST: Duration = Duration::from_secs(10);

/// Those that are known; `None` before the first look at the name.
type Known = Option<Arc<[Arc<Instance>]>>;

/// The instances of one peer. Each has connections of its own.
#[derive(Debug)]
pub(super) struct Instances {
    known: watch::Receiver<Known>,
    look_again: Arc<Notify>,
    turn: AtomicUsize,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Instance {
    address: SocketAddr,
    connections: Box<[Connection]>,
    rests_until: Mutex<Option<Instant>>,
}

/// One of its connections, opened by the first call over it.
#[derive(Debug)]
struct Connection {
    channel: tonic::transport::Channel,
    calls: AtomicUsize,
}

/// A call that an instance works on until this is dropped, over the connection of this number.
#[derive(Debug)]
pub(super) struct AtWork(Arc<Instance>, usize);

impl Instances {
    /// Those behind this name. What has an address instead of a name has one instance,
    /// always the same.
    pub(super) fn of(transport: Transport, names: Arc<dyn Names>) -> Self {
        let (told, known) = watch::channel(Known::None);
        let look_again = Arc::new(Notify::new());
        if let Ok(address) = transport.host().parse::<IpAddr>() {
            let address = SocketAddr::new(address, transport.port());
            told.send_replace(Some(Arc::new([Instance::at(address, &transport)])));
        } else {
            tokio::spawn(follow(transport, names, told, Arc::clone(&look_again)));
        }
        Self {
            known,
            look_again,
            turn: AtomicUsize::new(0),
        }
    }

    /// The one to ask next: not one that was `tried` for this call, if there is another;
    /// nor one that did not answer or serve of late, or else the one that is passed over for the
    /// shortest time still; of the rest the one with the fewest calls, in turn. `None` if the name
    /// has no address. Waits for the first look at the name.
    pub(super) async fn choose(&self, tried: &[SocketAddr]) -> Option<AtWork> {
        let mut known = self.known.clone();
        let known = known.wait_for(Option::is_some).await.ok()?.clone()?;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let in_turn = known.iter().cycle().skip(turn % known.len().max(1));
        let chosen = in_turn.take(known.len()).min_by_key(|instance| {
            let calls = instance.calls();
            let was_tried = tried.contains(&instance.address);
            (was_tried, instance.rests_for(now), calls)
        });
        chosen.map(AtWork::on)
    }

    /// What to do when an instance did not answer: others get the calls for a while, and
    /// the name is looked at again.
    pub(super) fn did_not_answer(&self, instance: &AtWork) {
        instance.0.rest(REST);
        self.look_again.notify_one();
    }
}

impl Instance {
    fn at(address: SocketAddr, transport: &Transport) -> Arc<Self> {
        Arc::new(Self {
            address,
            connections: transport
                .connect_lazy(address)
                .map(Connection::over)
                .collect(),
            rests_until: Mutex::new(None),
        })
    }

    fn calls(&self) -> usize {
        self.connections.iter().map(Connection::calls).sum()
    }

    fn rest(&self, time: Duration) {
        let until = self.rests_until.lock();
        *until.unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + time);
    }

    /// How long it is passed over still.
    fn rests_for(&self, now: Instant) -> Duration {
        let until = *self
            .rests_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }
}

impl Connection {
    fn over(channel: tonic::transport::Channel) -> Self {
        Self {
            channel,
            calls: AtomicUsize::new(0),
        }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl AtWork {
    /// Over the connection with the fewest calls, of equals the first: calls one after the
    /// other need no second one.
    fn on(instance: &Arc<Instance>) -> Self {
        let connections = instance.connections.iter().enumerate();
        let least = connections.min_by_key(|(_, connection)| connection.calls());
        let (number, connection) = least.expect("an instance has a connection at least");
        connection.calls.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(instance), number)
    }

    fn connection(&self) -> &Connection {
        &self.0.connections[self.1]
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// It served: what it could not before, as whoever writes the log now, it can.
    pub(super) fn serves(&self) {
        let until = self.0.rests_until.lock();
        *until.unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// It answered that it cannot serve: others get the calls for a while.
    pub(super) fn does_not_serve(&self) {
        self.0.rest(LONG_REST);
    }

    pub(super) fn channel(&self) -> tonic::transport::Channel {
        self.connection().channel.clone()
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.connection().calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Looks at the name again and again, until nobody asks any more. A look that fails leaves
/// what is known: a DNS that is down is no reason to leave those that answer.
async fn follow(
    transport: Transport,
    names: Arc<dyn Names>,
    told: watch::Sender<Known>,
    look_again: Arc<Notify>,
) {
    loop {
        match names.find(transport.host(), transport.port()).await {
            Ok(found) => {
                let found = of_one_family(found);
                told.send_if_modified(|known| update(known, &found, &transport));
            }
            Err(error) => {
                tracing::warn!(error = %error, "the name of another service was not found");
                told.send_if_modified(|known| {
                    let is_first = known.is_none();
                    known.get_or_insert_with(|| Arc::new([]));
                    is_first
                });
            }
        }
        if until_it_is_time(&told, &look_again).await.is_none() {
            return;
        }
    }
}

/// Returns when the name is to be looked at again; `None` when nobody asks any more.
async fn until_it_is_time<T>(told: &watch::Sender<T>, look_again: &Notify) -> Option<()> {
    let is_time = async {
        tokio::time::sleep(BETWEEN_LOOKS).await;
        tokio::time::timeout(BELIEVED, look_again.notified()).await
    };
    tokio::select! {
        () = told.closed() => None,
        _ = is_time => Some(()),
    }
}

/// Each instance once: a name may have an address of either family for the same one. Those
/// of IPv4, where there are any.
fn of_one_family(found: Vec<SocketAddr>) -> BTreeSet<SocketAddr> {
    let has_ipv4 = found.iter().any(SocketAddr::is_ipv4);
    let of_it = |address: &SocketAddr| address.is_ipv4() == has_ipv4;
    found.into_iter().filter(of_it).collect()
}

/// Keeps the instances that are still there, and their connections; says whether anything
/// changed.
fn update(known: &mut Known, found: &BTreeSet<SocketAddr>, transport: &Transport) -> bool {
    let of_before = known.as_deref().unwrap_or_default();
    if known.is_some() && of_before.iter().map(|instance| &instance.address).eq(found) {
        return false;
    }
    let kept = |address: &SocketAddr| {
        let same = of_before.iter().find(|it| it.address == *address);
        same.map_or_else(|| Instance::at(*address, transport), Arc::clone)
    };
    *known = Some(found.iter().map(kept).collect());
    true
}
