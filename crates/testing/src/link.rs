//! A link between two parts that a test may slow down, silence, cut, lead elsewhere, and make
//! as bad as a bad network is.

mod chance;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chance::{Chance, Fate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// How much travels at once.
const PIECE: usize = 16 * 1024;
/// How much of a piece that trickles comes byte by byte, and how slowly.
const TRICKLE: usize = 64;
const BETWEEN_BYTES: Duration = Duration::from_millis(1);

/// A port of loopback that leads to another. Everything ends when this is dropped.
#[derive(Debug)]
pub struct Link {
    port: u16,
    state: watch::Sender<State>,
    _serving: AbortOnDropHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    leads_to: SocketAddr,
    passes: Passes,
    /// Connections of an earlier one are over.
    generation: u64,
}

/// What passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passes {
    Everything,
    /// Each piece so much later, one after the other.
    Late(Duration),
    /// One connection in so many pieces breaks.
    Breaking(u64),
    /// Whatever chance with this seed has in store for each piece.
    ByChance(u64),
    /// Connections stay open, and nothing comes.
    Nothing,
    /// No connection is taken.
    Refused,
}

impl Link {
    /// To this address.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn to(leads_to: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", crate::ports::claim_port()?)).await?;
        let port = listener.local_addr()?.port();
        let (state, seen) = watch::channel(State {
            leads_to,
            passes: Passes::Everything,
            generation: 0,
        });
        let serving = AbortOnDropHandle::new(tokio::spawn(serve(listener, seen)));
        Ok(Self {
            port,
            state,
            _serving: serving,
        })
    }

    /// Its own port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything passes, at once.
    pub fn mend(&self) {
        self.change(Passes::Everything);
    }

    /// Every piece comes so much later, in both directions.
    pub fn slow_down(&self, by: Duration) {
        self.change(Passes::Late(by));
    }

    /// Each connection breaks when so many pieces have passed.
    ///
    /// # Panics
    /// If that is none.
    pub fn break_after(&self, pieces: u64) {
        assert!(pieces > 0, "a connection passes something before it breaks");
        self.change(Passes::Breaking(pieces));
    }

    /// Pieces meet the fates that this seed has in store, the same ones in the same order, on
    /// whatever pieces come: of a thousand some thirty come as late as what is sent again, ten
    /// trickle in, with three the connection is reset in the middle of them, and after one
    /// nothing more comes in its direction until the link is mended or the connection ends.
    pub fn lose(&self, seed: u64) {
        self.change(Passes::ByChance(seed));
    }

    /// Nothing comes any more; the connections stay open.
    pub fn silence(&self) {
        self.change(Passes::Nothing);
    }

    /// Every connection breaks, and none is taken.
    pub fn cut(&self) {
        self.change(Passes::Refused);
        self.end_connections();
    }

    /// Every connection breaks; the next ones lead there.
    pub fn lead_to(&self, address: SocketAddr) {
        self.state.send_modify(|state| state.leads_to = address);
        self.end_connections();
    }

    fn change(&self, passes: Passes) {
        self.state.send_modify(|state| state.passes = passes);
    }

    fn end_connections(&self) {
        self.state.send_modify(|state| state.generation += 1);
    }
}

async fn serve(listener: TcpListener, state: watch::Receiver<State>) {
    let mut connections = tokio::task::JoinSet::new();
    let mut number = 0;
    while let Ok((from, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(connection(from, state.clone(), number));
        number += 1;
    }
}

/// Lasts until one side ends it, or the test does.
async fn connection(from: TcpStream, state: watch::Receiver<State>, number: u64) -> io::Result<()> {
    let begun = *state.borrow();
    if begun.passes == Passes::Refused {
        return Ok(());
    }
    let to = TcpStream::connect(begun.leads_to).await?;
    from.set_nodelay(true)?;
    to.set_nodelay(true)?;
    let ((from_it, to_it), (from_other, to_other)) = (from.into_split(), to.into_split());
    let mut over = state.clone();
    let is_over = over.wait_for(|state| state.generation != begun.generation);
    let pieces = Arc::new(AtomicU64::new(0));
    let way = |number, from, to| Way {
        from,
        to,
        state: state.clone(),
        pieces: Arc::clone(&pieces),
        number,
    };
    let there = way(2 * number, from_it, to_other);
    let back = way(2 * number + 1, from_other, to_it);
    tokio::select! {
        ended = there.pass() => ended,
        ended = back.pass() => ended,
        _ = is_over => Ok(()),
    }
}

/// One direction of a connection.
struct Way {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    state: watch::Receiver<State>,
    /// How many have passed, in both directions.
    pieces: Arc<AtomicU64>,
    /// Of all directions of all connections of the link.
    number: u64,
}

impl Way {
    async fn pass(mut self) -> io::Result<()> {
        let mut buffer = vec![0; PIECE];
        let mut chance: Option<(u64, Chance)> = None;
        loop {
            let read = self.from.read(&mut buffer).await?;
            if read == 0 {
                return self.to.shutdown().await;
            }
            let piece = &buffer[..read];
            let number = self.pieces.fetch_add(1, Ordering::Relaxed);
            let silent = |state: &State| state.passes != Passes::Nothing;
            let passes = self.state.wait_for(silent).await.map(|state| state.passes);
            match passes {
                Ok(Passes::Late(by)) => tokio::time::sleep(by).await,
                Ok(Passes::Breaking(after)) if number >= after => return Ok(()),
                Ok(Passes::ByChance(seed)) => {
                    let known = chance.take().filter(|(of, _)| *of == seed);
                    let (_, drawn) = chance
                        .insert(known.unwrap_or_else(|| (seed, Chance::new(seed, self.number))));
                    if !self.meets(drawn.fate(), piece).await? {
                        return Ok(());
                    }
                    continue;
                }
                Ok(_) => {}
                Err(_) => return Ok(()),
            }
            self.to.write_all(piece).await?;
        }
    }

    /// Does to a piece what is in store for it; whether the connection goes on.
    async fn meets(&mut self, fate: Fate, piece: &[u8]) -> io::Result<bool> {
        match fate {
            Fate::Passes => {}
            Fate::IsLate(by) => tokio::time::sleep(by).await,
            Fate::Trickles => {
                let (slow, rest) = piece.split_at(piece.len().min(TRICKLE));
                for byte in slow {
                    self.to.write_all(&[*byte]).await?;
                    tokio::time::sleep(BETWEEN_BYTES).await;
                }
                self.to.write_all(rest).await?;
                return Ok(true);
            }
            Fate::IsCutShort => {
                self.to.write_all(&piece[..piece.len() / 2]).await?;
                // What is closed so is reset, and not ended.
                self.from.as_ref().set_zero_linger()?;
                self.to.as_ref().set_zero_linger()?;
                return Ok(false);
            }
            Fate::IsTheLast => {
                let is_otherwise = |state: &State| !matches!(state.passes, Passes::ByChance(_));
                if self.state.wait_for(is_otherwise).await.is_err() {
                    return Ok(false);
                }
            }
        }
        self.to.write_all(piece).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::BufStream;

    use super::*;

    /// Says everything back.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        address
    }

    async fn connected(link: &Link) -> BufStream<TcpStream> {
        BufStream::new(
            TcpStream::connect(("127.0.0.1", link.port()))
                .await
                .unwrap(),
        )
    }

    async fn says_back(stream: &mut BufStream<TcpStream>) -> io::Result<()> {
        stream.write_all(b"word").await?;
        stream.flush().await?;
        let mut word = [0; 4];
        stream.read_exact(&mut word).await?;
        assert_eq!(&word, b"word");
        Ok(())
    }

    #[tokio::test]
    async fn a_link_passes_everything_until_it_is_cut_and_again_when_it_is_mended() {
        let link = Link::to(echo().await).await.unwrap();
        let mut stream = connected(&link).await;
        for _ in 0..3 {
            says_back(&mut stream).await.unwrap();
        }
        link.cut();
        assert!(says_back(&mut stream).await.is_err());
        assert!(says_back(&mut connected(&link).await).await.is_err());
        link.mend();
        says_back(&mut connected(&link).await).await.unwrap();
    }

    #[tokio::test]
    async fn what_was_silenced_is_said_when_it_is_mended() {
        let link = Link::to(echo().await).await.unwrap();
        let mut stream = connected(&link).await;
        says_back(&mut stream).await.unwrap();
        link.silence();
        let later = tokio::spawn(async move { says_back(&mut stream).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!later.is_finished());
        link.mend();
        later.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn connections_break_again_and_again_and_new_ones_are_taken() {
        let link = Link::to(echo().await).await.unwrap();
        link.break_after(3);
        for _ in 0..3 {
            let mut stream = connected(&link).await;
            says_back(&mut stream).await.unwrap();
            assert!(says_back(&mut stream).await.is_err());
        }
    }

    #[tokio::test]
    async fn a_link_leads_elsewhere_from_one_moment_to_the_next() {
        let nobody = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let link = Link::to(nobody.local_addr().unwrap()).await.unwrap();
        drop(nobody);
        assert!(says_back(&mut connected(&link).await).await.is_err());
        link.lead_to(echo().await);
        link.slow_down(Duration::from_millis(5));
        says_back(&mut connected(&link).await).await.unwrap();
    }

    #[tokio::test]
    async fn what_a_bad_link_lets_through_is_right_and_all_is_well_when_it_is_mended() {
        let link = Link::to(echo().await).await.unwrap();
        link.lose(1);
        let mended = tokio_util::sync::CancellationToken::new();
        let mut talking = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (mut stream, mended) = (connected(&link).await, mended.clone());
            talking.spawn(async move {
                while !mended.is_cancelled() {
                    says_back(&mut stream).await?;
                }
                Ok::<_, io::Error>(())
            });
        }
        // Some connection is reset, sooner or later; until then each word came back as it was.
        let first = talking.join_next().await.unwrap().unwrap();
        assert!(first.is_err());
        mended.cancel();
        link.mend();
        let ended = talking.join_all().await;
        assert!(ended.iter().any(Result::is_ok), "{ended:?}");
        says_back(&mut connected(&link).await).await.unwrap();
    }
}
