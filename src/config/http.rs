//! `[http]`

use std::net::SocketAddr;

use chrono_tz::Tz;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use super::{BasePath, faults::Faults, fields};

/// Anything shorter can be guessed.
const SHORTEST_TOKEN: usize = 16;
const LONGEST_TOKEN: usize = 512;

/// The page, the API and the metrics.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    pub(crate) enabled: bool,
    /// Where; port 0 takes any free one.
    #[serde(deserialize_with = "listen")]
    pub(crate) listen: SocketAddr,
    /// Below which path of a proxy.
    pub(crate) base_path: BasePath,
    /// What has to be shown. Without one, `listen` is of this machine alone.
    #[serde(deserialize_with = "fields::optional_secret")]
    pub(crate) token: Option<SecretString>,
    /// Of the times on the page.
    #[serde(deserialize_with = "fields::time_zone")]
    pub(crate) time_zone: Tz,
}

impl Http {
    pub(super) fn validate(&self, faults: &mut Faults<'_>) {
        if let Some(message) = self.token.as_ref().and_then(refuse_token) {
            faults.add("http.token", message);
        }
        // Whoever reaches the address may pause, resend and release, unless a token is asked for.
        if self.enabled && self.token.is_none() && !is_loopback(self.listen) {
            faults.contradiction(
                &["http.listen", "http.token"],
                format!(
                    "does not fit: http.listen ({}) can be reached from other machines, and no http.token \
                     is set; set http.token_file, or listen at 127.0.0.1:{}",
                    self.listen,
                    self.listen.port()
                ),
            );
        }
    }
}

/// Whether only this machine can reach the address.
fn is_loopback(address: SocketAddr) -> bool {
    // Canonical, since ::ffff:127.0.0.1 is this machine as well.
    address.ip().to_canonical().is_loopback()
}

fn listen<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    fields::text(from, |text| {
        text.parse().map_err(|_| {
            "must be an address of this machine with a port, such as \"127.0.0.1:8787\" or \"[::1]:8787\""
                .to_owned()
        })
    })
}

/// What is wrong with a token, if anything is.
fn refuse_token(token: &SecretString) -> Option<String> {
    let text = token.expose_secret();
    // It travels in a header, and people paste it into a form.
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("must consist of ASCII letters, digits and signs, without blanks".to_owned())
    } else if text.len() < SHORTEST_TOKEN {
        Some(format!(
            "is too short: at least {SHORTEST_TOKEN} characters, such as `openssl rand -hex 32` prints"
        ))
    } else if text.len() > LONGEST_TOKEN {
        Some(format!("is too long: at most {LONGEST_TOKEN} characters"))
    } else {
        None
    }
}
