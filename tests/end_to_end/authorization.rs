//! Who may not, for every call of the contract: software without a certificate or
//! not in the table of callers, nobody where somebody is needed, somebody else.

mod callers;
mod persons;
mod producers;
