//! One reseller account: where its panel is, and what goes into each request's query.
//!
//! The protocol carries the password in the query string, so a whole address is a secret. What
//! must stay true: whole addresses are built here, handed to the client and kept nowhere;
//! nothing of an account is ever printed, and an error names a column, never its value.

#[cfg(test)]
mod tests;

use std::fmt;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    order::{FieldRule, PlayerFields, Reference},
    outbound::{BaseUrlFault, base_url},
    provider::{
        AccountError, Goods, Purchase,
        account::{account_name, encoded, filled, password, redactor},
        redact::Redactor,
    },
};

/// A reseller account, ready to ask.
pub struct Account {
    endpoints: Endpoints,
    /// `kod=…&sifre=…`, encoded.
    login: SecretString,
    redactor: Redactor,
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
        let kod = account_name("kod", kod, AccountError::NoKod)?;
        let sifre = password("sifre", sifre, AccountError::NoSifre)?;

        let login = format!("kod={}&sifre={}", encoded(kod), encoded(sifre));

        Ok(Self {
            endpoints,
            login: login.into(),
            redactor: redactor(&base, typed, [kod, sifre]),
        })
    }

    /// Takes this account out of texts.
    pub(super) const fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The request that buys. The address is a secret.
    pub(super) fn purchase(&self, purchase: &Purchase) -> Url {
        let Goods { product, player } = &purchase.goods;
        // The shop's fields go out to the byte as its adapter sends them, in its order and encoding.
        let shop = player.fields == FieldRule::Fixed(PlayerFields::Shop);
        let reference = ("referans", purchase.reference.as_str());
        let mut fields: Vec<_> = product
            .iter()
            .map(|(name, text)| (&**name, &**text))
            .collect();
        let place = if shop { 1 } else { 2 };
        fields.insert(place.min(fields.len()), reference);
        fields.extend(player.values.iter().map(|(name, text)| (&**name, &**text)));

        let mut query = String::new();
        for (name, text) in fields {
            query.push('&');
            query.push_str(name);
            query.push('=');
            query.push_str(&value(text, shop));
        }
        self.signed(&self.endpoints.pin_ekle, &query)
    }

    /// The request that asks about a purchase. The address is a secret.
    pub(super) fn status(&self, reference: &Reference) -> Url {
        // A reference needs no encoding.
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

/// A value of a purchase. The shop's adapter writes a blank as `+`, as forms do.
fn value(text: &str, as_form: bool) -> String {
    let encoded = encoded(text).to_string();
    if as_form {
        encoded.replace("%20", "+")
    } else {
        encoded
    }
}
