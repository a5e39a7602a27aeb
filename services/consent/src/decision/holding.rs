//! Until when time alone changes nothing, and how much of that is told.

use std::time::Duration;

use aval_domain::access::DenialReason;
use aval_domain::period::Period;
use aval_domain::time::Timestamp;

use super::world::World;
use super::{AccessBasis, Policy, Verdict};
use crate::visibility::VisibilityKind;

/// How far ahead an answer is promised whose end the asker may not know: also where there
/// is none, so that its absence tells nothing.
const LONGEST_PROMISE: Duration = Duration::from_mins(1);

/// The earliest instant after `now` at which anything in the basis begins or ends by
/// itself, or another policy comes into force. Until then the same question has the same
/// answer, unless somebody changes something. For who may know of all of it.
pub(crate) fn next_change(
    basis: &AccessBasis,
    policy: &Policy,
    now: Timestamp,
) -> Option<Timestamp> {
    known_to_professionals(basis, policy)
        .chain(of_blocks(basis))
        .chain(releases(basis, |_| true))
        .filter(|instant| *instant > now)
        .min()
}

/// Until when the asker is promised this answer: never longer than it holds, and nothing
/// of what they may not know. When a block to come begins, or one that holds ends, is for
/// the patient to tell; when a document is released, for who hid it.
///
/// `None` where time alone changes nothing.
pub(super) fn promised_until(
    world: &World<'_>,
    verdict: Verdict,
    every_document_is_permitted: bool,
) -> Option<Timestamp> {
    // Time opens no record, and brings nobody back into practice.
    if let Verdict::Deny(DenialReason::RecordUnavailable | DenialReason::PractitionerInactive) =
        verdict
    {
        return None;
    }
    if world.capacity().is_some() {
        let known = known_to_professionals(world.basis, world.policy);
        let masks = releases(world.basis, |kind| !hides_from_holder(kind));
        let hidden = of_blocks(world.basis).chain(masks);
        return Some(promise(known, hidden, world.now));
    }
    // Nobody becomes the holder by waiting, and what the holder sees is not hidden by it.
    if !world.is_holder() || every_document_is_permitted {
        return None;
    }
    let hidden = releases(world.basis, hides_from_holder);
    Some(promise(std::iter::empty(), hidden, world.now))
}

/// What is known may be told. What is hidden and near leaves no promise, instead of one
/// that says when.
fn promise(
    known: impl Iterator<Item = Timestamp>,
    hidden: impl Iterator<Item = Timestamp>,
    now: Timestamp,
) -> Timestamp {
    let longest = now.saturating_add(LONGEST_PROMISE);
    let known = known.filter(|instant| *instant > now);
    let until = known.fold(longest, Timestamp::min);
    let mut near = hidden.filter(|instant| *instant > now && *instant < until);
    near.next().map_or(until, |_| now)
}

/// What a professional may know to begin or end: what was given to them, the care in which
/// they take part, and the rules.
fn known_to_professionals<'a>(
    basis: &'a AccessBasis,
    policy: &Policy,
) -> impl Iterator<Item = Timestamp> + use<'a> {
    let grants = basis.grants.iter().flat_map(|grant| bounds(&grant.period));
    let episodes = basis
        .care_episodes
        .iter()
        .flat_map(|episode| bounds(&episode.period));
    let all = grants.chain(episodes).chain([policy.in_force_until()]);
    all.flatten()
}

fn of_blocks(basis: &AccessBasis) -> impl Iterator<Item = Timestamp> {
    let of_episodes = basis
        .care_episodes
        .iter()
        .flat_map(|episode| &episode.blocks);
    let blocks = basis.blocks.iter().chain(of_episodes);
    let bounds = blocks.flat_map(|block| [block.begins_at, block.until]);
    bounds.flatten()
}

fn releases(
    basis: &AccessBasis,
    of_kind: fn(VisibilityKind) -> bool,
) -> impl Iterator<Item = Timestamp> {
    let settings = basis.visibilities.iter();
    let released = settings.filter(move |setting| of_kind(setting.kind));
    released.filter_map(|setting| setting.release_at)
}

/// From the patient, or from who acts for them.
fn hides_from_holder(kind: VisibilityKind) -> bool {
    match kind {
        VisibilityKind::HiddenFromPatient | VisibilityKind::HiddenFromRepresentatives => true,
        VisibilityKind::Masked | VisibilityKind::HiddenFromOne | VisibilityKind::RevealedToOne => {
            false
        }
    }
}

fn bounds(period: &Period) -> [Option<Timestamp>; 2] {
    [Some(period.from()), period.until()]
}
