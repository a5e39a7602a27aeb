//! What is still to come of a call that is refused for what its headers say.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes};

use super::load::Room;

/// A request that follows its headers later than this is not waited for.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(2);
/// Of what is longer no more is read: it would be for nothing.
const MOST: usize = 64 * 1024;
/// So many are waited for at once, of all callers together: some kilobytes each. Whoever is
/// refused beyond is told at once.
const AT_ONCE: usize = 4_096;

pub(super) const fn waiting_room() -> Room {
    Room::new(AT_ONCE)
}

/// Reads the request of a call that room, rate, caller or token refuse, and forgets it.
///
/// Answered before it is there, a call is reset, and what then arrives of it is ignored. But
/// h2 counts it: of the resets that this makes it allows a connection a thousand, and of
/// small frames that nobody reads some thousands. Then it ends the connection, with every
/// other call on it. In an overload a caller would get there within seconds.
///
/// Of a stream no more is read than of a message: its call is reset.
pub(super) async fn read_out<B>(waiting_room: &Room, body: B)
where
    B: Body<Data = Bytes> + Unpin,
{
    if let Some(_place) = waiting_room.enter() {
        // However it ended, what could be done was done.
        let _ = tokio::time::timeout(FOLLOWS_WITHIN, forget(body)).await;
    }
}

async fn forget<B>(mut body: B)
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MOST {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Instant;

    use hyper::body::Frame;

    use super::*;

    /// A body of frames of a kilobyte, so many; then it waits for ever.
    struct Kilobytes<'a> {
        frames: usize,
        read: &'a mut usize,
    }

    impl Body for Kilobytes<'_> {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            if *self.read == self.frames {
                return Poll::Pending;
            }
            *self.read += 1;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0; 1024])))))
        }
    }

    #[tokio::test]
    async fn of_what_is_long_only_a_part_is_read() {
        let mut read = 0;
        let frames = usize::MAX;
        let body = Kilobytes {
            frames,
            read: &mut read,
        };
        read_out(&waiting_room(), body).await;
        assert_eq!(read, 65);
    }

    #[tokio::test]
    async fn what_never_comes_is_waited_for_as_long_as_may_be_and_by_so_many() {
        let (mut read, begun) = (0, Instant::now());
        let room = Room::new(1);
        let body = Kilobytes {
            frames: 3,
            read: &mut read,
        };
        read_out(&room, body).await;
        assert_eq!(read, 3);
        assert!(begun.elapsed() >= FOLLOWS_WITHIN);

        let _place = room.enter().unwrap();
        let mut unread = 0;
        let body = Kilobytes {
            frames: 3,
            read: &mut unread,
        };
        read_out(&room, body).await;
        assert_eq!(unread, 0);
    }
}
