//! Documents as access rules see them: a name, a class, perhaps a type and an author.

mod class;
mod classes;
mod document_type;

pub use class::DocumentClass;
pub use classes::DocumentClasses;
pub use document_type::DocumentType;

use serde::{Deserialize, Serialize};

use crate::id::{DocumentId, PractitionerId};
use crate::time::Timestamp;

/// What a decision needs to know about a document. The caller, which holds the
/// document, says so; nothing of its content comes here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentRef {
    /// The document registry's name for it.
    pub id: DocumentId,
    /// Its category.
    pub class: DocumentClass,
    /// Its type, finer than the category, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_type: Option<DocumentType>,
    /// Who deposited it, where a practitioner did: they still see it when it is
    /// masked (art. R.1111-49 CSP).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<PractitionerId>,
    /// When it was deposited, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributed_at: Option<Timestamp>,
}
