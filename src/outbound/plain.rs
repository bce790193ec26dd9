//! Which servers may be called without encryption.
//!
//! A panel's account, its codes and its players travel with every request. What must stay true: they travel in the
//! clear only to a host that the configuration names, whatever stands in the shop's tables. This machine needs no
//! permission, as nothing leaves it.

use std::net::IpAddr;

use reqwest::Url;

use super::{base_url, reach::host_ip};

/// The hosts that may be called over plain HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlainHttp(Vec<String>);

/// How what is sent to an address is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrecy {
    /// Encrypted, or it never leaves this machine.
    Kept,
    /// In the clear, as the configuration permits.
    PlainAllowed,
    /// In the clear, which nothing permits.
    PlainRefused,
}

impl PlainHttp {
    /// Reads hosts. The error is the first that is none.
    pub(crate) fn parse<'h>(hosts: &'h [String]) -> Result<Self, &'h str> {
        let read = |host: &'h String| normal(host).ok_or(host.as_str());
        let hosts: Result<_, _> = hosts.iter().map(read).collect();
        hosts.map(Self)
    }

    /// How what is sent to a server is kept, by its base URL; `None` for what is none.
    #[must_use]
    pub(crate) fn secrecy(&self, address: &str) -> Option<Secrecy> {
        let url = base_url(address).ok()?;
        if url.scheme() != "http" || is_this_machine(&url) {
            return Some(Secrecy::Kept);
        }

        let host = url.host_str()?.trim_end_matches('.');
        Some(if self.0.iter().any(|allowed| allowed == host) {
            Secrecy::PlainAllowed
        } else {
            Secrecy::PlainRefused
        })
    }
}

/// A host as addresses have it: in small letters, names of other scripts in their ASCII form. `None` for what is
/// more than a host, and for a pattern.
fn normal(host: &str) -> Option<String> {
    let written = host.trim().trim_end_matches('.');
    let bracketed = match written.parse() {
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        _ => written.to_owned(),
    };
    // What ends a host in an address would be dropped there in silence.
    if written.is_empty() || written.contains(['/', '?', '#', '@', '*', '\\', ' ']) {
        return None;
    }

    let url = Url::parse(&format!("http://{bracketed}/")).ok()?;
    let bare = url.port().is_none() && !bracketed.ends_with(":80");
    bare.then(|| url.host_str().map(str::to_owned)).flatten()
}

/// By its number, or by the name that every system has for it: any other name may lead elsewhere tomorrow.
fn is_this_machine(url: &Url) -> bool {
    host_ip(url).map_or(url.host_str() == Some("localhost"), |ip| {
        ip.to_canonical().is_loopback()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(hosts: &[&str]) -> Vec<String> {
        hosts.iter().map(|host| (*host).to_owned()).collect()
    }

    #[test]
    fn plain_http_needs_permission_for_the_host() {
        let written = [
            "Panel.Example.",
            "bayiğ.example",
            "10.0.0.7",
            "fd00::7",
            "[fd00::8]",
        ];
        let plain = PlainHttp::parse(&hosts(&written)).unwrap();
        for (address, want) in [
            ("https://other.example/", Secrecy::Kept),
            ("http://127.0.0.1:81/", Secrecy::Kept),
            ("http://127.9.9.9/", Secrecy::Kept),
            ("http://[::1]/", Secrecy::Kept),
            ("http://[::ffff:127.0.0.1]/", Secrecy::Kept),
            ("http://LOCALHOST:81/", Secrecy::Kept),
            ("http://panel.localhost/", Secrecy::PlainRefused),
            ("http://panel.example/alt/", Secrecy::PlainAllowed),
            ("http://PANEL.example.:8080/", Secrecy::PlainAllowed),
            ("http://xn--bayi-3wa.example/", Secrecy::PlainAllowed),
            ("http://10.0.0.7/", Secrecy::PlainAllowed),
            ("http://[fd00:0::7]/", Secrecy::PlainAllowed),
            ("http://[fd00::8]:81/", Secrecy::PlainAllowed),
            ("https://panel.example/", Secrecy::Kept),
            ("http://www.panel.example/", Secrecy::PlainRefused),
            ("http://example/", Secrecy::PlainRefused),
            ("http://10.0.0.8/", Secrecy::PlainRefused),
            ("http://panel.example.evil.example/", Secrecy::PlainRefused),
            ("http://localhost.example/", Secrecy::PlainRefused),
            ("http://127.0.0.1.example/", Secrecy::PlainRefused),
        ] {
            assert_eq!(plain.secrecy(address), Some(want), "{address}");
        }
        for address in ["", "panel.example", "ftp://panel.example/"] {
            assert_eq!(plain.secrecy(address), None, "{address}");
        }
    }

    #[test]
    fn only_a_host_is_taken() {
        for host in [
            "",
            " ",
            "http://panel.example",
            "panel.example/alt",
            "panel.example:81",
            "panel.example:80",
            "u@panel.example",
            "*",
            "*.example",
            "panel example",
            "[fd00::8]:80",
        ] {
            assert_eq!(PlainHttp::parse(&hosts(&["a.example", host])), Err(host));
        }
    }
}
