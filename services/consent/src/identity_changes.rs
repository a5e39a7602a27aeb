//! What other services tell of who is whom, and how far each was followed.

use std::fmt;

use aval_domain::aliases::IdentityChange;
use aval_domain::id::{PatientId, PractitionerId};
use futures::stream::BoxStream;
use opentelemetry::metrics::{AsyncInstrumentBuilder, Meter, ObservableGauge};

use crate::error::Error;
use crate::store::Answer;

/// How an age is shown to operators.
pub type AgeGauge<'a> = AsyncInstrumentBuilder<'a, ObservableGauge<f64>, f64>;

/// An identifier of which one human may turn out to have several.
pub trait Identifier: fmt::Debug + Copy + Eq + Send + Sync + 'static {
    /// The service that tells which are one human's.
    const TELLER: &'static str;
    /// Since when everything that it tells was known here, in seconds.
    fn age_gauge(meter: &Meter) -> AgeGauge<'_>;
}

impl Identifier for PractitionerId {
    const TELLER: &'static str = "practitioner-directory";

    fn age_gauge(meter: &Meter) -> AgeGauge<'_> {
        meter
            .f64_observable_gauge("aval.consent.directory.age")
            .with_unit("s")
    }
}

impl Identifier for PatientId {
    const TELLER: &'static str = "identity";

    fn age_gauge(meter: &Meter) -> AgeGauge<'_> {
        meter
            .f64_observable_gauge("aval.consent.identity.age")
            .with_unit("s")
    }
}

/// A place among the changes that a service tells, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCursor(String);

impl ChangeCursor {
    /// The place of that name.
    #[must_use]
    pub const fn from_text(text: String) -> Self {
        Self(text)
    }

    /// Before the very first change.
    #[must_use]
    pub fn start() -> Self {
        Self("start".to_owned())
    }

    /// Its name.
    #[must_use]
    pub fn as_text(&self) -> &str {
        &self.0
    }
}

/// Something that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<Id = PractitionerId> {
    /// What changed.
    pub news: News<Id>,
    /// Where to go on after it.
    pub cursor: ChangeCursor,
}

/// What was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News<Id = PractitionerId> {
    /// Who is whom changed.
    Identity(IdentityChange<Id>),
    /// Something else changed.
    Other,
    /// There is nothing more to tell at the moment.
    CaughtUp,
}

/// What was learnt between two places among the changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learnt<Id = PractitionerId> {
    /// Everything up to here was taken in before.
    pub after: ChangeCursor,
    /// Everything up to here is, with this.
    pub cursor: ChangeCursor,
    /// What changed; `None`: nothing that matters here.
    pub change: Option<IdentityChange<Id>>,
}

/// The changes that a service tells, in their order.
pub type Changes<Id = PractitionerId> = BoxStream<'static, Result<Told<Id>, Error>>;

/// Where changes come from.
pub trait IdentityChanges<Id = PractitionerId>: fmt::Debug + Send + Sync {
    /// Every change after this place, and those to come. `None`: that place was never
    /// given.
    fn changes_after<'a>(&'a self, cursor: &'a ChangeCursor) -> Answer<'a, Option<Changes<Id>>>;
}

/// What is remembered of who is whom. Whoever implements it promises:
///
/// - what was learnt and how far the changes were followed commit together;
/// - what was learnt from one place on is taken in once, by whichever instance comes first;
/// - what a returned call learnt is in every later
///   [`access_bases`](crate::access_basis::AccessBasisSource::access_bases).
pub trait Identities<Id = PractitionerId>: fmt::Debug + Send + Sync {
    /// How far the changes were followed.
    fn followed_to(&self) -> Answer<'_, ChangeCursor>;

    /// Takes in what was learnt, unless the changes were followed from its beginning on
    /// already. Gives how far they are followed now.
    fn learn<'a>(&'a self, learnt: &'a Learnt<Id>) -> Answer<'a, ChangeCursor>;
}
