//! People and structures.

use aval_proto::practitioner_directory::v1 as proto;
use aval_runtime::convert::timestamp_to_proto;

use super::attachment::attachment_override_to_proto;
use super::identifier::identifier_to_proto;
use crate::organization::{Establishment, Organization};
use crate::practitioner::{Activity, Practitioner, Skill};
use crate::qualification::{Qualification, QualificationKind};

/// One human, with everything that is known.
pub(in crate::grpc) fn practitioner_to_proto(practitioner: Practitioner) -> proto::Practitioner {
    proto::Practitioner {
        practitioner_id: practitioner.practitioner_id.to_string(),
        identifiers: practitioner
            .identifiers
            .into_iter()
            .map(identifier_to_proto)
            .collect(),
        family_name: practitioner.family_name,
        given_name: practitioner.given_name,
        civility: practitioner.civility,
        active: practitioner.active,
        activities: practitioner
            .activities
            .into_iter()
            .map(activity_to_proto)
            .collect(),
        merged_into_practitioner_id: practitioner
            .merged_into
            .map_or_else(String::new, |id| id.to_string()),
        updated_at: Some(timestamp_to_proto(practitioner.updated_at)),
        qualifications: practitioner
            .qualifications
            .into_iter()
            .map(qualification_to_proto)
            .collect(),
    }
}

fn qualification_to_proto(qualification: Qualification) -> proto::Qualification {
    let kind = match qualification.kind {
        QualificationKind::Diploma => proto::QualificationKind::Diploma,
        QualificationKind::Authorization => proto::QualificationKind::Authorization,
    };
    proto::Qualification {
        kind: kind.into(),
        type_code: qualification.type_code,
        type_label: qualification.type_label,
        code: qualification.code,
        label: qualification.label,
    }
}

/// One practice situation.
pub(in crate::grpc) fn activity_to_proto(activity: Activity) -> proto::Activity {
    proto::Activity {
        activity_id: activity.activity_id.to_string(),
        profession_code: activity.profession.code().to_owned(),
        profession_label: activity.profession.label_fr().to_owned(),
        category_code: activity.category,
        skills: activity.skills.into_iter().map(skill_to_proto).collect(),
        mode_code: activity.mode,
        sector_code: activity.sector,
        function_code: activity.function,
        kind_code: activity.kind,
        organization: activity.organization.map(organization_to_proto),
        active: activity.active,
        attachment_override: activity
            .attachment_override
            .map(attachment_override_to_proto),
    }
}

fn skill_to_proto(skill: Skill) -> proto::Skill {
    proto::Skill {
        type_code: skill.type_code,
        code: skill.code,
        label: skill.label,
    }
}

/// One structure.
pub(in crate::grpc) fn organization_to_proto(organization: Organization) -> proto::Organization {
    proto::Organization {
        organization_id: organization.organization_id.to_string(),
        identifiers: organization
            .numbers
            .identifiers()
            .into_iter()
            .chain(organization.mailboxes)
            .map(identifier_to_proto)
            .collect(),
        name: organization.name,
        address_line: organization.address_line,
        postal_code: organization.postal_code,
        town: organization.town,
        town_code: organization.town_code,
        department_code: organization.department_code,
        sector_code: organization.sector_code,
        legal_finess: organization.numbers.legal_finess,
        establishment: organization
            .establishment
            .map(|site| establishment_to_proto(*site)),
    }
}

fn establishment_to_proto(establishment: Establishment) -> proto::Establishment {
    proto::Establishment {
        name: establishment.name,
        category_code: establishment.category_code,
        category_label: establishment.category_label,
        opened_on: establishment.opened_on,
        listed: establishment.is_listed,
    }
}
