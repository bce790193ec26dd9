//! Which addresses a request may go to.
//!
//! The address of a panel stands in a table of the shop, and names are resolved by servers of others. Neither may
//! lead a request to a cloud's metadata service, which gives away the machine's own credentials, or to what is no
//! server at all. What must stay true: the addresses that are judged are those that are connected to, at each
//! connection anew; a name that changes its meaning in between gains nothing.
//!
//! Loopback and private networks are no fault: the shop, a tunnel or a practice panel may be there.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// Metadata services outside 169.254.0.0/16: Alibaba's, and Azure's, which hands out certificates.
const METADATA_V4: [Ipv4Addr; 2] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
];
/// Google's and Scaleway's, in the midst of private networks.
const METADATA_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
];
/// Where AWS has its own and the other services of a machine.
const AWS_V6: [u16; 2] = [0xfd00, 0xec2];

/// A name has no other addresses than those that are never called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name leads to an address that is never called")]
pub(super) struct Forbidden;

/// Whether no request may go there.
#[must_use]
pub(super) fn is_forbidden(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_forbidden_v4(ip),
        IpAddr::V6(ip) => match carried(ip) {
            Some(ip) => is_forbidden_v4(ip),
            None => is_forbidden_v6(ip),
        },
    }
}

/// Whether the host of an address is a number that is forbidden. Names are judged when they are resolved.
#[must_use]
pub(crate) fn names_forbidden(url: &Url) -> bool {
    host_ip(url).is_some_and(is_forbidden)
}

/// The host of an address, where it is a number.
pub(super) fn host_ip(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

fn is_forbidden_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    ip.is_link_local()
        || METADATA_V4.contains(&ip)
        // "This network": 0.0.0.0 reaches the machine itself.
        || a == 0
        // Reserved for protocols; Oracle's older metadata service is among them.
        || [a, b, c] == [192, 0, 0]
        || ip.is_multicast()
        // Reserved, and the broadcast address.
        || a >= 240
}

fn is_forbidden_v6(ip: Ipv6Addr) -> bool {
    ip.is_unspecified()
        || ip.is_unicast_link_local()
        || ip.is_multicast()
        || ip.segments().starts_with(&AWS_V6)
        || METADATA_V6.contains(&ip)
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, or reached by a translator (NAT64, 6to4).
fn carried(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };

    match ip.segments() {
        // :: and ::1 are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(v4(high, low))
        }
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

/// Resolves names as the system does.
pub(super) struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is put in by whoever connects.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            match found {
                Ok(found) => Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs),
                Err(error) => Err(error.into()),
            }
        })
    }
}

/// Leaves out the addresses that are never called.
pub(super) struct Guard(pub(super) Arc<dyn Resolve>);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let resolving = self.0.resolve(name);
        Box::pin(async move {
            let found: Vec<SocketAddr> = resolving.await?.collect();
            // A machine's own name often has a link-local address beside the one that is meant.
            let allowed = found.iter().filter(|found| !is_forbidden(found.ip()));
            let allowed: Vec<SocketAddr> = allowed.copied().collect();

            if allowed.is_empty() && !found.is_empty() {
                return Err(Box::new(Forbidden) as Box<dyn Error + Send + Sync>);
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_server_is_never_called() {
        for ip in [
            "169.254.0.1",
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fd00:42::42",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.0",
            "::ffff:224.0.0.1",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(is_forbidden(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn servers_this_machine_and_private_networks_are_called() {
        for ip in [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "8.8.8.8",
            "192.0.2.1",
            "168.63.129.17",
            "169.253.0.1",
            "223.255.255.255",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fd00::1",
            "fd20:ce::253",
            "fec0::1",
            "2001:db8::1",
            "2002:0808:0808::1",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(!is_forbidden(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn a_number_is_known_however_it_is_written() {
        for (address, want) in [
            ("http://169.254.169.254/x", true),
            ("https://[fe80::1]:8443/", true),
            ("http://[::ffff:169.254.169.254]/", true),
            // As browsers and many libraries read them.
            ("http://2852039166/", true),
            ("http://0xa9fea9fe/", true),
            ("http://0251.0376.0251.0376/", true),
            ("http://169.254.43518/", true),
            ("http://169.254.169.254./", true),
            ("http://0/", true),
            ("http://127.0.0.1/", false),
            ("http://169.254.169.254.panel.example/", false),
            ("https://panel.example/169.254.169.254", false),
        ] {
            let url = Url::parse(address).unwrap();
            assert_eq!(names_forbidden(&url), want, "{address} is {url}");
        }
    }
}
