//! Care episodes, and whom something may authorise.

use std::collections::BTreeSet;

use aval_domain::etag::Version;
use aval_domain::id::{CareEpisodeId, PractitionerId};
use aval_domain::period::Period;
use aval_domain::random::SystemRandom;

use super::fixture::{Fixture, NOW, hours, organization, patient, person};
use crate::care_episode::CareEpisode;
use crate::decision::{BlockBasis, BlockTarget};
use crate::error::Error;
use crate::grant::Grant;
use crate::grantee::Grantee;
use crate::store::{CandidateQuery, CareEpisodeQuery, CareEpisodesOf, Store};
use crate::visibility::{Visibility, VisibilityKind};

fn id(grantee: Grantee) -> PractitionerId {
    grantee.practitioner_id().unwrap()
}

/// Of the first patient: these people, from now until then.
pub(super) fn new_episode(fixture: &Fixture, members: &[u128], until: i64) -> CareEpisode {
    let members: Vec<_> = members.iter().map(|number| id(person(*number))).collect();
    CareEpisode {
        care_episode_id: CareEpisodeId::new(fixture.now(), &SystemRandom),
        patient_id: patient(1),
        organization_id: organization(1).organization_id(),
        opened_by: members[0],
        members,
        period: Period::new(fixture.now(), Some(hours(until))).unwrap(),
        closed_at: None,
        version: Version::FIRST,
    }
}

pub(super) async fn open(fixture: &Fixture, episode: CareEpisode) -> Result<CareEpisode, Error> {
    let by = [Grantee::Practitioner(episode.opened_by), organization(1)];
    let change = fixture.change(episode);
    fixture
        .store
        .open_care_episode(&fixture.write(), &change, &by)
        .await
}

pub(super) async fn close(
    fixture: &Fixture,
    of: CareEpisodesOf,
    episode: &CareEpisode,
) -> Result<CareEpisode, Error> {
    let close = |episode: &CareEpisode| {
        let closed = episode.close(fixture.now());
        Ok(closed.map(|closed| fixture.change(closed)))
    };
    let write = fixture.write();
    fixture
        .store
        .change_care_episode(&write, of, episode.care_episode_id, &close)
        .await
}

async fn listed(fixture: &Fixture, of: CareEpisodesOf, include_ended: bool) -> Vec<CareEpisode> {
    let query = CareEpisodeQuery {
        of,
        include_ended,
        now: fixture.now(),
        after: None,
        limit: 10,
    };
    fixture.store.care_episodes(&query).await.unwrap()
}

pub(super) async fn an_episode_reads_back_and_is_in_the_basis_of_its_members(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let episode = new_episode(fixture, &[1, 2], 5);
    assert_eq!(open(fixture, episode.clone()).await.unwrap(), episode);
    for (member, count) in [(1, 1), (2, 1), (3, 0)] {
        let basis = fixture.basis(person(member), organization(9), &[]).await;
        assert_eq!(basis.care_episodes.len(), count);
        let of = CareEpisodesOf::Member(id(person(member)));
        assert_eq!(listed(fixture, of, false).await.len(), count);
    }
    let of = CareEpisodesOf::Patient(patient(1));
    assert_eq!(listed(fixture, of, false).await, vec![episode.clone()]);
    let closed = close(fixture, of, &episode).await.unwrap();
    let basis = fixture.basis(person(1), organization(9), &[]).await;
    assert!(basis.care_episodes.is_empty());
    assert!(listed(fixture, of, false).await.is_empty());
    assert_eq!(listed(fixture, of, true).await, vec![closed.clone()]);
    let events = fixture.events().await;
    assert_eq!(close(fixture, of, &episode).await.unwrap(), closed);
    assert_eq!(fixture.events().await, events);
}

pub(super) async fn an_episode_needs_an_open_record_and_an_opener_who_is_not_blocked(
    fixture: &Fixture,
) {
    let refused = open(fixture, new_episode(fixture, &[1], 5)).await;
    assert!(matches!(refused, Err(Error::RecordUnavailable)));
    fixture.open_record(patient(1)).await;
    for blocked in [person(1), organization(1)] {
        let block = fixture.block(blocked, None).await;
        let refused = open(fixture, new_episode(fixture, &[1], 5)).await;
        assert!(matches!(refused, Err(Error::GranteeBlocked)));
        fixture.lift(patient(1), &block).await.unwrap();
    }
    fixture.block(person(2), None).await;
    assert!(
        open(fixture, new_episode(fixture, &[1, 2], 5))
            .await
            .is_ok()
    );
}

pub(super) async fn somebody_elses_episode_is_not_found(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let episode = open(fixture, new_episode(fixture, &[1], 5)).await.unwrap();
    for of in [
        CareEpisodesOf::Patient(patient(2)),
        CareEpisodesOf::Member(id(person(2))),
    ] {
        let refused = close(fixture, of, &episode).await;
        assert!(matches!(refused, Err(Error::NotFound)));
        assert!(listed(fixture, of, true).await.is_empty());
    }
}

pub(super) async fn episodes_that_are_over_are_listed_when_asked_for_and_pages_follow(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    let mut all = Vec::new();
    for until in [2, 9, 10] {
        all.push(
            open(fixture, new_episode(fixture, &[1, 2, 3], until))
                .await
                .unwrap(),
        );
        fixture.clock.set(hours(1));
    }
    fixture.clock.set(hours(3));
    let of = CareEpisodesOf::Patient(patient(1));
    let names = |episodes: &[CareEpisode]| {
        let names = episodes.iter().map(|episode| episode.care_episode_id);
        names.collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&listed(fixture, of, true).await), names(&all));
    assert_eq!(names(&listed(fixture, of, false).await), names(&all[1..]));
    let mut seen = Vec::new();
    loop {
        let query = CareEpisodeQuery {
            of: CareEpisodesOf::Member(id(person(3))),
            include_ended: true,
            now: fixture.now(),
            after: seen
                .last()
                .map(|episode: &CareEpisode| episode.care_episode_id),
            limit: 1,
        };
        let page = fixture.store.care_episodes(&query).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert_eq!(page[0].members.len(), 3);
        seen.extend(page);
    }
    assert_eq!((seen.len(), names(&seen)), (3, names(&all)));
}

pub(super) async fn a_block_on_the_organization_that_cares_is_told_to_whomever_it_cares_with(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    open(fixture, new_episode(fixture, &[1, 2], 5))
        .await
        .unwrap();
    let elsewhere = CareEpisode {
        organization_id: organization(3).organization_id(),
        ..new_episode(fixture, &[1], 5)
    };
    open(fixture, elsewhere).await.unwrap();
    fixture.block(organization(4), None).await;
    let on_care = async |member, acts_in| {
        let basis = fixture.basis(member, acts_in, &[]).await;
        let episodes = basis.care_episodes.into_iter();
        let blocks: Vec<_> = episodes.flat_map(|episode| episode.blocks).collect();
        blocks
    };
    assert_eq!(on_care(person(2), organization(2)).await, []);
    let block = fixture.block(organization(1), Some(hours(3))).await;
    let expected = BlockBasis {
        target: BlockTarget::Organization,
        begins_at: None,
        until: Some(hours(3)),
    };
    for member in [person(1), person(2)] {
        for acts_in in [organization(1), organization(2)] {
            assert_eq!(on_care(member, acts_in).await, [expected]);
        }
    }
    fixture.lift(patient(1), &block).await.unwrap();
    assert_eq!(on_care(person(1), organization(2)).await, []);
}

pub(super) async fn everybody_whom_something_may_authorise_is_a_candidate_once(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let candidates = async |document: Option<&str>| {
        let query = CandidateQuery {
            patient_id: patient(1),
            document_id: document.map(|id| id.parse().unwrap()),
            now: fixture.now(),
        };
        let found = fixture.store.candidates(&query).await.unwrap();
        let mut names: Vec<_> = found.iter().map(|one| format!("{one:?}")).collect();
        names.sort();
        names
    };
    let named = |grantees: &[Grantee]| {
        let mut names: Vec<_> = grantees.iter().map(|one| format!("{one:?}")).collect();
        names.sort();
        names
    };
    assert!(candidates(None).await.is_empty());
    fixture.add_treating_doctor(patient(1), person(1)).await;
    for grantee in [person(1), person(2), organization(1)] {
        fixture.create(fixture.new_grant(grantee)).await.unwrap();
    }
    let number = Grantee::Rpps("99700024450".parse().unwrap());
    fixture.create(fixture.new_grant(number)).await.unwrap();
    let revoked = fixture.create(fixture.new_grant(person(7))).await.unwrap();
    fixture.revoke(&revoked).await.unwrap();
    let over = Grant {
        period: Period::new(NOW, Some(hours(1))).unwrap(),
        ..fixture.new_grant(person(8))
    };
    fixture.create(over).await.unwrap();
    open(fixture, new_episode(fixture, &[2, 3], 9))
        .await
        .unwrap();
    open(fixture, new_episode(fixture, &[9], 1)).await.unwrap();
    let revealed = Visibility {
        practitioner_id: Some(id(person(4))),
        ..fixture.new_setting("d", VisibilityKind::RevealedToOne)
    };
    fixture.set(revealed).await;
    fixture.clock.set(hours(1));
    let everybody = [person(1), person(2), person(3), organization(1)];
    assert_eq!(candidates(None).await, named(&everybody));
    assert_eq!(candidates(Some("e")).await, named(&everybody));
    let with_revealed = [&everybody[..], &[person(4)]].concat();
    assert_eq!(candidates(Some("d")).await, named(&with_revealed));
}
