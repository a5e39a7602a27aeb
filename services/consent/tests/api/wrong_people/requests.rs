//! Requests for grants, answers to them, declarations.

use super::{ANOTHER_PATIENT, PROFESSIONALS, WrongPeople, refused};
use crate::grant_requests::{approve, declare_grant, decline, request_grant};
use crate::people::Person;

/// Only professionals ask and declare.
const PATIENTS: [Person; 3] = [Person::Anna, Person::Bela, Person::BelaForAnna];

impl WrongPeople {
    pub(super) async fn try_requests(&mut self) {
        let open = self.asked.clone();
        refused!(
            self,
            grants.request_grant(request_grant()),
            PATIENTS,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            grants.declare_grant(declare_grant()),
            PATIENTS,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            grants.approve_grant(approve(&open)),
            ANOTHER_PATIENT,
            "NOT_FOUND"
        );
        // Whoever asked does not answer themselves.
        refused!(
            self,
            grants.approve_grant(approve(&open)),
            PROFESSIONALS,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            grants.decline_grant(decline(&open)),
            ANOTHER_PATIENT,
            "NOT_FOUND"
        );
        refused!(
            self,
            grants.decline_grant(decline(&open)),
            PROFESSIONALS,
            "ACTOR_NOT_ALLOWED"
        );
    }
}
