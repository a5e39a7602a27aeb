//! Each rule by example; the walk against a second evaluator; what must never happen.

mod authorizations;
mod authorized;
mod cases;
mod differential;
mod documents;
mod explanations;
mod missing;
mod monotone;
mod properties;
mod reference;
mod situations;
mod table;
mod worlds;
