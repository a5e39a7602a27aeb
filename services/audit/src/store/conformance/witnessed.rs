//! What witnesses cosigned is kept, and never given up for something smaller.

use super::fixture::Fixture;
use crate::store::Store;

pub(super) async fn the_largest_checkpoint_that_was_witnessed_is_kept(fixture: &Fixture) {
    let store = &fixture.store;
    assert_eq!(store.witnessed().await.unwrap(), None);
    for (size, note, kept) in [
        (5, "five", "five"),
        (7, "seven", "seven"),
        // With one more cosignature.
        (7, "seven by two", "seven by two"),
        // Of a writer of before, who was slow.
        (6, "six", "seven by two"),
    ] {
        store.keep_witnessed(size, note).await.unwrap();
        let found = fixture.again().store.witnessed().await.unwrap();
        assert_eq!(found.as_deref(), Some(kept));
    }
}
