//! What the kubelet asks of a pod, asked by this program.

use super::cluster::Pod;
use super::podman::Podman;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// One question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// Whether this path answers `200`.
    Http { path: String, port: u16 },
    /// Whether somebody listens.
    Tcp { port: u16 },
    /// Whether this command succeeds in the container.
    Exec(Vec<String>),
}

impl Probe {
    /// Those of a container: when it is ready, then whether it is alive.
    pub(super) fn of(container: &Value) -> Result<Vec<Self>> {
        let probes = ["readinessProbe", "livenessProbe"];
        let probes = probes.iter().filter_map(|key| container.get(key));
        probes.map(|probe| Self::read(probe, container)).collect()
    }

    fn read(probe: &Value, container: &Value) -> Result<Self> {
        let port = |named: &Value| {
            let ports = container["ports"].as_array().into_iter().flatten();
            let mut ports = ports.filter(|port| port["name"] == *named);
            let by_name = || ports.next()?["containerPort"].as_u64();
            let number = named.as_u64().or_else(by_name);
            let number = number.with_context(|| format!("no port is named {named}"))?;
            Ok::<_, anyhow::Error>(u16::try_from(number)?)
        };
        if let Some(http) = probe.get("httpGet") {
            return Ok(Self::Http {
                path: http["path"]
                    .as_str()
                    .context("a probe has a path")?
                    .to_owned(),
                port: port(&http["port"])?,
            });
        }
        if let Some(tcp) = probe.get("tcpSocket") {
            return Ok(Self::Tcp {
                port: port(&tcp["port"])?,
            });
        }
        let Some(command) = probe["exec"]["command"].as_array() else {
            bail!("a probe of another kind: {probe}");
        };
        let words = command.iter().filter_map(Value::as_str).map(str::to_owned);
        Ok(Self::Exec(words.collect()))
    }

    /// Asks it once.
    pub(super) fn ask(&self, podman: &Podman, pod: &Pod) -> Result<()> {
        match self {
            Self::Http { path, port } => answers(&pod.address, *port, path),
            Self::Tcp { port } => connect(&pod.address, *port).map(drop),
            Self::Exec(command) => podman.exec(pod, command),
        }
    }
}

fn connect(address: &str, port: u16) -> Result<TcpStream> {
    let address = format!("{address}:{port}").parse()?;
    Ok(TcpStream::connect_timeout(
        &address,
        Duration::from_secs(1),
    )?)
}

fn answers(address: &str, port: u16, path: &str) -> Result<()> {
    let mut stream = connect(address, port)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.lines().next().unwrap_or_default();
    ensure!(status.contains(" 200 "), "{path} answers {status:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Probe;
    use serde_json::json;

    #[test]
    fn ports_are_found_by_their_names_and_by_their_numbers() {
        let container = json!({
            "ports": [{ "name": "grpc", "containerPort": 8443 }, { "name": "ops", "containerPort": 9090 }],
            "livenessProbe": { "tcpSocket": { "port": 6379 } },
            "readinessProbe": { "httpGet": { "path": "/ready", "port": "ops" } },
        });
        let ready = Probe::Http {
            path: "/ready".to_owned(),
            port: 9090,
        };
        assert_eq!(
            Probe::of(&container).unwrap(),
            [ready, Probe::Tcp { port: 6379 }]
        );
    }

    #[test]
    fn a_probe_of_another_kind_is_not_passed_over() {
        let container = json!({ "readinessProbe": { "grpc": { "port": 8443 } } });
        assert!(Probe::of(&container).is_err());
    }
}
