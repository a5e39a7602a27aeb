//! The services of the contract: open the context, parse, call, render.

mod convert;
mod finding_service;
mod oversight_service;
mod retention_service;
mod status;
mod trail_service;
mod transparency_service;

pub use finding_service::Findings;
pub use oversight_service::Oversight;
pub use retention_service::Retention;
pub use trail_service::Trail;
pub use transparency_service::Transparency;
