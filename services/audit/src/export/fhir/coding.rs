//! Code systems that `AuditEvents` use.

use serde_json::{Value, json};

/// DICOM's controlled terminology.
pub(super) const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
/// Types of events beside DICOM's.
pub(super) const EVENT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
/// FHIR's interactions.
pub(super) const INTERACTION: &str = "http://hl7.org/fhir/restful-interaction";
/// What an entity is.
pub(super) const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
/// What part an entity plays.
pub(super) const ENTITY_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
/// How agents take part.
pub(super) const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
/// How agents take part in a provenance.
pub(super) const PROVENANCE: &str =
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
/// Roles of organizations.
pub(super) const ROLE_CLASS: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleClass";
/// Roles of services.
pub(super) const SECURITY_ROLE: &str =
    "http://terminology.hl7.org/CodeSystem/extra-security-role-type";
/// Reasons for acting.
pub(super) const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
/// FHIR's resource types.
pub(super) const RESOURCE_TYPE: &str = "http://hl7.org/fhir/resource-types";
/// Subtypes of authorization decisions (IHE BALP).
pub(super) const AUTHZ_SUBTYPE: &str = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType";

pub(super) fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({ "system": system, "code": code, "display": display })
}

pub(super) fn concept(system: &str, code: &str, display: &str) -> Value {
    json!({ "coding": [coding(system, code, display)] })
}
