//! `[[notify.webhook]]`

use std::{collections::HashSet, net::IpAddr, time::Duration};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{faults::Faults, fields};
use crate::{
    order::TenantId,
    outbound::names_forbidden,
    store::Audience,
    text::invisible::invisible,
    webhook::{Endpoint, Key},
};

/// The daemon's grace period when it stops: a longer call would be cut off.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);
const LONGEST_NAME: usize = 64;

/// Who is notified when an order is settled.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notify {
    webhook: Vec<Block>,
    #[serde(skip)]
    pub(crate) webhooks: Vec<Webhook>,
}

#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    /// Where it is and how it is signed.
    pub(crate) endpoint: Endpoint,
    /// The one tenant whose orders it hears of; `None` for all.
    pub(crate) tenant: Option<TenantId>,
}

/// An address as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    name: String,
    #[serde(deserialize_with = "fields::secret")]
    url: SecretString,
    #[serde(deserialize_with = "fields::optional_secret")]
    secret: Option<SecretString>,
    #[serde(deserialize_with = "fields::optional_secret")]
    previous_secret: Option<SecretString>,
    tenant: String,
    #[serde(deserialize_with = "fields::duration")]
    timeout: Duration,
}

impl Notify {
    /// Keys, and the secret parts of addresses, for the log to mask.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = SecretString> {
        self.webhook.iter().flat_map(Block::secrets)
    }

    /// The addresses, for those who deliver.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.webhooks.iter().map(|webhook| &webhook.endpoint)
    }

    /// Who is to be notified, for those who settle.
    #[must_use]
    pub(crate) fn audience(&self) -> Vec<Audience> {
        let who = |webhook: &Webhook| Audience {
            endpoint: webhook.endpoint.name.clone(),
            tenant: webhook.tenant,
        };
        self.webhooks.iter().map(who).collect()
    }

    pub(super) fn validate(&mut self, faults: &mut Faults<'_>) {
        let mut names = HashSet::new();
        for (block, number) in self.webhook.iter().zip(1..) {
            let entry = format!("notify.webhook[{number}]");
            self.webhooks
                .extend(block.validate(&entry, &mut names, faults));
        }
    }
}

impl Block {
    /// `None` only together with a fault.
    fn validate(
        &self,
        entry: &str,
        names: &mut HashSet<String>,
        faults: &mut Faults<'_>,
    ) -> Option<Webhook> {
        let key = |name: &str| format!("{entry}.{name}");
        if let Err(message) = check_name(&self.name, names) {
            faults.wrong(&key("name"), message);
        }
        // The address may hold a secret, so it is not repeated.
        let url =
            parse_url(self.url.expose_secret()).map_err(|message| faults.add(&key("url"), message));
        let tenant = tenant(&self.tenant).map_err(|message| faults.wrong(&key("tenant"), &message));
        if self.timeout > LONGEST_TIMEOUT {
            faults.add(&key("timeout"), "must be at most 30s");
        }

        let mut keys = Vec::new();
        for (name, secret) in [
            ("secret", &self.secret),
            ("previous_secret", &self.previous_secret),
        ] {
            match secret
                .as_ref()
                .map(|secret| Key::parse(secret.expose_secret()))
            {
                Some(Ok(secret)) => keys.push(secret),
                Some(Err(error)) => faults.add(&key(name), error.to_string()),
                None if name == "secret" => {
                    faults.add(&key(name), "is required; set it or secret_file");
                }
                None => {}
            }
        }

        // Not before: every fault of the block has been found by now.
        Some(Webhook {
            endpoint: Endpoint {
                name: self.name.clone(),
                url: url.ok()?,
                keys,
                timeout: self.timeout,
            },
            tenant: tenant.ok()?,
        })
    }

    fn secrets(&self) -> Vec<SecretString> {
        let mut secrets: Vec<SecretString> = [&self.secret, &self.previous_secret]
            .into_iter()
            .flatten()
            // Without the prefix: a log may repeat the key alone.
            .filter_map(|secret| secret.expose_secret().strip_prefix("whsec_"))
            .map(SecretString::from)
            .collect();

        if let Ok(url) = Url::parse(self.url.expose_secret()) {
            secrets.extend(hidden(&url));
        }
        secrets
    }
}

fn check_name(name: &str, names: &mut HashSet<String>) -> Result<(), &'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
        return Err("must be 1 to 64 letters, digits, - or _");
    }
    if !names.insert(name.to_owned()) {
        return Err("must be unique");
    }
    Ok(())
}

fn parse_url(text: &str) -> Result<Url, &'static str> {
    let wrong = || "must be an address such as https://shop.example/webhooks";
    // The parser drops some of them and encodes others: what is sent would go elsewhere in silence.
    if invisible(text).is_some() {
        return Err("holds a character that no address has: copy it anew");
    }
    let url = Url::parse(text).map_err(|_| wrong())?;
    match (url.scheme(), url.host_str()) {
        (_, Some(_)) if names_forbidden(&url) => {
            Err("must not be link-local, multicast or a metadata service")
        }
        ("https", Some(_)) => Ok(url),
        ("http", Some(host)) if is_private(host) => Ok(url),
        ("http", Some(_)) => {
            Err("must begin with https://; http is for this machine and private networks")
        }
        _ => Err(wrong()),
    }
}

/// Whether a host can only be on this machine or in a private network: no public name is without a
/// dot or ends like these.
fn is_private(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Err(_) => {
            let ends = [".localhost", ".local", ".internal", ".lan", ".home.arpa"];
            !host.contains('.') || ends.iter().any(|end| host.ends_with(end))
        }
    }
}

fn tenant(text: &str) -> Result<Option<TenantId>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    fields::uuid(text, "a \"tenantId\"").map(|id| Some(TenantId(id)))
}

/// The parts of an address that may be secrets.
fn hidden(url: &Url) -> Vec<SecretString> {
    let query = url.query_pairs().map(|(_, value)| value.into_owned());
    let user = [url.username(), url.password().unwrap_or_default()].map(str::to_owned);
    // As a whole, too: a log may repeat it before it is decoded.
    let whole = url.query().map(str::to_owned);
    let all = user.into_iter().chain(whole).chain(query);
    all.filter(|secret| !secret.is_empty())
        .map(SecretString::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_in_private_networks() {
        for host in [
            "localhost",
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.9",
            "[::1]",
            "[fd00::1]",
            "shop",
            "shop.internal",
            "shop.localhost",
            "nas.local",
        ] {
            assert!(
                parse_url(&format!("http://{host}:3000/x")).is_ok(),
                "{host}"
            );
        }
        for host in [
            "shop.example",
            "8.8.8.8",
            "172.32.0.1",
            "[2001:db8::1]",
            "localhost.example",
            "127.0.0.1.example",
            "notlocal.com",
        ] {
            assert!(parse_url(&format!("http://{host}/x")).is_err(), "{host}");
            assert!(parse_url(&format!("https://{host}/x")).is_ok(), "{host}");
        }
        for host in ["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "0.0.0.0"] {
            for scheme in ["http", "https"] {
                assert!(
                    parse_url(&format!("{scheme}://{host}/x")).is_err(),
                    "{host}"
                );
            }
        }
        for text in ["", "shop", "ftp://shop/x", "https://", "mailto:a@b"] {
            assert!(parse_url(text).is_err(), "{text}");
        }
    }
}
