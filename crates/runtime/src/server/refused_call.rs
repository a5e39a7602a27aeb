//! What is still to come of a call that is refused for what its headers say.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};

/// The body of a call that follows its headers later than this is not waited for.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(1);
/// Nor is what is longer: it would be read for nothing.
const MOST: usize = 64 * 1024;

/// Reads the request of a refused call to its end, and forgets it.
///
/// Answered before it is there, a call is reset, and what then arrives of it is ignored. But
/// it is counted: of the resets that this makes h2 allows a connection a thousand, and of
/// small frames that nobody reads some thousands. Then it ends the connection, with every
/// other call on it. In an overload a caller would get there within seconds.
///
/// Of a stream no more is read than of a message: its call is reset.
pub(super) async fn read_out(body: Incoming) {
    // However it ended, what could be done was done.
    let _ = tokio::time::timeout(FOLLOWS_WITHIN, forget(body)).await;
}

async fn forget(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MOST {
            return;
        }
    }
}
