//! What of a PostgreSQL's configuration whoever is on the way to it could use.

use std::net::IpAddr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::{DatabaseConfig, DatabaseError};

/// What would be open to others than this machine and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exposed {
    /// The connection: it is in clear, or with anybody who says that they are the server.
    Connection,
    /// The password, which stands where manifests and lists of processes show it.
    Password,
}

impl Exposed {
    /// What it means where it is allowed, for the log.
    pub(crate) const fn said(self) -> &'static str {
        match self {
            Self::Connection => {
                "the way to PostgreSQL is not protected (database.insecure_network): whoever is \
                 on it reads and changes everything; for development only"
            }
            Self::Password => {
                "the password of PostgreSQL stands in its URL (database.insecure_network): \
                 whoever reads the configuration has it; for development only"
            }
        }
    }

    /// The rule that is broken, for operators.
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::Connection => {
                "must say sslmode=verify-full and sslrootcert, where the server \
                 is not this machine; for development only, set database.insecure_network = true"
            }
            Self::Password => {
                "must hold no password, where the server is not this machine: it goes into \
                 database.password_file; for development only, set database.insecure_network = true"
            }
        }
    }
}

impl DatabaseConfig {
    /// What would be exposed; nothing on this machine. `sslmode=require` encrypts and asks
    /// nobody who they are: whoever is on the way may answer.
    pub(crate) fn exposed(&self) -> Result<Option<Exposed>, DatabaseError> {
        if !self.is_postgres() {
            return Ok(None);
        }
        let options = self.connect_options()?;
        if is_here(&options) {
            return Ok(None);
        }
        // `verify-ca` asks whose name it is of nobody, and public authorities are believed
        // beside `sslrootcert`: a certificate for any name would do.
        if !matches!(options.get_ssl_mode(), PgSslMode::VerifyFull) {
            return Ok(Some(Exposed::Connection));
        }
        Ok(holds_password(&self.url).then_some(Exposed::Password))
    }

    /// The URL, as the driver reads it.
    pub(crate) fn connect_options(&self) -> Result<PgConnectOptions, DatabaseError> {
        self.url.parse().map_err(|_| DatabaseError::Configuration {
            key: "url",
            rule: "is a PostgreSQL connection URL",
        })
    }
}

/// A socket of this machine, or its loopback.
fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some() || host.starts_with('/') || is_this_machine(host)
}

/// Whether this host of an address is the loopback of this machine. An IPv6 address may stand
/// in brackets.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Before the `@`, after a colon; or among the parameters.
fn holds_password(url: &str) -> bool {
    let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
    let authority = address.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':')
        || parameters
            .split('&')
            .any(|parameter| parameter.starts_with("password="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(url: &str) -> Option<Exposed> {
        DatabaseConfig::for_url(url).exposed().unwrap()
    }

    #[test]
    fn beyond_this_machine_a_server_must_prove_who_it_is() {
        for mode in [
            "",
            "?sslmode=disable",
            "?sslmode=allow",
            "?sslmode=prefer",
            "?sslmode=require",
            "?sslmode=verify-ca&sslrootcert=/ca.crt",
        ] {
            for host in ["db", "10.0.0.1", "[2001:db8::1]", "localhost.example"] {
                let url = format!("postgres://aval@{host}:5432/aval{mode}");
                assert_eq!(exposed(&url), Some(Exposed::Connection), "{url}");
            }
        }
        for url in [
            "postgres://aval@db/aval?sslmode=verify-full&sslrootcert=/ca.crt",
            "postgresql://aval@db/aval?sslmode=verify-full",
            "postgres://aval@127.0.0.1:5432/aval",
            "postgres://aval:secret@[::1]/aval?sslmode=disable",
            "postgres://aval:secret@localhost/aval",
            "postgres:///aval?host=/run/postgresql&password=secret",
            "sqlite://aval.sqlite",
        ] {
            assert_eq!(exposed(url), None, "{url}");
        }
        // What comes last counts, as it does for the driver.
        let elsewhere = "postgres://aval@localhost/aval?host=db";
        assert_eq!(exposed(elsewhere), Some(Exposed::Connection));
    }

    #[test]
    fn beyond_this_machine_no_password_stands_in_the_url() {
        for url in [
            "postgres://aval:secret@db/aval?sslmode=verify-full",
            "postgres://aval:@db/aval?sslmode=verify-full",
            "postgres://aval@db/aval?sslmode=verify-full&password=secret",
        ] {
            assert_eq!(exposed(url), Some(Exposed::Password), "{url}");
        }
    }
}
