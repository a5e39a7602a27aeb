//! The three services of the contract: open the context, parse, call, render.

mod convert;
mod oversight_service;
mod status;
mod trail_service;
mod transparency_service;

pub use oversight_service::Oversight;
pub use trail_service::Trail;
pub use transparency_service::Transparency;
