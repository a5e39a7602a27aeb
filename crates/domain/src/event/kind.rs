//! What can happen.

closed_list! {
    /// What happened. The code is `<thing>.<what happened to it>`; codes are
    /// stored for the whole retention, so they are added and never renamed.
    pub enum EventKind, "event kind" {
        /// An access was decided, whatever the outcome.
        AccessDecided = "access.decided",
        /// The patient authorised a practitioner or an organization.
        GrantCreated = "grant.created",
        /// A practitioner asked for an authorisation.
        GrantRequested = "grant.requested",
        /// The patient approved what was asked.
        GrantApproved = "grant.approved",
        /// The patient declined what was asked.
        GrantDeclined = "grant.declined",
        /// A practitioner declared having collected the consent.
        GrantDeclared = "grant.declared",
        /// A grant's period or categories changed.
        GrantUpdated = "grant.updated",
        /// The patient took a grant back.
        GrantRevoked = "grant.revoked",
        /// A grant's period ended.
        GrantExpired = "grant.expired",
        /// The patient blocked a practitioner or an organization.
        BlockCreated = "block.created",
        /// The patient lifted a block.
        BlockRemoved = "block.removed",
        /// A document's visibility was restricted.
        MaskSet = "mask.set",
        /// A restriction of a document's visibility was lifted.
        MaskRemoved = "mask.removed",
        /// A record was opened for the first time.
        RecordOpened = "record.opened",
        /// A record was closed.
        RecordClosed = "record.closed",
        /// A closed record was opened again.
        RecordReopened = "record.reopened",
        /// The patient's opposition to an emergency mode changed.
        RecordEmergencySettingsChanged = "record.emergency_settings_changed",
        /// The patient named a treating doctor.
        TreatingDoctorAdded = "treating_doctor.added",
        /// A doctor is no longer a treating doctor of the patient.
        TreatingDoctorRemoved = "treating_doctor.removed",
        /// A care episode began.
        CareEpisodeOpened = "care_episode.opened",
        /// A care episode ended.
        CareEpisodeClosed = "care_episode.closed",
        /// A patient became known.
        PatientRegistered = "patient.registered",
        /// A patient's identity or its status changed.
        PatientIdentityUpdated = "patient.identity_updated",
        /// Two patients turned out to be one human.
        PatientsMerged = "patients.merged",
        /// A merge of patients was undone.
        PatientsUnmerged = "patients.unmerged",
        /// Somebody may act for the patient.
        RepresentativeAdded = "representative.added",
        /// Somebody may no longer act for the patient.
        RepresentativeRemoved = "representative.removed",
        /// A person signed in.
        SessionOpened = "session.opened",
        /// A person was refused a session.
        SessionRefused = "session.refused",
        /// A session ended.
        SessionClosed = "session.closed",
        /// A directory extraction was applied.
        DirectoryImportApplied = "directory.import_applied",
        /// A suspicious directory extraction waits for a person.
        DirectoryImportSuspended = "directory.import_suspended",
        /// A directory extraction that waited for a person was discarded by one.
        DirectoryImportRejected = "directory.import_rejected",
        /// Two practitioners turned out to be one human.
        DirectoryPractitionersMerged = "directory.practitioners_merged",
        /// Two practitioners that had been merged turned out to be two humans.
        DirectoryPractitionersUnmerged = "directory.practitioners_unmerged",
        /// A practitioner's attachment to a structure was corrected locally.
        DirectoryAttachmentOverridden = "directory.attachment_overridden",
        /// A local correction of an attachment was taken back.
        DirectoryAttachmentOverrideEnded = "directory.attachment_override_ended",
        /// An operator loaded a matrix of access rights.
        PolicyMatrixLoaded = "policy.matrix_loaded",
        /// The trail was read.
        TrailRead = "trail.read",
        /// The trail was exported.
        TrailExported = "trail.exported",
        /// Events past their retention were erased.
        TrailPruned = "trail.pruned",
        /// Events of a patient were erased because somebody asked.
        TrailErased = "trail.erased",
        /// The trail is incomplete, delayed or inconsistent.
        TrailAlert = "trail.alert",
    }
}

closed_list! {
    /// How it ended.
    pub enum Outcome, "outcome" {
        /// It was done.
        Success = "success",
        /// A rule forbade it.
        Refused = "refused",
        /// It could not be done.
        Failure = "failure",
    }
}
