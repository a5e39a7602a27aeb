//! What this process takes for the time, for operators: theirs tells whether it is.

use std::sync::{Arc, Once};

use aval_domain::time::Clock;

use crate::telemetry::metrics::meter;

/// Shows the clock of the first server of the process; the others have the same.
pub(super) fn show(clock: &Arc<dyn Clock>) {
    static SHOWN: Once = Once::new();
    SHOWN.call_once(|| {
        let clock = Arc::clone(clock);
        let _gauge = meter()
            .i64_observable_gauge("aval.clock")
            .with_description("What the process takes for the time: seconds since 1970.")
            .with_unit("s")
            .with_callback(move |gauge| gauge.observe(clock.now().as_micros() / 1_000_000, &[]))
            .build();
    });
}
