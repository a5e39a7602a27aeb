//! Until when time alone changes nothing.

use aval_domain::period::Period;
use aval_domain::time::Timestamp;

use super::{AccessBasis, Policy};

/// The earliest instant after `now` at which anything in the basis begins or ends by
/// itself, or another policy comes into force. Until then the same question has the same answer, unless somebody
/// changes something.
pub(super) fn holds_until(
    basis: &AccessBasis,
    policy: &Policy,
    now: Timestamp,
) -> Option<Timestamp> {
    let grants = basis.grants.iter().flat_map(|grant| bounds(&grant.period));
    let episodes = basis
        .care_episodes
        .iter()
        .flat_map(|episode| bounds(&episode.period));
    let blocks = basis
        .blocks
        .iter()
        .flat_map(|block| [block.begins_at, block.until]);
    let visibilities = basis.visibilities.iter().map(|setting| setting.release_at);
    grants
        .chain(episodes)
        .chain(blocks)
        .chain(visibilities)
        .chain([policy.in_force_until()])
        .flatten()
        .filter(|instant| *instant > now)
        .min()
}

fn bounds(period: &Period) -> [Option<Timestamp>; 2] {
    [Some(period.from()), period.until()]
}
