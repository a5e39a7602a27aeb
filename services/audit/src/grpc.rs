//! The two services of the contract: open the context, parse, call, render.

mod convert;
mod status;
mod trail_service;
mod transparency_service;

pub use trail_service::Trail;
pub use transparency_service::Transparency;
