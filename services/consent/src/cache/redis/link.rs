//! A connection to a server, or to a cluster, as one thing.

use std::fs;
use std::path::Path;

use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, FromRedisValue, IntoConnectionInfo,
    RedisError, RedisResult, TlsCertificates,
};
use zeroize::Zeroizing;

use super::circuit::Gone;
use super::config::{RedisConfig, RedisConfigError};

/// How often the driver follows a cluster whose slots moved, within one answer's time.
const MOVES: u32 = 3;

/// Whom to connect to.
pub(super) enum Server {
    Node(Client, AsyncConnectionConfig),
    Cluster(ClusterClient),
}

/// A connection that many use at once.
#[derive(Clone)]
pub(super) enum Link {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Server {
    /// Reads the files that are named. Does not connect.
    pub(super) fn of(config: &RedisConfig) -> Result<Self, RedisConfigError> {
        config.check()?;
        let addresses = addresses(config)?;
        let certificates = config.ca_file.as_deref().map(certificates).transpose()?;
        let patience = config.connect_timeout.get();
        if config.cluster {
            let mut builder = ClusterClient::builder(addresses)
                .connection_timeout(patience)
                .response_timeout(patience)
                .retries(MOVES)
                .min_retry_wait(1)
                .max_retry_wait(10);
            if let Some(certificates) = certificates {
                builder = builder.certs(certificates);
            }
            let cluster = builder.build().map_err(RedisConfigError::Driver)?;
            return Ok(Self::Cluster(cluster));
        }
        let Some(address) = addresses.into_iter().next() else {
            return Err(RedisConfigError::Refused {
                key: "urls",
                rule: "must name a server",
            });
        };
        let client = match certificates {
            Some(certificates) => Client::build_with_tls(address, certificates),
            None => Client::open(address),
        };
        // The tier itself bounds each answer.
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(patience))
            .set_response_timeout(None);
        Ok(Self::Node(
            client.map_err(RedisConfigError::Driver)?,
            settings,
        ))
    }

    /// A new connection that has answered once.
    pub(super) async fn connect(&self) -> RedisResult<Link> {
        match self {
            Self::Node(client, settings) => {
                let mut connection = client
                    .get_multiplexed_async_connection_with_config(settings)
                    .await?;
                let () = redis::cmd("PING").query_async(&mut connection).await?;
                Ok(Link::Node(connection))
            }
            // It has told its slots. That every master answers is not asked: what
            // the others hold is worth having.
            Self::Cluster(client) => client.get_async_connection().await.map(Link::Cluster),
        }
    }
}

impl Link {
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        match self.clone() {
            Self::Node(mut connection) => command.query_async(&mut connection).await,
            Self::Cluster(mut connection) => command.query_async(&mut connection).await,
        }
    }

    /// A cluster's driver connects again by itself to the master that was lost.
    pub(super) fn is_gone(&self, error: &RedisError) -> Gone {
        match self {
            Self::Node(_) if error.is_connection_dropped() => Gone::Surely,
            Self::Node(_) | Self::Cluster(_) => Gone::Perhaps,
        }
    }
}

fn addresses(config: &RedisConfig) -> Result<Vec<ConnectionInfo>, RedisConfigError> {
    let password = config.password_file.as_deref().map(password).transpose()?;
    let with_password = |url: &String| {
        let address = url.as_str().into_connection_info()?;
        let Some(password) = &password else {
            return Ok(address);
        };
        let settings = address.redis_settings().clone().set_password(&**password);
        Ok(address.set_redis_settings(settings))
    };
    config
        .urls
        .iter()
        .map(with_password)
        .collect::<RedisResult<_>>()
        .map_err(RedisConfigError::Driver)
}

fn password(path: &Path) -> Result<Zeroizing<String>, RedisConfigError> {
    let mut text = fs::read_to_string(path).map_err(|source| unreadable(path, source))?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(Zeroizing::new(text))
}

fn certificates(path: &Path) -> Result<TlsCertificates, RedisConfigError> {
    let authority = fs::read(path).map_err(|source| unreadable(path, source))?;
    Ok(TlsCertificates {
        client_tls: None,
        root_cert: Some(authority),
    })
}

fn unreadable(path: &Path, source: std::io::Error) -> RedisConfigError {
    RedisConfigError::File {
        path: path.to_owned(),
        source,
    }
}
