//! `[trendyol.webhook]`

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use crate::config::{
    faults::Faults,
    fields::{self, no_key_has},
};

/// Where calls come in, below the public address; the seller's number follows. Without Trendyol's name: it
/// takes no address with that in it.
pub(crate) const HOOKS_PATH: &str = "/hooks/orders/";
/// What Trendyol refuses in an address.
const REFUSED: [&str; 3] = ["trendyol", "dolap", "localhost"];
/// Anything shorter can be guessed.
const SHORTEST_PASSWORD: usize = 16;

/// How Trendyol calls when an order changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrendyolWebhook {
    /// Whether its calls are taken.
    pub(crate) enabled: bool,
    /// Under which address it reaches us; `None` only while it is not enabled.
    #[serde(deserialize_with = "public_url")]
    pub(crate) public_url: Option<Url>,
    /// The name that it shows.
    #[serde(deserialize_with = "user")]
    pub(crate) user: String,
    /// The password that it shows, or its key in `x-api-key`. Empty only while it is not enabled.
    #[serde(deserialize_with = "fields::secret")]
    pub(crate) password: SecretString,
}

impl TrendyolWebhook {
    /// The address at which Trendyol calls for a seller.
    #[must_use]
    pub(crate) fn address(&self, seller_id: &str) -> Option<String> {
        let base = self.public_url.as_ref()?.as_str().trim_end_matches('/');
        Some(format!("{base}{HOOKS_PATH}{seller_id}"))
    }

    pub(super) fn validate(&self, faults: &mut Faults<'_>) {
        const PASSWORD: &str = "trendyol.webhook.password";
        let password = self.password.expose_secret();
        if let Some(c) = password.chars().find(|c| !c.is_ascii_graphic()) {
            faults.add(PASSWORD, no_key_has(c));
        } else if !password.is_empty() && password.len() < SHORTEST_PASSWORD {
            faults.add(
                PASSWORD,
                format!(
                    "is too short: at least {SHORTEST_PASSWORD} characters, such as `openssl rand -hex 16` prints"
                ),
            );
        }
        if !self.enabled {
            return;
        }

        let required = "is required while trendyol.webhook.enabled is true";
        if self.public_url.is_none() {
            faults.missing("trendyol.webhook.public_url", required);
        }
        if self.user.is_empty() {
            faults.missing("trendyol.webhook.user", required);
        }
        if password.is_empty() {
            faults.missing(PASSWORD, format!("{required}; set it or password_file"));
        }
    }
}

fn public_url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    fields::text(from, |text| {
        if text.trim().is_empty() {
            return Ok(None);
        }

        let lower = text.to_ascii_lowercase();
        if let Some(word) = REFUSED.into_iter().find(|word| lower.contains(word)) {
            return Err(format!(
                "must not contain \"{word}\": Trendyol refuses such an address"
            ));
        }
        fields::https(text, "https://orders.shop.example").map(Some)
    })
}

fn user<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    fields::text(from, |text| {
        let text = text.trim();
        let strange = |c: &char| !c.is_ascii_graphic() || *c == ':';
        match text.chars().find(strange) {
            None => Ok(text.to_owned()),
            Some(':') => Err("must be without a colon, which would end it early".to_owned()),
            Some(c) => Err(no_key_has(c)),
        }
    })
}
