//! Who did something.

use aval_domain::event::{Actor, Representative};
use aval_proto::audit::v1 as proto;
use proto::event_actor::Actor as ProtoActor;

use crate::status::FieldErrors;

pub(super) fn to_proto(actor: &Actor) -> proto::EventActor {
    let actor = match actor {
        Actor::Patient { patient_id } => ProtoActor::PatientId(patient_id.to_string()),
        Actor::Service { name } => ProtoActor::Service(name.clone()),
        Actor::Practitioner {
            practitioner_id,
            activity_id,
            profession,
            speciality,
            function,
            organization_id,
            organization_name,
            display_name,
        } => ProtoActor::Practitioner(proto::PractitionerActor {
            practitioner_id: practitioner_id.to_string(),
            activity_id: activity_id.to_string(),
            profession_code: profession.code().to_owned(),
            speciality_code: speciality.map(|code| code.to_string()).unwrap_or_default(),
            function_code: function.map(|code| code.to_string()).unwrap_or_default(),
            organization_id: organization_id.map(|id| id.to_string()).unwrap_or_default(),
            organization_name: organization_name.clone().unwrap_or_default(),
            display_name: display_name.clone(),
        }),
    };
    proto::EventActor { actor: Some(actor) }
}

pub(super) fn from_proto(fields: &mut FieldErrors, value: &proto::EventActor) -> Option<Actor> {
    match fields.required("", value.actor.as_ref())? {
        ProtoActor::PatientId(id) => {
            let patient_id = fields.parse("patient_id", id)?;
            Some(Actor::Patient { patient_id })
        }
        ProtoActor::Service(name) => {
            let name = fields.required_text("service", name)?.to_owned();
            Some(Actor::Service { name })
        }
        ProtoActor::Practitioner(practitioner) => fields.within("practitioner", |fields| {
            practitioner_from_proto(fields, practitioner)
        }),
    }
}

fn practitioner_from_proto(
    fields: &mut FieldErrors,
    value: &proto::PractitionerActor,
) -> Option<Actor> {
    let practitioner_id = fields.parse("practitioner_id", &value.practitioner_id);
    let activity_id = fields.parse("activity_id", &value.activity_id);
    let profession = fields.parse("profession_code", &value.profession_code);
    let speciality = fields.parse_optional("speciality_code", &value.speciality_code);
    let function = fields.parse_optional("function_code", &value.function_code);
    let organization_id = fields.parse_optional("organization_id", &value.organization_id);
    let display_name = fields.required_text("display_name", &value.display_name);
    let organization_name = Some(value.organization_name.clone()).filter(|name| !name.is_empty());
    Some(Actor::Practitioner {
        practitioner_id: practitioner_id?,
        activity_id: activity_id?,
        profession: profession?,
        speciality: speciality?,
        function: function?,
        organization_id: organization_id?,
        organization_name,
        display_name: display_name?.to_owned(),
    })
}

pub(super) fn representative_to_proto(value: &Representative) -> proto::EventRepresentative {
    proto::EventRepresentative {
        representation_id: value.representation_id.to_string(),
        patient_id: value.patient_id.to_string(),
    }
}

pub(super) fn representative_from_proto(
    fields: &mut FieldErrors,
    value: &proto::EventRepresentative,
) -> Option<Representative> {
    let representation_id = fields.parse("representation_id", &value.representation_id);
    let patient_id = fields.parse("patient_id", &value.patient_id);
    Some(Representative {
        patient_id: patient_id?,
        representation_id: representation_id?,
    })
}
