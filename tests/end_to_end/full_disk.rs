//! The embedded databases on a disk that is full.

use aval_testing::disk::SmallDisk;
use tonic::Code;

use crate::health::get;
use crate::patience::eventually;
use crate::scene::{Scene, anne, numbered, registration};

/// What the four databases of a small directory take, several times over.
const MEBIBYTES: u32 = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_nothing_is_confirmed_that_is_not_kept() {
    const TEST: &str = "on_a_full_disk_nothing_is_confirmed_that_is_not_kept";
    let Some(disk) = SmallDisk::mount(TEST, MEBIBYTES, None) else {
        return;
    };
    let folder = tempfile::tempdir_in(disk.path()).unwrap();
    let scene = Scene::open(folder).await;
    let before = scene.register(&anne()).await;
    disk.fill();
    // The file may have room for a few yet.
    let mut confirmed = Vec::new();
    let mut numbers = 1..90;
    let refused = loop {
        let account = numbered(numbers.next().expect("a full disk refuses"));
        let request = registration(&account);
        match scene.portal.patients().register_patient(request).await {
            Ok(answer) => {
                let patient = answer.into_inner().patient.unwrap();
                confirmed.push((account, patient.patient_id));
            }
            Err(status) => break status,
        }
    };
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    // Who lives does not depend on it.
    assert_eq!(get(scene.ports.ops[1], "/live").await.0, 200);

    disk.make_room();
    let last = numbered(numbers.next().expect("there are some left"));
    eventually("there is room again", async || {
        let request = registration(&last);
        scene.portal.patients().register_patient(request).await.ok()
    })
    .await;
    // Registering somebody who is known answers who they are.
    confirmed.push((anne(), before));
    let scene = scene.restarted().await;
    for (account, patient_id) in confirmed {
        assert_eq!(scene.register(&account).await, patient_id);
    }
    scene.stack.stop().await;
}
