//! A link between two parts that a test may slow down, silence, cut and lead elsewhere.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// How much travels at once.
const PIECE: usize = 16 * 1024;

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
    while let Ok((from, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(connection(from, state.clone()));
    }
}

/// Lasts until one side ends it, or the test does.
async fn connection(from: TcpStream, state: watch::Receiver<State>) -> io::Result<()> {
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
    let pieces = Arc::default();
    tokio::select! {
        ended = pass(from_it, to_other, state.clone(), Arc::clone(&pieces)) => ended,
        ended = pass(from_other, to_it, state.clone(), pieces) => ended,
        _ = is_over => Ok(()),
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
    pieces: Arc<std::sync::atomic::AtomicU64>,
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        let number = pieces.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let silent = |state: &State| state.passes != Passes::Nothing;
        let passes = state.wait_for(silent).await.map(|state| state.passes);
        match passes {
            Ok(Passes::Late(by)) => tokio::time::sleep(by).await,
            Ok(Passes::Breaking(after)) if number >= after => return Ok(()),
            Ok(_) => {}
            Err(_) => return Ok(()),
        }
        to.write_all(&buffer[..read]).await?;
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
}
