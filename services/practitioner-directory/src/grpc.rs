//! The two services of the contract: open the context, parse, call, render.

mod convert;
mod directory_admin_service;
mod directory_service;
mod extraction_stream;
mod list_token;
mod status;

pub use directory_admin_service::DirectoryAdmin;
pub use directory_service::Directory;
