//! The policy: the operator's, in nobody's name.

use aval_proto::consent::v1 as proto;
use tonic::{Request, Response, Status};

use super::WrongPeople;
use crate::people::Person;
use crate::stand::{reason, request_id};

impl WrongPeople {
    pub(super) async fn try_policy(&mut self) {
        let get = || proto::GetMatrixRequest {};
        let content = || "revision = 'test'".to_owned();
        let check = || proto::CheckMatrixRequest { content: content() };
        let load = || proto::LoadMatrixRequest {
            content: content(),
            effective_at: None,
            request_id: request_id(),
        };
        for software in ["gateway", "records"] {
            let mut client = self.stand.policy(software);
            denied(client.get_matrix(get()).await, "CALLER_NOT_ALLOWED");
            denied(client.check_matrix(check()).await, "CALLER_NOT_ALLOWED");
            denied(client.load_matrix(load()).await, "CALLER_NOT_ALLOWED");
        }
        let mut client = self.stand.policy("operator");
        for person in [Person::Anna, Person::Doctor] {
            let (get, check, load) = (
                self.in_their_name(get(), person),
                self.in_their_name(check(), person),
                self.in_their_name(load(), person),
            );
            denied(client.get_matrix(get).await, "ACTOR_NOT_ALLOWED");
            denied(client.check_matrix(check).await, "ACTOR_NOT_ALLOWED");
            denied(client.load_matrix(load).await, "ACTOR_NOT_ALLOWED");
        }
        self.tried
            .extend(["get_matrix", "check_matrix", "load_matrix"]);
    }

    fn in_their_name<T>(&self, message: T, person: Person) -> Request<T> {
        self.stand.request_through(message, person, "operator")
    }
}

fn denied<T: std::fmt::Debug>(answer: Result<Response<T>, Status>, expected: &str) {
    assert_eq!(reason(&answer.unwrap_err()), expected);
}
