//! `[trendyol.webhook]`

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::{address, no_key_has};
use crate::config::read::Section;

/// Where calls come in, below the public address; the seller's number follows. Trendyol takes no
/// address with its own name in it.
pub const HOOKS_PATH: &str = "/hooks/orders/";
/// What Trendyol refuses in an address.
const REFUSED: [&str; 3] = ["trendyol", "dolap", "localhost"];
/// Anything shorter can be guessed.
const SHORTEST_PASSWORD: usize = 16;

/// How Trendyol calls when an order changes.
#[derive(Clone, Debug)]
pub struct TrendyolWebhook {
    /// Whether its calls are taken.
    pub enabled: bool,
    /// Under which address it reaches us; `None` only while it is not enabled.
    pub public_url: Option<Url>,
    /// The name that it shows.
    pub user: String,
    /// The password that it shows, or its key in `x-api-key`. Empty only while it is not enabled.
    pub password: SecretString,
}

impl TrendyolWebhook {
    /// The address at which Trendyol calls for a seller.
    #[must_use]
    pub fn address(&self, seller_id: &str) -> Option<String> {
        let base = self.public_url.as_ref()?.as_str().trim_end_matches('/');
        Some(format!("{base}{HOOKS_PATH}{seller_id}"))
    }

    /// `None` only together with a fault.
    pub(in crate::config) fn read(mut section: Section<'_, '_>) -> Option<Self> {
        let enabled = section.bool("enabled");
        let public_url = section.parsed("public_url", public_url);
        let user = section.parsed("user", user);
        let password = password(&mut section);
        if enabled {
            required(&mut section, password.is_some());
        }
        Some(Self {
            enabled,
            public_url: public_url?,
            user: user?,
            password: password.unwrap_or_default(),
        })
    }
}

fn required(section: &mut Section<'_, '_>, has_password: bool) {
    for name in ["public_url", "user"] {
        if section.text(name).trim().is_empty() {
            section.missing(name, "is required while trendyol.webhook.enabled is true");
        }
    }
    let is_named = !section.text("password_file").is_empty();
    if !has_password && !is_named {
        section.missing(
            "password",
            "is required while trendyol.webhook.enabled is true; set it or password_file",
        );
    }
}

fn public_url(text: &str) -> Result<Option<Url>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let lower = text.to_ascii_lowercase();
    if let Some(word) = REFUSED.into_iter().find(|word| lower.contains(word)) {
        return Err(format!(
            "must not contain \"{word}\": Trendyol refuses such an address"
        ));
    }
    address(text, "https://orders.shop.example").map(Some)
}

fn user(text: &str) -> Result<String, String> {
    let text = text.trim();
    let strange = |c: &char| !c.is_ascii_graphic() || *c == ':';
    match text.chars().find(strange) {
        None => Ok(text.to_owned()),
        Some(':') => Err("must be without a colon, which would end it early".to_owned()),
        Some(c) => Err(no_key_has(c)),
    }
}

fn password(section: &mut Section<'_, '_>) -> Option<SecretString> {
    let (password, given_as) = section.secret("password")?;
    let text = password.expose_secret();
    let message = match text.chars().find(|c| !c.is_ascii_graphic()) {
        Some(c) => no_key_has(c),
        None if text.len() < SHORTEST_PASSWORD => format!(
            "is too short: at least {SHORTEST_PASSWORD} characters, such as `openssl rand -hex 16` prints"
        ),
        None => return Some(password),
    };
    section.fault(&given_as, message);
    // Named already, so not missing, too.
    Some(password)
}
