//! Made for tests and for `aval up`: a development PKI, a development identity
//! provider, synthetic directory files.
//!
//! Nothing here is fit for production, and says so where it shows: the keys lie
//! in a folder, the provider signs in whoever asks, the people do not exist.
//!
//! - [`held`]: a program that a test may kill, pause and bring back.
//! - [`disk`]: a disk that may be full.
//! - [`link`]: a connection that may be slow, silent, bad, broken, and lead elsewhere.
//! - [`mutation`]: sound inputs with something wrong in them, for parsers.
//! - [`pgbouncer`]: a pooler before such a PostgreSQL.
//! - [`pki`]: a certificate authority of this machine alone, and certificates
//!   for the services and their callers.
//! - [`network`]: a network of a test's own, in which packets get lost.
//! - [`not_run`]: what is said of a test for which a program is missing.
//! - [`ports`]: ports of loopback that nobody else is given.
//! - [`postgres`]: PostgreSQL servers that a test may kill, and their standbys.
//! - [`program`]: a service's own program, run as an operator runs it.
//! - [`provider`]: an OpenID provider on loopback, shaped like Pro Santé Connect
//!   for professionals and like FranceConnect for patients, with the flawed
//!   tokens that a relying party must refuse.
//! - [`redis`]: Redis servers that a test may kill, pause, empty and bring back.
//! - [`synthesize`]: the national directory's file of practice situations,
//!   filled with people made up from a seed.

pub mod disk;
pub mod held;
pub mod link;
pub mod mutation;
pub mod network;
pub mod not_run;
pub mod pgbouncer;
pub mod pki;
pub mod ports;
pub mod postgres;
pub mod program;
pub mod provider;
pub mod redis;
pub mod synthesize;
