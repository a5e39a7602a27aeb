//! Who is told of what.

use std::collections::BTreeSet;

use aval_domain::access::Action;
use aval_domain::event::{Event, EventDocument};
use aval_domain::id::{DocumentId, EventId, GrantId, MaskId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;

use super::{News, NotificationKind, Recipient};
use crate::care_episode::CareEpisode;
use crate::decision::{Decision, Obligation};
use crate::findings::Finding;
use crate::grant::{Grant, GrantOrigin, GrantStatus};
use crate::grantee::Grantee;

/// Who is told of a grant that was made or changed. Only a person is: an organization's
/// grant tells nobody, and one that waits for a professional tells them once they are
/// known.
#[must_use]
pub fn of_grant(before: Option<&Grant>, after: &Grant, event: &Event) -> Vec<News> {
    use GrantStatus::{Given, Lapsed, Requested, Revoked};
    let professional = after.grantee.practitioner_id();
    match (before.map(|grant| grant.status), after.status) {
        (None, Given) if after.origin == GrantOrigin::Declaration => declared(after, event),
        (None, Requested) => vec![News {
            practitioner_id: after.created_by,
            ..to_patient(NotificationKind::GrantRequested, after, event)
        }],
        (None | Some(Requested), Given) => {
            to_professional(NotificationKind::GrantCreated, professional, after, event)
        }
        (Some(Given), Given) => {
            let waited = before.is_some_and(|grant| matches!(grant.grantee, Grantee::Rpps(_)));
            let kind = if waited {
                NotificationKind::GrantCreated
            } else {
                NotificationKind::GrantUpdated
            };
            to_professional(kind, professional, after, event)
        }
        // Nobody lost anything by the end of what was over.
        (Some(Given), Revoked) if before.is_some_and(|grant| grant.is_live(after.updated_at)) => {
            to_professional(NotificationKind::GrantRevoked, professional, after, event)
        }
        (Some(Given), Lapsed) if before.is_some_and(|grant| grant.is_live(after.updated_at)) => {
            let mut news =
                to_professional(NotificationKind::GrantRevoked, professional, after, event);
            news.push(News {
                practitioner_id: professional,
                ..to_patient(NotificationKind::GrantExpired, after, event)
            });
            news
        }
        _ => Vec::new(),
    }
}

/// The patient is told who declared; the colleague for whom it was declared, that they
/// are authorised.
fn declared(grant: &Grant, event: &Event) -> Vec<News> {
    let colleague = grant
        .grantee
        .practitioner_id()
        .filter(|colleague| grant.created_by != Some(*colleague));
    let mut news = to_professional(NotificationKind::GrantCreated, colleague, grant, event);
    news.push(News {
        practitioner_id: grant.created_by,
        ..to_patient(NotificationKind::GrantDeclared, grant, event)
    });
    news
}

fn to_patient(kind: NotificationKind, grant: &Grant, event: &Event) -> News {
    let recipient = Recipient::Patient(grant.patient_id);
    of_event(recipient, kind, grant, event)
}

fn to_professional(
    kind: NotificationKind,
    professional: Option<PractitionerId>,
    grant: &Grant,
    event: &Event,
) -> Vec<News> {
    let told = professional.map(|professional| News {
        practitioner_id: Some(professional),
        ..of_event(Recipient::Practitioner(professional), kind, grant, event)
    });
    told.into_iter().collect()
}

fn of_event(recipient: Recipient, kind: NotificationKind, grant: &Grant, event: &Event) -> News {
    let cause = event.event_id.as_uuid();
    News {
        subject_id: Some(grant.grant_id.as_uuid()),
        ..News::of(
            recipient,
            kind,
            grant.patient_id,
            cause.as_bytes(),
            event.occurred_at,
        )
    }
}

/// The patient is told of a team that begins to care for them.
#[must_use]
pub fn of_care_episode(episode: &CareEpisode, event: &Event) -> News {
    let cause = event.event_id.as_uuid();
    News {
        practitioner_id: Some(episode.opened_by),
        subject_id: Some(episode.care_episode_id.as_uuid()),
        ..News::of(
            Recipient::Patient(episode.patient_id),
            NotificationKind::CareEpisodeOpened,
            episode.patient_id,
            cause.as_bytes(),
            event.occurred_at,
        )
    }
}

/// An access of a professional that was permitted, and of which somebody may have to be
/// told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// To whose record.
    pub patient_id: PatientId,
    /// Whose.
    pub practitioner_id: PractitionerId,
    /// The event that tells of it.
    pub event_id: EventId,
    /// When.
    pub at: Timestamp,
    /// Whether it was an emergency.
    pub is_emergency: bool,
    /// Whether nothing but documents that are hidden from representatives explains it.
    pub is_of_secrets: bool,
}

impl Access {
    /// The access that this decision permits; `None` where nothing is opened: it denies,
    /// the patient or their representative asks, or the record is only fed. The `secret`
    /// documents are hidden from who represents the patient.
    #[must_use]
    pub fn of(decision: &Decision, event: &Event, secret: &BTreeSet<DocumentId>) -> Option<Self> {
        let action = event.decision.as_ref()?.action;
        let is_emergency = decision
            .obligations
            .contains(&Obligation::EmergencyReported);
        (decision.is_permit() && (is_emergency || action == Action::Consult)).then_some(())?;
        Some(Self {
            patient_id: event.patient_id?,
            practitioner_id: event.actor.practitioner_id()?,
            event_id: event.event_id,
            at: decision.decided_at,
            is_emergency,
            is_of_secrets: is_of_secrets(event, secret),
        })
    }

    /// The patient is told of who came for the first time. An emergency is told as
    /// such, first or not, and to whoever reads for them.
    #[must_use]
    pub fn news_for_patient(&self, is_first: bool) -> Option<News> {
        let recipient = Recipient::Patient(self.patient_id);
        if self.is_emergency {
            return Some(self.news(recipient, NotificationKind::EmergencyAccess));
        }
        // Nor is their representative told later, when the same professional opens what they
        // may know of: that would not be the first time.
        is_first.then(|| News {
            holder_alone: self.is_of_secrets,
            ..self.news(recipient, NotificationKind::FirstAccess)
        })
    }

    /// A treating doctor is told of an emergency that was another's (art. R.1111-48 CSP).
    #[must_use]
    pub fn news_for_treating_doctor(&self, doctor: PractitionerId) -> Option<News> {
        let recipient = Recipient::Practitioner(doctor);
        (self.is_emergency && doctor != self.practitioner_id)
            .then(|| self.news(recipient, NotificationKind::EmergencyAccess))
    }

    fn news(&self, recipient: Recipient, kind: NotificationKind) -> News {
        let cause = self.event_id.as_uuid();
        News {
            practitioner_id: Some(self.practitioner_id),
            subject_id: Some(cause),
            ..News::of(recipient, kind, self.patient_id, cause.as_bytes(), self.at)
        }
    }
}

/// Whether nothing but documents that are secret explains a permitted access: whoever were
/// told of it would know that there are some. The trail withholds the event by the same rule.
fn is_of_secrets(event: &Event, secret: &BTreeSet<DocumentId>) -> bool {
    let is_secret = |document: &EventDocument| secret.contains(&document.id);
    let explains = |document: &EventDocument| document.permitted && !is_secret(document);
    event.documents.iter().any(is_secret) && !event.documents.iter().any(explains)
}

impl News {
    /// The professional is told that an authorisation ends at `until`.
    #[must_use]
    pub fn grant_expiring(
        grant_id: GrantId,
        patient_id: PatientId,
        professional: PractitionerId,
        until: Timestamp,
        now: Timestamp,
    ) -> Self {
        let recipient = Recipient::Practitioner(professional);
        let kind = NotificationKind::GrantExpiring;
        Self {
            practitioner_id: Some(professional),
            ..Self::of_end(recipient, kind, grant_id, patient_id, until, now)
        }
    }

    /// The patient is told that an authorisation ended at `until`.
    #[must_use]
    pub fn grant_expired(
        grant_id: GrantId,
        patient_id: PatientId,
        professional: Option<PractitionerId>,
        until: Timestamp,
        now: Timestamp,
    ) -> Self {
        let recipient = Recipient::Patient(patient_id);
        let kind = NotificationKind::GrantExpired;
        Self {
            practitioner_id: professional,
            ..Self::of_end(recipient, kind, grant_id, patient_id, until, now)
        }
    }

    /// The patient is told that a professional withholds a document from them. Which
    /// one, nothing says.
    #[must_use]
    pub fn document_withheld(
        mask_id: MaskId,
        patient_id: PatientId,
        by: Option<PractitionerId>,
        now: Timestamp,
    ) -> Self {
        let cause = mask_id.as_uuid();
        Self {
            practitioner_id: by,
            ..Self::of(
                Recipient::Patient(patient_id),
                NotificationKind::DocumentWithheld,
                patient_id,
                cause.as_bytes(),
                now,
            )
        }
    }

    /// The patient is told that the trail has something unusual; alone, where the trail
    /// withholds it from who represents them.
    #[must_use]
    pub fn unusual_access(finding: &Finding, now: Timestamp) -> Self {
        let recipient = Recipient::Patient(finding.patient_id);
        let kind = NotificationKind::UnusualAccess;
        let cause = finding.finding_id;
        Self {
            practitioner_id: Some(finding.practitioner_id),
            subject_id: Some(finding.event_id.as_uuid()),
            holder_alone: finding.withheld_from_representatives,
            ..Self::of(recipient, kind, finding.patient_id, cause.as_bytes(), now)
        }
    }

    /// An end is told once; a later end of the same grant is another.
    fn of_end(
        recipient: Recipient,
        kind: NotificationKind,
        grant_id: GrantId,
        patient_id: PatientId,
        until: Timestamp,
        now: Timestamp,
    ) -> Self {
        let mut cause = grant_id.as_uuid().as_bytes().to_vec();
        cause.extend(until.as_micros().to_be_bytes());
        Self {
            subject_id: Some(grant_id.as_uuid()),
            ..Self::of(recipient, kind, patient_id, &cause, now)
        }
    }
}

#[cfg(test)]
mod tests;
