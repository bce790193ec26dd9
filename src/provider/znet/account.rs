//! One reseller account: where its panel is, and what goes into each request's query.
//!
//! The protocol carries the password in the query string, so a whole address is a secret. What
//! must stay true: whole addresses are built here, handed to the client and kept nowhere;
//! nothing of an account is ever printed, and an error names a column, never its value.

#[cfg(test)]
mod tests;

use std::{fmt, iter};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::redact::Redactor;
use crate::{
    order::{PlayerFields, Reference},
    outbound::{BaseUrlFault, base_url},
    provider::Purchase,
};

/// Everything but the letters, digits and marks that RFC 3986 leaves as they are.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A reseller account, ready to ask.
pub struct Account {
    endpoints: Endpoints,
    /// `kod=…&sifre=…`, encoded.
    login: SecretString,
    redactor: Redactor,
}

/// The columns of `integrations` do not make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// `"baseUrl"` is null or blank.
    #[error("integrations.\"baseUrl\" is empty")]
    NoBaseUrl,
    /// `"baseUrl"` is not an address that requests can be sent to.
    #[error("integrations.\"baseUrl\" {0}")]
    BaseUrl(BaseUrlFault),
    /// `kod` is null or blank.
    #[error("integrations.kod is empty")]
    NoKod,
    /// `sifre` is null or blank.
    #[error("integrations.sifre is empty")]
    NoSifre,
}

struct Endpoints {
    pin_ekle: Url,
    pin_kontrol: Url,
    pin_listesi: Url,
    bakiye_kontrol: Url,
}

impl Account {
    /// Reads the columns `"baseUrl"`, `kod` and `sifre` of `integrations`. An error names the first one
    /// that cannot be used.
    pub fn new(
        typed: Option<&str>,
        kod: Option<&str>,
        sifre: Option<&str>,
    ) -> Result<Self, AccountError> {
        let typed = filled(typed).ok_or(AccountError::NoBaseUrl)?;
        let base = base_url(typed).map_err(AccountError::BaseUrl)?;
        let endpoints =
            Endpoints::below(&base).ok_or(AccountError::BaseUrl(BaseUrlFault::NotAbsolute))?;
        let kod = filled(kod).ok_or(AccountError::NoKod)?;
        let sifre = filled(sifre).ok_or(AccountError::NoSifre)?;

        let login = format!("kod={}&sifre={}", encoded(kod), encoded(sifre));
        let secrets = hosts(&base, typed)
            .into_iter()
            // Which folder the panel is in is part of its address. The root tells nothing.
            .chain(iter::once(base.path().trim_end_matches('/').to_owned()))
            .chain(spellings(kod))
            .chain(spellings(sifre));

        Ok(Self {
            endpoints,
            login: login.into(),
            redactor: Redactor::new(secrets),
        })
    }

    /// Takes this account out of texts.
    pub(super) const fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The request that buys. The address is a secret.
    pub(super) fn purchase(&self, purchase: &Purchase) -> Url {
        let Purchase {
            product,
            reference,
            player,
        } = purchase;
        // The shop's fields go out to the byte as its adapter sends them, in its order and encoding.
        let shop = player.fields == PlayerFields::Shop;
        let (reference, kupur) = (("referans", reference.as_str()), ("kupur", &*product.kupur));
        let after_oyun = if shop {
            [reference, kupur]
        } else {
            [kupur, reference]
        };

        let mut query = format!("&oyun={}", value(&product.oyun, shop));
        for (name, text) in after_oyun.into_iter().chain(player.pairs()) {
            query.push('&');
            query.push_str(name);
            query.push('=');
            query.push_str(&value(text, shop));
        }
        self.signed(&self.endpoints.pin_ekle, &query)
    }

    /// The request that asks about a purchase. The address is a secret.
    pub(super) fn status(&self, reference: &Reference) -> Url {
        // A reference is made of digits, which need no encoding.
        let query = ["&tahsilat_api_islem_id=", reference.as_str()].concat();
        self.signed(&self.endpoints.pin_kontrol, &query)
    }

    /// The request for the price list. The address is a secret.
    pub(super) fn catalogue(&self) -> Url {
        self.signed(&self.endpoints.pin_listesi, "")
    }

    /// The request for the balance. The address is a secret.
    pub(super) fn balance(&self) -> Url {
        self.signed(&self.endpoints.bakiye_kontrol, "")
    }

    fn signed(&self, endpoint: &Url, query: &str) -> Url {
        let mut url = endpoint.clone();
        url.set_query(Some(&[self.login.expose_secret(), query].concat()));
        url
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

impl Endpoints {
    fn below(base: &Url) -> Option<Self> {
        let endpoint = |name: &str| base.join(&format!("servis/{name}.php")).ok();
        Some(Self {
            pin_ekle: endpoint("pin_ekle")?,
            pin_kontrol: endpoint("pin_kontrol")?,
            pin_listesi: endpoint("pin_listesi")?,
            bakiye_kontrol: endpoint("bakiye_kontrol")?,
        })
    }
}

fn filled(column: Option<&str>) -> Option<&str> {
    column.filter(|value| !value.trim().is_empty())
}

fn encoded(value: &str) -> percent_encoding::PercentEncode<'_> {
    utf8_percent_encode(value, VALUE)
}

/// A value of a purchase. The shop's adapter writes a blank as `+`, as forms do.
fn value(text: &str, as_form: bool) -> String {
    let encoded = encoded(text).to_string();
    if as_form {
        encoded.replace("%20", "+")
    } else {
        encoded
    }
}

/// The panel's host as it may appear in texts: as sent, as typed, and its parent domain.
fn hosts(base: &Url, typed: &str) -> Vec<String> {
    let host = base.host_str().unwrap_or_default();
    let mut names = vec![host.to_owned()];

    // The parser writes a host in small ASCII letters; a page may show it as it was typed.
    let after_scheme = typed.trim().split_once("//").map_or("", |(_, rest)| rest);
    names.extend(after_scheme.split(['/', ':']).next().map(str::to_owned));

    // A bare ending such as `com` names nobody.
    let parent = base.domain().and_then(|domain| domain.split_once('.'));
    names.extend(
        parent
            .filter(|(_, rest)| rest.contains('.'))
            .map(|(_, rest)| rest.to_owned()),
    );
    names
}

/// A secret as it may appear in texts: as it is, in a query, in a form, in a page.
fn spellings(secret: &str) -> [String; 5] {
    let query = encoded(secret).to_string();
    let form = query.replace("%20", "+");
    // As PHP's `htmlspecialchars` writes it.
    let page = secret
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#039;");
    [
        secret.to_owned(),
        secret.trim().to_owned(),
        query,
        form,
        page,
    ]
}
