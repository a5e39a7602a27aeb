//! A document is hidden or shown.

use std::collections::BTreeMap;

use aval_domain::access::{AccessMode, Action, DenialReason};
use aval_domain::event::{Event, EventKind, Outcome, Subject};
use aval_domain::id::{DocumentId, MaskId, PatientId, PractitionerId, RequestId};
use aval_runtime::context::{Denied, RequestContext};
use serde::Serialize;

use super::App;
use super::asking::AccessQuestion;
use super::list_document_visibilities::kinds_hiding_from;
use crate::decision::Verdict;
use crate::error::Error;
use crate::grantee::{Grantee, GranteeName, NamedGrantee};
use crate::store::{Change, Write};
use crate::visibility::{Concerned, DocumentHistory, Visibility, VisibilityKind};

/// What is asked for.
#[derive(Debug, Clone, Serialize)]
pub struct SetDocumentVisibility {
    /// Whose record.
    pub patient_id: PatientId,
    /// Which document.
    pub document_id: DocumentId,
    /// What.
    pub kind: VisibilityKind,
    /// The one concerned, for the kinds that concern one and for no other.
    pub practitioner_id: Option<PractitionerId>,
    /// Takes the setting back instead of making it.
    pub remove: bool,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

/// Who sets it.
struct Setter {
    /// `None` for the patient.
    practitioner_id: Option<PractitionerId>,
    /// All identifiers of the professional.
    identifiers: Vec<PractitionerId>,
    /// Why the professional may not feed the record, if so: what they set themselves they
    /// take back all the same.
    refused: Option<DenialReason>,
    /// The kinds that hide a document from them; `None` for a professional, who is told of
    /// what they set and of nothing else.
    hiding: Option<Vec<VisibilityKind>>,
}

impl App {
    /// Makes a setting or takes one back, and gives those on the document of which the
    /// person may know.
    #[tracing::instrument(name = "consent.set_document_visibility", skip_all)]
    pub async fn set_document_visibility(
        &self,
        cx: &RequestContext,
        command: SetDocumentVisibility,
    ) -> Result<Vec<Visibility>, Error> {
        let setter = self.setter(cx, &command).await?;
        let one = self.known_one(&command).await?;
        let concerned = self.concerned(one.as_ref()).await?;
        let change = |history: &Vec<Visibility>| {
            let history = DocumentHistory(history);
            if command.remove {
                removal(cx, &command, &setter, history, (&concerned, one.as_ref()))
            } else {
                setting(cx, &command, &setter, history, (&concerned, one.as_ref()))
            }
        };
        let operation = "consent.set_document_visibility";
        let write = Write::new(cx, operation, command.request_id, &command);
        let (patient_id, document_id) = (command.patient_id, &command.document_id);
        let mut settings = self
            .store
            .change_visibility(&write, patient_id, document_id, &change)
            .await?;
        settings.retain(|setting| setting.holds(cx.now));
        setter.leave_what_is_told(&mut settings, command.kind, &concerned);
        Ok(settings)
    }

    /// What is hidden from the patient is set by a professional; the rest by the
    /// patient, and what is hidden from representatives by no representative.
    async fn setter(
        &self,
        cx: &RequestContext,
        command: &SetDocumentVisibility,
    ) -> Result<Setter, Error> {
        if command.kind == VisibilityKind::HiddenFromPatient {
            let contributor = self.contributor(cx, command.patient_id).await?;
            if !command.remove {
                contributor.require_contribution()?;
            }
            return Ok(contributor);
        }
        let patient = cx.patient_owning(command.patient_id)?;
        let against_representatives = command.kind == VisibilityKind::HiddenFromRepresentatives;
        if against_representatives && patient.representative.is_some() {
            return Err(Denied::ActorNotAllowed.into());
        }
        if command.kind.shows() != command.remove {
            self.may_open(cx)?;
        }
        Ok(Setter {
            practitioner_id: None,
            identifiers: Vec::new(),
            refused: None,
            hiding: Some(kinds_hiding_from(patient)),
        })
    }

    /// A professional, and whether they may feed the record now. That the document is theirs
    /// is for the repository to see: this service does not know documents.
    async fn contributor(
        &self,
        cx: &RequestContext,
        patient_id: PatientId,
    ) -> Result<Setter, Error> {
        let practitioner = cx.practitioner()?;
        let contribution = AccessQuestion {
            patient_id,
            action: Action::Contribute,
            mode: AccessMode::Normal,
            documents: Vec::new(),
            emergency_reason: None,
            purpose: None,
        };
        let decision = self.decide(cx, contribution).await?;
        let practitioner_id = practitioner.practitioner_id;
        Ok(Setter {
            practitioner_id: Some(practitioner_id),
            identifiers: self.store.identifiers(practitioner_id).await?,
            refused: match decision.verdict {
                Verdict::Permit(_) => None,
                Verdict::Deny(reason) => Some(reason),
            },
            hiding: None,
        })
    }

    /// Whom the setting concerns, under all of their identifiers.
    async fn concerned(&self, one: Option<&NamedGrantee>) -> Result<Concerned, Error> {
        match one.and_then(|one| one.grantee.practitioner_id()) {
            Some(practitioner_id) => Ok(Concerned {
                practitioner_id: Some(practitioner_id),
                identifiers: self.store.identifiers(practitioner_id).await?,
            }),
            None => Ok(Concerned::default()),
        }
    }

    /// The one professional concerned, under the identifier by which they ask. A
    /// setting is taken back under the identifier that was given.
    async fn known_one(
        &self,
        command: &SetDocumentVisibility,
    ) -> Result<Option<NamedGrantee>, Error> {
        let Some(one) = command.practitioner_id else {
            return Ok(None);
        };
        match self.directory.practitioner(one).await? {
            Some(known) => Ok(Some(known.into_grantee())),
            None if command.remove => Ok(Some(NamedGrantee {
                grantee: Grantee::Practitioner(one),
                name: None,
            })),
            None => Err(Error::Invalid {
                field: "practitioner_id",
                rule: "is not known to the directory",
            }),
        }
    }
}

impl Setter {
    /// Whether it was they who made the setting, under whichever identifier.
    fn made(&self, setting: &Visibility) -> bool {
        match setting.set_by {
            Some(by) => self.practitioner_id == Some(by) || self.identifiers.contains(&by),
            None => self.practitioner_id.is_none(),
        }
    }

    fn require_contribution(&self) -> Result<(), Error> {
        match self.refused {
            None => Ok(()),
            Some(DenialReason::RecordUnavailable) => Err(Error::RecordUnavailable),
            Some(_) => Err(Denied::ActorNotAllowed.into()),
        }
    }

    /// Of a document that is hidden from who sets it, no more than what was asked for: what
    /// else is set on it would tell that it exists.
    fn leave_what_is_told(
        &self,
        settings: &mut Vec<Visibility>,
        asked: VisibilityKind,
        concerned: &Concerned,
    ) {
        let is_hidden = self.hiding.as_ref().is_none_or(|kinds| {
            let mut set = settings.iter().map(|setting| setting.kind);
            set.any(|kind| kinds.contains(&kind))
        });
        if is_hidden {
            settings.retain(|setting| setting.is_about(asked, concerned.practitioner_id));
        }
    }
}

fn setting(
    cx: &RequestContext,
    command: &SetDocumentVisibility,
    setter: &Setter,
    history: DocumentHistory<'_>,
    (concerned, one): (&Concerned, Option<&NamedGrantee>),
) -> Result<Option<Change<Visibility>>, Error> {
    if history
        .before_setting(command.kind, concerned, cx.now)?
        .is_some()
    {
        return Ok(None);
    }
    let value = Visibility {
        mask_id: MaskId::new(cx.now, cx.random.as_ref()),
        patient_id: command.patient_id,
        document_id: command.document_id.clone(),
        kind: command.kind,
        practitioner_id: concerned.practitioner_id,
        set_by: setter.practitioner_id,
        set_at: cx.now,
        release_at: Visibility::release_of(command.kind, cx.now),
        removed_at: None,
    };
    let event = Event {
        after: trail_fields(&value, one),
        ..mask_event(cx, EventKind::MaskSet, &value)
    };
    Ok(Some(Change { value, event }))
}

fn removal(
    cx: &RequestContext,
    command: &SetDocumentVisibility,
    setter: &Setter,
    history: DocumentHistory<'_>,
    (concerned, one): (&Concerned, Option<&NamedGrantee>),
) -> Result<Option<Change<Visibility>>, Error> {
    let mut standing = history.standing(command.kind, concerned, cx.now);
    // Whoever hid a document from the patient announces it, nobody else; and whatever became
    // of them since, for it shows the patient more.
    let Some(standing) = standing.find(|setting| setter.made(setting)) else {
        return nothing_to_take_back(cx, command, setter, history, concerned);
    };
    let event = Event {
        before: trail_fields(standing, one),
        ..mask_event(cx, EventKind::MaskRemoved, standing)
    };
    let value = Visibility {
        removed_at: Some(cx.now),
        ..standing.clone()
    };
    Ok(Some(Change { value, event }))
}

/// Refuses who never made such a setting, where they may not feed the record, and where the
/// one that stands is another's.
fn nothing_to_take_back(
    cx: &RequestContext,
    command: &SetDocumentVisibility,
    setter: &Setter,
    history: DocumentHistory<'_>,
    concerned: &Concerned,
) -> Result<Option<Change<Visibility>>, Error> {
    let mut once = history.0.iter();
    if !once.any(|setting| setting.kind == command.kind && setter.made(setting)) {
        setter.require_contribution()?;
    }
    let mut anothers = history.standing(command.kind, concerned, cx.now);
    match anothers.next() {
        Some(_) => Err(Denied::ActorNotAllowed.into()),
        None => Ok(None),
    }
}

/// What the trail keeps of a setting, with the name of the one concerned.
fn trail_fields(setting: &Visibility, one: Option<&NamedGrantee>) -> BTreeMap<String, String> {
    let mut fields = setting.trail_fields();
    let name = one.and_then(|one| one.name.as_ref());
    GranteeName::write_trail_field(name, &mut fields);
    fields
}

fn mask_event(cx: &RequestContext, kind: EventKind, setting: &Visibility) -> Event {
    Event {
        patient_id: Some(setting.patient_id),
        subject: Some(Subject::new("document", &setting.document_id)),
        before: BTreeMap::new(),
        ..cx.event(kind, Outcome::Success)
    }
}

#[cfg(test)]
mod announcing;
#[cfg(test)]
mod tests;
