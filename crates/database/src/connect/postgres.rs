//! PostgreSQL: one pool for reading and writing.

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use super::{Connections, pool, quiet_options};
use crate::{DatabaseConfig, DatabaseError};

pub(super) async fn open(config: &DatabaseConfig) -> Result<Connections, DatabaseError> {
    let connect = connect_options(config)?;
    let mut options = quiet_options("postgres://configured", config);
    options
        .max_connections(config.max_connections)
        .map_sqlx_postgres_opts(move |_| connect.clone());
    let pool = pool(options).await?;
    Ok(Connections {
        writer: pool.clone(),
        reader: pool,
    })
}

fn connect_options(config: &DatabaseConfig) -> Result<PgConnectOptions, DatabaseError> {
    let mut connect: PgConnectOptions =
        config
            .url
            .parse()
            .map_err(|_| DatabaseError::Configuration {
                rule: "url is a PostgreSQL connection URL",
            })?;
    if let Some(path) = &config.password_file {
        let password = std::fs::read_to_string(path).map_err(|_| DatabaseError::Configuration {
            rule: "password_file is a readable text file",
        })?;
        connect = connect.password(password.trim_end_matches(['\r', '\n']));
    }
    let timeout = config.statement_timeout().as_millis().to_string();
    // Compiling a plan takes longer than what most statements here take; of the few that
    // take long the estimates are too rough to tell when it would pay.
    connect = connect
        .application_name("aval")
        .options([("statement_timeout", timeout.as_str()), ("jit", "off")])
        .disable_statement_logging();
    if let Some(schema) = &config.schema {
        connect = connect.options([("search_path", schema)]);
    }
    Ok(connect)
}
