//! Documents and their classes.

use aval_domain::document::{DocumentClass, DocumentClasses, DocumentRef, DocumentType};
use aval_domain::id::DocumentId;
use aval_proto::common::v1 as proto;

use super::{NOT_A_VALUE, optional_timestamp_from_proto, timestamp_to_proto};
use crate::status::FieldErrors;

/// Reads a document class; absent or unknown is a violation.
pub fn document_class_from_proto(
    fields: &mut FieldErrors,
    field: &str,
    value: i32,
) -> Option<DocumentClass> {
    use proto::DocumentClass as Proto;
    match Proto::try_from(value) {
        Ok(Proto::Report) => Some(DocumentClass::Report),
        Ok(Proto::Summary) => Some(DocumentClass::Summary),
        Ok(Proto::Imaging) => Some(DocumentClass::Imaging),
        Ok(Proto::Prescription) => Some(DocumentClass::Prescription),
        Ok(Proto::Dispensation) => Some(DocumentClass::Dispensation),
        Ok(Proto::CarePlan) => Some(DocumentClass::CarePlan),
        Ok(Proto::AdministeredTreatment) => Some(DocumentClass::AdministeredTreatment),
        Ok(Proto::Certificate) => Some(DocumentClass::Certificate),
        Ok(Proto::Reimbursement) => Some(DocumentClass::Reimbursement),
        Ok(Proto::PatientDocument) => Some(DocumentClass::PatientDocument),
        Ok(Proto::ManagementDocument) => Some(DocumentClass::ManagementDocument),
        Ok(Proto::Unspecified) | Err(_) => {
            fields.add(field, NOT_A_VALUE);
            None
        }
    }
}

/// Writes a document class.
#[must_use]
pub const fn document_class_to_proto(class: DocumentClass) -> proto::DocumentClass {
    use proto::DocumentClass as Proto;
    match class {
        DocumentClass::Report => Proto::Report,
        DocumentClass::Summary => Proto::Summary,
        DocumentClass::Imaging => Proto::Imaging,
        DocumentClass::Prescription => Proto::Prescription,
        DocumentClass::Dispensation => Proto::Dispensation,
        DocumentClass::CarePlan => Proto::CarePlan,
        DocumentClass::AdministeredTreatment => Proto::AdministeredTreatment,
        DocumentClass::Certificate => Proto::Certificate,
        DocumentClass::Reimbursement => Proto::Reimbursement,
        DocumentClass::PatientDocument => Proto::PatientDocument,
        DocumentClass::ManagementDocument => Proto::ManagementDocument,
    }
}

/// Reads a list of document classes as a set; what an empty list means is the
/// message's own affair.
pub fn document_classes_from_proto(
    fields: &mut FieldErrors,
    field: &'static str,
    values: &[i32],
) -> Option<DocumentClasses> {
    let classes = fields.each(field, values, |fields, &value| {
        document_class_from_proto(fields, "", value)
    })?;
    Some(
        classes
            .into_iter()
            .fold(DocumentClasses::NONE, DocumentClasses::with),
    )
}

/// Writes a set of document classes, in the order of the list.
#[must_use]
pub fn document_classes_to_proto(classes: DocumentClasses) -> Vec<i32> {
    let mut numbers = Vec::with_capacity(classes.len());
    let classes = classes.iter().map(document_class_to_proto);
    numbers.extend(classes.map(i32::from));
    numbers
}

/// Reads a document reference, whose name it takes away; violations are noted under its
/// own fields. A question has up to 200 of them, hence the reference: each would be moved
/// several times.
#[inline]
pub fn document_ref_from_proto(
    fields: &mut FieldErrors,
    value: &mut proto::DocumentRef,
) -> Option<DocumentRef> {
    let id = DocumentId::parse(std::mem::take(&mut value.document_id));
    let id = fields.check("document_id", id);
    let class = document_class_from_proto(fields, "document_class", value.document_class);
    let document_type =
        fields.parse_optional::<DocumentType>("document_type", &value.document_type);
    let author = fields.parse_optional("author_practitioner_id", &value.author_practitioner_id);
    let contributed_at =
        optional_timestamp_from_proto(fields, "contributed_at", value.contributed_at.as_ref());
    Some(DocumentRef {
        id: id?,
        class: class?,
        document_type: document_type?,
        author: author?,
        contributed_at: contributed_at?,
    })
}

/// Writes a document reference.
#[must_use]
pub fn document_ref_to_proto(document: &DocumentRef) -> proto::DocumentRef {
    let text_of_type = |code: &DocumentType| code.code().to_owned();
    proto::DocumentRef {
        document_id: document.id.as_str().to_owned(),
        document_class: document_class_to_proto(document.class) as i32,
        document_type: document
            .document_type
            .as_ref()
            .map(text_of_type)
            .unwrap_or_default(),
        author_practitioner_id: document.author.map(|id| id.to_string()).unwrap_or_default(),
        contributed_at: document.contributed_at.map(timestamp_to_proto),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_class_reads_back() {
        for &class in DocumentClass::ALL {
            let number = document_class_to_proto(class) as i32;
            let read = document_class_from_proto(&mut FieldErrors::new(), "class", number);
            assert_eq!(read, Some(class));
        }
        let numbers = document_classes_to_proto(DocumentClasses::ALL);
        assert_eq!(numbers.len(), DocumentClass::ALL.len());
        let read = document_classes_from_proto(&mut FieldErrors::new(), "classes", &numbers);
        assert_eq!(read, Some(DocumentClasses::ALL));
    }

    #[test]
    fn an_unknown_class_in_a_list_is_named_by_its_place() {
        let mut fields = FieldErrors::new();
        assert_eq!(
            document_classes_from_proto(&mut fields, "classes", &[1, 99, 2, 0]),
            None
        );
        let refusal = fields.finish().unwrap_err();
        let paths: Vec<_> = refusal
            .field_violations()
            .iter()
            .map(|v| v.field.as_str())
            .collect();
        assert_eq!(paths, ["classes[1]", "classes[3]"]);
    }

    #[test]
    fn an_empty_document_reference_breaks_two_rules() {
        let mut fields = FieldErrors::new();
        assert_eq!(
            document_ref_from_proto(&mut fields, &mut proto::DocumentRef::default()),
            None
        );
        assert_eq!(fields.finish().unwrap_err().field_violations().len(), 2);
    }

    proptest! {
        #[test]
        fn reading_a_document_reference_is_total_and_reads_back(
            document_id in ".{0,20}",
            document_class in -2i32..14,
            document_type in "[A-Z0-9-]{0,8}",
            seconds in prop::option::of(any::<i64>()),
        ) {
            let value = proto::DocumentRef {
                document_id,
                document_class,
                document_type,
                author_practitioner_id: String::new(),
                contributed_at: seconds.map(|seconds| prost_types::Timestamp { seconds, nanos: 0 }),
            };
            let mut fields = FieldErrors::new();
            let read = document_ref_from_proto(&mut fields, &mut value.clone());
            prop_assert_eq!(read.is_some(), fields.is_empty());
            if let Some(document) = read {
                prop_assert_eq!(document_ref_to_proto(&document), value);
            }
        }
    }
}
