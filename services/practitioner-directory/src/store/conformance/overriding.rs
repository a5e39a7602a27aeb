use aval_domain::id::{ActivityId, OrganizationId};
use aval_domain::page::PageSize;

use super::changes::Replica;
use super::*;
use crate::app::OverrideAttachment;
use crate::change::ChangePosition;
use crate::page::PageOf;
use crate::practitioner::Activity;
use crate::reason::Reason;
use crate::search::{Place, PractitionerSearch};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        a_correction_holds_through_imports,
        a_correction_retires_when_the_source_agrees,
        a_correction_holds_while_the_source_names_both_places,
        a_correction_waits_for_somebody_who_left,
        somebody_who_left_comes_back_where_the_correction_said,
        a_correction_is_replaced_and_taken_back,
        a_correction_follows_a_merged_person,
        only_what_is_wrong_is_corrected,
        repeating_a_correction_answers_the_same_situation,
    ],
}

/// Somebody with one practice situation, the place that the source says, and another.
struct Scene {
    directory: Directory,
    rank: usize,
    other_rank: usize,
    activity_id: ActivityId,
    wrong: OrganizationId,
    right: OrganizationId,
}

impl Fixture {
    async fn scene(&self) -> Scene {
        let directory = synthesized(60);
        self.applied(&directory).await;
        let mut ranks = (0..directory.people.len()).filter(|rank| {
            let person = &directory.people[*rank];
            person.activities.len() == 1 && person.activities[0].organization.is_some()
        });
        let rank = ranks.next().unwrap();
        let wrong = self.place_of(&directory, rank).await;
        let mut other_rank = ranks.next().unwrap();
        while self.place_of(&directory, other_rank).await == wrong {
            other_rank = ranks.next().unwrap();
        }
        Scene {
            activity_id: self.only_activity(&directory, rank).await.activity_id,
            wrong,
            right: self.place_of(&directory, other_rank).await,
            directory,
            rank,
            other_rank,
        }
    }

    async fn only_activity(&self, directory: &Directory, rank: usize) -> Activity {
        let person = self.find(&directory.people[rank]).await.unwrap();
        person.activities.into_iter().next().unwrap()
    }

    async fn place_of(&self, directory: &Directory, rank: usize) -> OrganizationId {
        let activity = self.only_activity(directory, rank).await;
        activity.organization.unwrap().organization_id
    }

    fn correcting(&self, scene: &Scene, to: Option<OrganizationId>) -> OverrideAttachment {
        OverrideAttachment {
            activity_id: scene.activity_id,
            organization_id: to,
            reason: Reason::parse("appelé au cabinet").unwrap(),
            request_id: RequestId::new(self.environment.random.as_ref()),
        }
    }

    async fn correct(&self, scene: &Scene, to: Option<OrganizationId>) -> Result<Activity, Error> {
        let command = self.correcting(scene, to);
        let corrected = self.app.override_attachment(&self.cx(), command).await;
        self.assert_index_follows().await;
        corrected
    }

    async fn members(&self, organization_id: OrganizationId) -> Vec<PractitionerId> {
        let search = PractitionerSearch {
            name: None,
            profession: None,
            speciality: None,
            place: Place::default(),
            organization_id: Some(organization_id),
            include_inactive: false,
            page: PageOf {
                size: PageSize::MAX,
                after: None,
            },
        };
        let found = self.store.search_practitioners(&search).await.unwrap();
        let matches = found.value.items.into_iter();
        matches
            .map(|found| found.practitioner.practitioner_id)
            .collect()
    }
}

fn place(activity: &Activity) -> Option<OrganizationId> {
    activity
        .organization
        .as_ref()
        .map(|place| place.organization_id)
}

async fn a_correction_holds_through_imports(fixture: &Fixture) {
    let mut scene = fixture.scene().await;
    let corrected = fixture.correct(&scene, Some(scene.right)).await.unwrap();
    assert_eq!(corrected.activity_id, scene.activity_id);
    assert_eq!(place(&corrected), Some(scene.right));
    let shown = corrected.attachment_override.clone().unwrap();
    assert_eq!(shown.source_organization_id, Some(scene.wrong));
    assert_eq!(
        (shown.author.as_str(), shown.reason.as_str()),
        ("operator", "appelé au cabinet")
    );

    fixture.applied(&scene.directory).await;
    scene.directory.people[scene.rank].given_name = "Autrement".to_owned();
    fixture.applied(&scene.directory).await;
    let after = fixture.only_activity(&scene.directory, scene.rank).await;
    assert_eq!(after, corrected);
    let id = fixture.id_of(&scene.directory.people[scene.rank]).await;
    assert!(fixture.members(scene.right).await.contains(&id));
    assert!(!fixture.members(scene.wrong).await.contains(&id));
}

async fn a_correction_retires_when_the_source_agrees(fixture: &Fixture) {
    let store = fixture.store.as_ref();
    let mut scene = fixture.scene().await;
    fixture.correct(&scene, Some(scene.right)).await.unwrap();
    let mut following = Replica::default();
    let position = following.follow(store, ChangePosition::START).await;
    following.assert_is_the_directory(store).await;
    let place_now = scene.directory.people[scene.other_rank].activities[0]
        .organization
        .clone();
    scene.directory.people[scene.rank].activities[0].organization = place_now;
    let import = fixture.applied(&scene.directory).await;
    assert_eq!(import.report.changes.overrides_retired, 1);
    let settled = fixture.only_activity(&scene.directory, scene.rank).await;
    assert_eq!(settled.activity_id, scene.activity_id, "the same situation");
    assert_eq!(place(&settled), Some(scene.right));
    assert!(settled.active);
    assert_eq!(settled.attachment_override, None);
    following.follow(store, *position.last().unwrap()).await;
    following.assert_is_the_directory(store).await;

    let again = fixture.applied(&scene.directory).await;
    assert_eq!(again.report.changes.touched_count(), 0);
    assert_eq!(again.report.changes.overrides_retired, 0);
    let person = fixture
        .find(&scene.directory.people[scene.rank])
        .await
        .unwrap();
    assert_eq!(person.activities, [settled]);
}

async fn a_correction_holds_while_the_source_names_both_places(fixture: &Fixture) {
    let mut scene = fixture.scene().await;
    fixture.correct(&scene, Some(scene.right)).await.unwrap();
    let place_now = scene.directory.people[scene.other_rank].activities[0]
        .organization
        .clone();
    let person = &mut scene.directory.people[scene.rank];
    let mut also = person.activities[0].clone();
    also.organization = place_now;
    person.activities.push(also);
    let import = fixture.applied(&scene.directory).await;
    assert_eq!(import.report.changes.overrides_retired, 0);
    let both = fixture
        .find(&scene.directory.people[scene.rank])
        .await
        .unwrap();
    assert_eq!(both.activities.len(), 2);
    assert_eq!(
        both.activities
            .iter()
            .filter(|a| a.attachment_override.is_some())
            .count(),
        1
    );

    scene.directory.people[scene.rank].activities.remove(0);
    let import = fixture.applied(&scene.directory).await;
    assert_eq!(import.report.changes.overrides_retired, 1);
    let one = fixture
        .find(&scene.directory.people[scene.rank])
        .await
        .unwrap();
    assert!(
        one.activities
            .iter()
            .all(|a| a.attachment_override.is_none())
    );
    assert_eq!(place(&one.activities[0]), Some(scene.right));
    let ended = one.activities.iter().find(|a| !a.active).unwrap();
    assert_eq!(
        (ended.activity_id, place(ended)),
        (scene.activity_id, Some(scene.wrong))
    );
}

async fn a_correction_waits_for_somebody_who_left(fixture: &Fixture) {
    let mut scene = fixture.scene().await;
    fixture.correct(&scene, Some(scene.right)).await.unwrap();
    let person = scene.directory.people.remove(scene.rank);
    let import = fixture.applied(&scene.directory).await;
    assert_eq!(import.report.changes.overrides_retired, 0);
    scene.directory.people.insert(scene.rank, person);
    fixture.applied(&scene.directory).await;
    let back = fixture.only_activity(&scene.directory, scene.rank).await;
    assert!(back.active && back.attachment_override.is_some());
    assert_eq!(place(&back), Some(scene.right));
}

async fn somebody_who_left_comes_back_where_the_correction_said(fixture: &Fixture) {
    let store = fixture.store.as_ref();
    let mut scene = fixture.scene().await;
    fixture.correct(&scene, Some(scene.right)).await.unwrap();
    let mut following = Replica::default();
    let position = following.follow(store, ChangePosition::START).await;
    let place_now = scene.directory.people[scene.other_rank].activities[0]
        .organization
        .clone();
    let mut person = scene.directory.people.remove(scene.rank);
    fixture.applied(&scene.directory).await;
    person.activities[0].organization = place_now;
    scene.directory.people.insert(scene.rank, person);
    let import = fixture.applied(&scene.directory).await;
    assert_eq!(import.report.changes.overrides_retired, 1);
    let person = &scene.directory.people[scene.rank];
    let back = fixture.find(person).await.unwrap();
    assert!(back.active);
    let [activity] = back.activities.as_slice() else {
        panic!("one situation: {:?}", back.activities);
    };
    assert_eq!(activity.activity_id, scene.activity_id);
    assert!(activity.active && activity.attachment_override.is_none());
    assert_eq!(place(activity), Some(scene.right));
    following.follow(store, *position.last().unwrap()).await;
    following.assert_is_the_directory(store).await;
}

async fn a_correction_is_replaced_and_taken_back(fixture: &Fixture) {
    let scene = fixture.scene().await;
    let before = fixture.store.freshness().await.unwrap();
    fixture.correct(&scene, Some(scene.right)).await.unwrap();
    let ids = fixture.find_all(&scene.directory.people).await;
    let third = ids
        .iter()
        .flat_map(|person| person.activities.iter().filter_map(place))
        .find(|id| *id != scene.right && *id != scene.wrong)
        .unwrap();
    let replaced = fixture.correct(&scene, Some(third)).await.unwrap();
    assert_eq!(place(&replaced), Some(third));
    let shown = replaced.attachment_override.unwrap();
    assert_eq!(shown.source_organization_id, Some(scene.wrong));
    let back = fixture.correct(&scene, None).await.unwrap();
    assert_eq!(place(&back), Some(scene.wrong));
    assert_eq!(back.attachment_override, None);
    assert_eq!(fixture.store.freshness().await.unwrap(), before);
    let again = fixture.correct(&scene, None).await;
    assert!(matches!(again, Err(Error::AttachmentNotOverridden)));
    let backlog = aval_database::outbox::backlog(&fixture.db).await.unwrap();
    assert_eq!(backlog.count, 4, "an import and three corrections");
}

async fn a_correction_follows_a_merged_person(fixture: &Fixture) {
    use crate::app::MergePractitioners;
    use crate::merge::Merge;

    let mut scene = fixture.scene().await;
    let source = fixture.id_of(&scene.directory.people[scene.rank]).await;
    let target = fixture
        .id_of(&scene.directory.people[scene.other_rank])
        .await;
    let merge = MergePractitioners {
        merge: Merge {
            source,
            target,
            is_undo: false,
        },
        reason: Reason::parse("même personne").unwrap(),
        request_id: RequestId::new(fixture.environment.random.as_ref()),
    };
    fixture
        .app
        .merge_practitioners(&fixture.cx(), merge)
        .await
        .unwrap();
    fixture.correct(&scene, Some(scene.right)).await.unwrap();
    let place_now = scene.directory.people[scene.other_rank].activities[0]
        .organization
        .clone();
    scene.directory.people[scene.rank].activities[0].organization = place_now;
    let import = fixture.applied(&scene.directory).await;
    assert_eq!(import.report.changes.overrides_retired, 1);
    let human = fixture
        .find(&scene.directory.people[scene.rank])
        .await
        .unwrap();
    assert_eq!(human.practitioner_id, target);
    assert_eq!(human.activities.len(), 2);
    assert!(human.activities.iter().all(|activity| activity.active));
}

async fn only_what_is_wrong_is_corrected(fixture: &Fixture) {
    let mut scene = fixture.scene().await;
    let (now, random) = (fixture.clock.now(), fixture.environment.random.as_ref());
    let nowhere = OrganizationId::new(now, random);
    let unknown = fixture.correct(&scene, Some(nowhere)).await;
    assert!(matches!(
        unknown,
        Err(Error::NotFound {
            what: "organization"
        })
    ));
    let agreed = fixture.correct(&scene, Some(scene.wrong)).await;
    assert!(matches!(agreed, Err(Error::AttachmentAgreed)));
    let nothing = fixture.correct(&scene, None).await;
    assert!(matches!(nothing, Err(Error::AttachmentNotOverridden)));
    assert_eq!(fixture.store.newest_revision().await.unwrap(), 1);
    scene.directory.people.remove(scene.rank);
    fixture.applied(&scene.directory).await;
    let ended = fixture.correct(&scene, Some(scene.right)).await;
    assert!(matches!(ended, Err(Error::ActivityEnded)));
    scene.activity_id = ActivityId::new(now, random);
    let nobody = fixture.correct(&scene, Some(scene.right)).await;
    assert!(matches!(nobody, Err(Error::NotFound { what: "activity" })));
}

async fn repeating_a_correction_answers_the_same_situation(fixture: &Fixture) {
    let scene = fixture.scene().await;
    let command = fixture.correcting(&scene, Some(scene.right));
    let cx = fixture.cx();
    let first = fixture.app.override_attachment(&cx, command.clone()).await;
    let again = fixture.app.override_attachment(&cx, command.clone()).await;
    assert_eq!(first.unwrap(), again.unwrap());
    assert_eq!(fixture.store.newest_revision().await.unwrap(), 2);
    let other = OverrideAttachment {
        organization_id: None,
        ..command
    };
    let reused = fixture.app.override_attachment(&cx, other).await;
    assert!(matches!(reused, Err(Error::RequestIdReused)));
}
