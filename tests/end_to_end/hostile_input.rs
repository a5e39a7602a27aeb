//! Input that is wrong, by accident or by intent, through the real sockets: it is
//! refused with its reason, changes nothing, and is never repeated in the refusal.

mod aval_tokens;
mod exclusive_fields;
mod files;
mod numbers;
mod pages;
mod provider_tokens;
mod repeated_writes;
mod requests;
