//! `orderwatch healthcheck`: asks the daemon on this machine whether a worker is stalled. For containers, whose
//! images have no other program that could ask.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use reqwest::{Method, Request, StatusCode, Url};

use super::{Global, out};
use crate::outbound::{Http, HttpSettings};

/// Shorter than the time that container runtimes give a check.
const PATIENCE: Duration = Duration::from_secs(5);
/// The answer is one line.
const LONGEST_ANSWER: usize = 64 * 1024;

pub(super) const EXAMPLES: &str = "\
Example:
  orderwatch healthcheck && echo well

Asks /livez at http.listen. Exit codes: 0 it is well, 1 it is not or does not answer.";

pub(super) async fn run(global: &Global) -> anyhow::Result<ExitCode> {
    let http = global.load()?.config.http;
    ensure!(
        http.enabled,
        "http.enabled is false: there is nothing to ask"
    );
    ensure!(
        http.listen.port() != 0,
        "http.listen has port 0: the port is only known to the daemon's log"
    );

    let address = reachable(http.listen);
    let url = Url::parse(&format!("http://{address}/livez"))?;
    let client = Http::new(&HttpSettings {
        connect_timeout: PATIENCE,
        request_timeout: PATIENCE,
    })?;

    let answer = client
        .once(Request::new(Method::GET, url), LONGEST_ANSWER)
        .await
        .with_context(|| format!("nobody answers at {address} (http.listen)"))?;

    if answer.status != StatusCode::OK {
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        bail!("{address} answers {}: {said}", answer.status);
    }

    out::line("It is well.")?;
    Ok(ExitCode::SUCCESS)
}

fn reachable(listen: SocketAddr) -> SocketAddr {
    // Whoever listens at every address is reached at this machine's own.
    let mut address = listen;
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
