//! `serene healthcheck`: asks the server on this machine whether it is ready.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;

use crate::{config::Config, out::say};

const PATIENCE: Duration = Duration::from_secs(3);

/// Exit code 0 when `/readyz` answers 200.
pub(crate) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    // Listening on every address includes this one.
    let host = match config.host {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    let address = SocketAddr::new(host, config.port);
    let answer = ask(address).with_context(|| format!("no answer from http://{address}/readyz"))?;
    if answer.starts_with("HTTP/1.1 200 ") {
        say!("ready");
        return Ok(ExitCode::SUCCESS);
    }
    let status = answer.lines().next().unwrap_or_default();
    anyhow::bail!("http://{address}/readyz answers {status}")
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
