//! Software that looks a professional up, again and again, and must find the same one.

use std::sync::Arc;

use aval::client::Channel;
use aval_proto::practitioner_directory::v1 as directory;
use aval_proto::practitioner_directory::v1::directory_service_client::DirectoryServiceClient;

use super::crew::{BREATH, Caller};
use super::journal::Journal;
use super::site::Site;
use crate::scene::CLINIC;

/// The software, and what it saw.
pub(super) struct LookUps {
    /// The directory, as the practice's software reaches it.
    directory: DirectoryServiceClient<Channel>,
    /// The professional, as the directory has them.
    known: directory::Practitioner,
    journal: Journal,
}

impl Caller for LookUps {
    fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Searches by name, gets by identifier.
    async fn turn(&self) {
        let request = directory::SearchPractitionersRequest {
            name: format!("{} {}", self.known.given_name, self.known.family_name),
            page_size: 200,
            ..Default::default()
        };
        let answer = self.directory.clone().search_practitioners(request).await;
        if let Some(found) = self.journal.answer(answer).await {
            let mut people = found
                .matches
                .iter()
                .filter_map(|it| it.practitioner.as_ref());
            self.is_told(people.any(|person| person.practitioner_id == self.known.practitioner_id));
        }
        let request = directory::GetPractitionerRequest {
            practitioner_id: self.known.practitioner_id.clone(),
        };
        let answer = self.directory.clone().get_practitioner(request).await;
        if let Some(found) = self.journal.answer(answer).await {
            self.is_told(found.practitioner.as_ref() == Some(&self.known));
        }
        tokio::time::sleep(BREATH).await;
    }
}

impl LookUps {
    /// For a professional whose name others bear too.
    pub(super) async fn open(site: &Site) -> Arc<Self> {
        let scene = &site.scene;
        let [person, _] = &scene.cast.homonyms;
        Arc::new(Self {
            directory: DirectoryServiceClient::new(
                site.other_for(scene.stack.addresses().directory, CLINIC),
            ),
            known: scene.practitioner(person).await,
            journal: Journal::default(),
        })
    }

    fn is_told(&self, is_true: bool) {
        self.journal.note(|seen| seen.verdict.untrue.count(is_true));
    }
}
