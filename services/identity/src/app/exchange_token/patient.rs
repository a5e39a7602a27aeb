//! A patient: the INS that the provider states, found among the registered.

use aval_domain::ins::{Ins, InsKind, InsStatus};
use serde_json::{Map, Value};

use super::{App, Concerned, strength};
use crate::config::PatientClaims;
use crate::error::Error;
use crate::provider::ProvenSignIn;
use crate::refusal::SessionRefused;
use crate::session::{Bearer, Person};

impl App {
    pub(super) async fn patient_bearer(
        &self,
        proven: &ProvenSignIn,
        concerned: &mut Concerned,
    ) -> Result<Bearer, Error> {
        let ins = stated_ins(&proven.user_info, &self.settings.patient_claims)
            .ok_or(SessionRefused::UserInfoInvalid)?;
        if !self.accepts(ins.kind()) {
            return Err(SessionRefused::PatientUnknown.into());
        }
        let digests = self.patient_keys.digests_of_ins(&ins);
        let known = self.store.patient_by_ins(&digests).await?;
        let known = known.ok_or(SessionRefused::PatientUnknown)?;
        let patient = self.survivor(known).await?;
        concerned.patient_id = Some(patient.patient_id);
        if patient.status != InsStatus::Qualified {
            return Err(SessionRefused::IdentityNotQualified.into());
        }
        Ok(Bearer {
            person: Person::Patient {
                patient_id: patient.patient_id,
                representative: None,
            },
            strength: strength(&self.settings.patients_acr, proven)?,
            authenticated_at: proven.authenticated_at,
        })
    }
}

/// The INS in these claims, if it is there and well-formed.
fn stated_ins(user_info: &Map<String, Value>, claims: &PatientClaims) -> Option<Ins> {
    let text = |name: &str| user_info.get(name).and_then(Value::as_str);
    let kind = InsKind::from_oid(text(&claims.ins_oid)?)?;
    Ins::parse(text(&claims.ins)?, kind).ok()
}

#[cfg(test)]
mod tests {
    use aval_testing::mutation::every_round;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn stated(user_info: &Value) -> Option<Ins> {
        stated_ins(user_info.as_object().unwrap(), &PatientClaims::default())
    }

    #[test]
    fn an_ins_is_stated_by_a_matricule_and_an_oid_that_fit() {
        let test = "1.2.250.1.213.1.4.10";
        assert!(stated(&json!({ "ins": "279035121518989", "ins_oid": test })).is_some());
        for user_info in [
            json!({}),
            json!({ "ins": "279035121518989" }),
            json!({ "ins_oid": test }),
            json!({ "ins": 279_035_121_518_989_i64, "ins_oid": test }),
            json!({ "ins": "279035121518989", "ins_oid": ["1.2.250.1.213.1.4.10"] }),
            json!({ "ins": "279035121518989", "ins_oid": "1.2.250.1.213.1.4.2" }),
            json!({ "ins": "279035121518900", "ins_oid": "1.2.250.1.213.1.4.8" }),
            json!({ "ins": "", "ins_oid": "" }),
        ] {
            assert_eq!(stated(&user_info), None, "{user_info}");
        }
    }

    #[test]
    fn almost_sound_claims_are_read_as_they_are_or_refused() {
        let oids = ["1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.10"];
        let mut read_well = 0;
        every_round(|mutator| {
            let oid = *mutator.one_of(&oids);
            let sound = json!({ "ins": "279035121518989", "ins_oid": oid });
            let made = mutator.json(&sound);
            let Some(claims) = made.as_object() else {
                return;
            };
            if let Some(read) = stated_ins(claims, &PatientClaims::default()) {
                read_well += 1;
                assert_eq!(made["ins"], read.reveal());
                assert_eq!(made["ins_oid"], read.kind().oid());
                assert!(read.has_valid_key() || !read.kind().is_real());
            }
        });
        assert!(read_well > 0);
    }

    #[test]
    fn an_almost_sound_matricule_is_read_as_it_is_or_refused() {
        every_round(|mutator| {
            let made = mutator.text("279035121518989");
            for kind in [InsKind::Nir, InsKind::Nia, InsKind::Test, InsKind::Demo] {
                if let Ok(read) = Ins::parse(&made, kind) {
                    assert_eq!(read.reveal(), made);
                    assert!(read.has_valid_key() || !kind.is_real());
                }
            }
        });
    }

    proptest! {
        #[test]
        fn any_claims_are_read_or_refused(ins in any::<String>(), oid in any::<String>()) {
            let kinds = ["1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.10", oid.as_str()];
            for oid in kinds {
                if let Some(read) = stated(&json!({ "ins": ins, "ins_oid": oid })) {
                    prop_assert_eq!(read.reveal(), ins.clone());
                }
            }
        }
    }
}
