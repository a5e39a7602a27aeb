//! The wire: the only place that knows the generated types and tonic.

mod convert;
mod directory_client;
mod merge_service;
mod patient_service;
mod session_service;
mod status;

pub use directory_client::DirectoryClient;
pub use merge_service::MergeGrpc;
pub use patient_service::PatientGrpc;
pub use session_service::SessionGrpc;
