//! Grants and blocks.

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::list_grants_request::Of;
use prost_types::FieldMask;

use super::{ANOTHER_PATIENT, NOT_ANNA, PROFESSIONALS, WrongPeople, anna, refused};
use crate::people::{DOCTOR, Person};
use crate::stand::{create_grant, person, request_id};

fn list(of: Of) -> proto::ListGrantsRequest {
    proto::ListGrantsRequest {
        of: Some(of),
        ..proto::ListGrantsRequest::default()
    }
}

impl WrongPeople {
    pub(super) async fn try_grants(&mut self) {
        let grant_id = self.grant.grant_id.clone();
        let update = || proto::UpdateGrantRequest {
            grant: Some(self.grant.clone()),
            update_mask: Some(FieldMask {
                paths: vec!["document_classes".to_owned()],
            }),
            request_id: request_id(),
        };
        let revoke = || proto::RevokeGrantRequest {
            grant_id: grant_id.clone(),
            etag: String::new(),
            request_id: request_id(),
        };
        let all = || proto::RevokeAllGrantsRequest {
            patient_id: anna(),
            request_id: request_id(),
        };
        let get = || proto::GetGrantRequest {
            grant_id: grant_id.clone(),
        };
        let annas = || list(Of::PatientId(anna()));
        let doctors = || list(Of::PractitionerId(DOCTOR.to_owned()));
        let neither = [Person::Bela, Person::Nurse];
        let not_doctor = [Person::Anna, Person::Nurse];
        refused!(
            self,
            grants.create_grant(create_grant()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            grants.update_grant(update()),
            ANOTHER_PATIENT,
            "NOT_FOUND"
        );
        refused!(
            self,
            grants.update_grant(update()),
            PROFESSIONALS,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            grants.revoke_grant(revoke()),
            ANOTHER_PATIENT,
            "NOT_FOUND"
        );
        refused!(
            self,
            grants.revoke_grant(revoke()),
            PROFESSIONALS,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            grants.revoke_all_grants(all()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(self, grants.get_grant(get()), neither, "NOT_FOUND");
        refused!(
            self,
            grants.list_grants(annas()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            grants.list_grants(doctors()),
            not_doctor,
            "ACTOR_NOT_ALLOWED"
        );
    }

    pub(super) async fn try_blocks(&mut self) {
        let block = || proto::BlockGranteeRequest {
            patient_id: anna(),
            grantee: Some(person(DOCTOR)),
            period: None,
            request_id: request_id(),
        };
        let unblock = || proto::UnblockGranteeRequest {
            block_id: self.block.block_id.clone(),
            request_id: request_id(),
        };
        let list = || proto::ListBlocksRequest {
            patient_id: anna(),
            ..Default::default()
        };
        refused!(
            self,
            grants.block_grantee(block()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            grants.unblock_grantee(unblock()),
            ANOTHER_PATIENT,
            "NOT_FOUND"
        );
        refused!(
            self,
            grants.unblock_grantee(unblock()),
            PROFESSIONALS,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            grants.list_blocks(list()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
    }
}
