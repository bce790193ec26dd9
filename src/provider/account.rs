//! What all accounts have in common: the columns that they are read from, what may be wrong with them,
//! and the spellings by which their secrets could appear in texts.
//!
//! What must stay true: nothing of an account is ever printed, and an error names a column, never its
//! value.

use std::iter;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::redact::Redactor;
use crate::{
    outbound::{BaseUrlFault, PlainHttp, Secrecy},
    text::invisible::{foreign_digit, invisible},
};

/// Everything but the letters, digits and marks that RFC 3986 leaves as they are.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The columns of `integrations` that make an account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Credentials {
    /// `"baseUrl"`.
    pub(crate) base_url: Option<SecretString>,
    pub(crate) kod: Option<SecretString>,
    pub(crate) sifre: Option<SecretString>,
    /// `"apiToken"`.
    pub(crate) api_token: Option<SecretString>,
}

/// The columns do not make an account.
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
    /// `"apiToken"` is null or blank.
    #[error("integrations.\"apiToken\" is empty")]
    NoToken,
    /// The column was copied with something that cannot be seen, or with a letter that no key has. The panel
    /// would refuse the account for ever.
    #[error("integrations.{0} holds a character that no key has; enter it anew")]
    Character(&'static str),
    /// `"baseUrl"` is not encrypted, and the configuration does not permit it.
    #[error(
        "integrations.\"baseUrl\" is plain http, and znet.allow_plain_http does not name its host"
    )]
    PlainHttp,
}

impl Credentials {
    /// Everything of it that must not be seen.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        [&self.kod, &self.sifre, &self.api_token]
            .into_iter()
            .flatten()
    }

    /// How what is sent to this panel is kept; `None` without an address of its own that could be used.
    #[must_use]
    pub(crate) fn secrecy(&self, plain: &PlainHttp) -> Option<Secrecy> {
        plain.secrecy(exposed(self.base_url.as_ref())?)
    }

    /// Whether both are the same account.
    #[must_use]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let all = |of: &Self| {
            [&of.base_url, &of.kod, &of.sifre, &of.api_token]
                .map(|column| exposed(column.as_ref()).map(str::to_owned))
        };
        all(self) == all(other)
    }

    /// `"baseUrl"`, `kod` and `sifre`.
    pub(super) fn znet(&self) -> [Option<&str>; 3] {
        [&self.base_url, &self.kod, &self.sifre].map(|column| exposed(column.as_ref()))
    }

    /// `"baseUrl"` and `"apiToken"`.
    pub(super) fn barakat(&self) -> [Option<&str>; 2] {
        [&self.base_url, &self.api_token].map(|column| exposed(column.as_ref()))
    }
}

fn exposed(column: Option<&SecretString>) -> Option<&str> {
    column.map(ExposeSecret::expose_secret)
}

/// A column that is not blank.
pub(super) fn filled(column: Option<&str>) -> Option<&str> {
    column.filter(|value| !value.trim().is_empty())
}

/// The name of an account, which is not blank and may hold letters of any script.
pub(super) fn account_name<'a>(
    name: &'static str,
    column: Option<&'a str>,
    missing: AccountError,
) -> Result<&'a str, AccountError> {
    let value = password(name, column, missing)?;
    match foreign_digit(value) {
        None => Ok(value),
        Some(_) => Err(AccountError::Character(name)),
    }
}

/// A password, which is not blank and all of which can be seen.
pub(super) fn password<'a>(
    name: &'static str,
    column: Option<&'a str>,
    missing: AccountError,
) -> Result<&'a str, AccountError> {
    let value = filled(column).ok_or(missing)?;
    match invisible(value) {
        None => Ok(value),
        Some(_) => Err(AccountError::Character(name)),
    }
}

pub(super) fn encoded(value: &str) -> percent_encoding::PercentEncode<'_> {
    utf8_percent_encode(value, VALUE)
}

/// Takes an address and these secrets out of texts.
pub(super) fn redactor<'a>(
    base: &Url,
    typed: &str,
    secrets: impl IntoIterator<Item = &'a str>,
) -> Redactor {
    let hidden = hosts(base, typed)
        .into_iter()
        // Which folder the panel is in is part of its address. The root tells nothing.
        .chain(iter::once(base.path().trim_end_matches('/').to_owned()))
        .chain(secrets.into_iter().flat_map(spellings));
    Redactor::new(hidden)
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
