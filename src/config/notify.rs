//! `[[notify.webhook]]`

use std::{collections::HashSet, net::IpAddr, time::Duration};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::read::{Reader, Section};
use crate::{
    order::TenantId,
    store::Audience,
    webhook::{Endpoint, Key},
};

const LIST: &str = "notify.webhook";
/// Longer than the daemon takes to stop.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);
const LONGEST_NAME: usize = 64;

/// Who is told when an order is settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// The addresses.
    pub webhooks: Vec<Webhook>,
}

/// One address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where it is and how it is signed.
    pub endpoint: Endpoint,
    /// The one tenant whose orders it hears of; `None` for all.
    pub tenant: Option<TenantId>,
    /// What must not be seen of it.
    secrets: Hidden,
}

/// Kept for the log to mask.
#[derive(Clone, Debug, Default)]
struct Hidden(Vec<SecretString>);

/// The endpoint says it all.
impl PartialEq for Hidden {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Hidden {}

impl Notify {
    /// Keys, and the secret parts of addresses, for the log to mask.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        self.webhooks.iter().flat_map(|webhook| &webhook.secrets.0)
    }

    /// The addresses, for those who deliver.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.webhooks.iter().map(|webhook| &webhook.endpoint)
    }

    /// Who is told, for those who settle.
    #[must_use]
    pub fn audience(&self) -> Vec<Audience> {
        let who = |webhook: &Webhook| Audience {
            endpoint: webhook.endpoint.name.clone(),
            tenant: webhook.tenant,
        };
        self.webhooks.iter().map(who).collect()
    }

    /// `None` only together with a fault.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut names = HashSet::new();
        let entries = 1..=reader.entries(LIST);
        let webhooks: Vec<Option<Webhook>> = entries
            .map(|number| Webhook::read(reader.entry(LIST, number), &mut names))
            .collect();
        let webhooks: Option<Vec<Webhook>> = webhooks.into_iter().collect();
        webhooks.map(|webhooks| Self { webhooks })
    }
}

impl Webhook {
    fn read(mut section: Section<'_, '_>, names: &mut HashSet<String>) -> Option<Self> {
        let name = section.parsed("name", |text| name(text, names));
        let url = read_url(&mut section);
        let (keys, mut secrets) = read_keys(&mut section);
        let tenant = section.parsed("tenant", tenant);
        let timeout = read_timeout(&mut section);
        let url = url?;
        secrets.extend(hidden(&url));
        Some(Self {
            endpoint: Endpoint {
                name: name?,
                url,
                keys: keys?,
                timeout,
            },
            tenant: tenant?,
            secrets: Hidden(secrets),
        })
    }
}

fn name(text: &str, names: &mut HashSet<String>) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if text.is_empty() || text.len() > LONGEST_NAME || !text.chars().all(plain) {
        return Err("must be 1 to 64 letters, digits, - or _".to_owned());
    }
    if !names.insert(text.to_owned()) {
        return Err("must be unique".to_owned());
    }
    Ok(text.to_owned())
}

/// No fault repeats the address: it may hold a secret.
fn read_url(section: &mut Section<'_, '_>) -> Option<Url> {
    let text = section.text("url");
    url(&text)
        .map_err(|message| section.fault("url", message))
        .ok()
}

fn url(text: &str) -> Result<Url, &'static str> {
    let wrong = || "must be an address such as https://shop.example/webhooks";
    let url = Url::parse(text).map_err(|_| wrong())?;
    match (url.scheme(), url.host_str()) {
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
pub(crate) fn is_private(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
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
    let id = Uuid::try_parse(text).map_err(|_| "must be a \"tenantId\", a UUID".to_owned())?;
    Ok(Some(TenantId(id)))
}

fn read_timeout(section: &mut Section<'_, '_>) -> Duration {
    let timeout = section.duration("timeout");
    if timeout > LONGEST_TIMEOUT {
        section.fault("timeout", "must be at most 30s");
    }
    timeout
}

/// The keys, the one in force first, and their texts. No keys only together with a fault.
fn read_keys(section: &mut Section<'_, '_>) -> (Option<Vec<Key>>, Vec<SecretString>) {
    let before = section.reader().fault_count();
    let mut keys = Vec::new();
    let mut texts = Vec::new();
    for which in ["secret", "previous_secret"] {
        let Some((text, given_as)) = section.secret(which) else {
            continue;
        };
        match Key::parse(text.expose_secret()) {
            Ok(key) => keys.push(key),
            Err(error) => section.fault(&given_as, error.to_string()),
        }
        texts.extend(text.expose_secret().strip_prefix("whsec_").map(Into::into));
    }
    let faulty = section.reader().fault_count() > before;
    if !faulty && !section.is_set("secret") && !section.is_set("secret_file") {
        section.fault("secret", "is required; set it or secret_file");
        return (None, texts);
    }
    ((!faulty).then_some(keys), texts)
}

/// The parts of an address that may be secrets.
fn hidden(url: &Url) -> Vec<SecretString> {
    let query = url.query_pairs().map(|(_, value)| value.into_owned());
    let user = [url.username(), url.password().unwrap_or_default()].map(str::to_owned);
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
            assert!(url(&format!("http://{host}:3000/x")).is_ok(), "{host}");
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
            assert!(url(&format!("http://{host}/x")).is_err(), "{host}");
            assert!(url(&format!("https://{host}/x")).is_ok(), "{host}");
        }
        for text in ["", "shop", "ftp://shop/x", "https://", "mailto:a@b"] {
            assert!(url(text).is_err(), "{text}");
        }
    }
}
