//! The protocol of the cache, checked in every order in which its steps can happen.
//!
//! Two instances, one database, one shared tier, one patient whose grant is revoked
//! while unrelated changes are made. The property: **no check that began after the
//! revocation returned permits from a cache.** The protocol as it is keeps it in every
//! state there is; without any one of its parts the checker finds a check that breaks
//! it, which shows both that the part is needed and that the model can tell.
//!
//! What the model leaves open is more than what can happen, never less:
//!
//! - *Pauses.* Every step of an instance may come arbitrarily late, between a test and
//!   its use also; time passes for the others meanwhile.
//! - *The shared tier* gives any entry that was ever read by anyone, or none: that is
//!   loss, delay of a fill, an asynchronous failover and a restored old file at once.
//!   What an instance keeps in its own memory came from there or could have been put
//!   there, and is judged in the same way: it adds nothing.
//! - *Clocks* are told apart by how much they have moved since an event, never by what
//!   they show, so that time does not end. Over any stretch of time the two move by
//!   amounts that differ by at most [`protocol::DRIFT`].
//! - *Restarts.* An instance may at any time forget everything it knows.
//!
//! By symmetry the first instance is the one that revokes.

mod checks;
mod database;
mod instance;
mod model;
mod protocol;
