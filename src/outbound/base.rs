//! The address below which a server's paths are.
//!
//! What must stay true: a fault never repeats the address, in which there may be a password.

use reqwest::Url;

use super::reach;
use crate::text::invisible::invisible;

/// What is wrong with a base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlFault {
    #[error("is not an absolute URL, such as https://panel.example/")]
    NotAbsolute,
    #[error("is neither http nor https")]
    Scheme,
    #[error("holds a user name or a password; those have fields of their own")]
    UserInfo,
    #[error("holds a ? or a #; only scheme, host and path belong there")]
    Query,
    /// It was copied with something that cannot be seen.
    #[error("holds a character that no address has; enter it anew")]
    Character,
    #[error("is link-local, multicast or of a metadata service: no server is there")]
    Forbidden,
}

/// The base URL, with a slash at its end.
pub(crate) fn base_url(text: &str) -> Result<Url, BaseUrlFault> {
    let text = text.trim();
    // The parser drops some of them and encodes others, so that the address would lead elsewhere in silence.
    if invisible(text).is_some() {
        return Err(BaseUrlFault::Character);
    }

    let mut url = Url::parse(text).map_err(|_| BaseUrlFault::NotAbsolute)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BaseUrlFault::Scheme);
    }

    if !url.has_host() {
        return Err(BaseUrlFault::NotAbsolute);
    }

    if !url.username().is_empty() || url.password().is_some() {
        return Err(BaseUrlFault::UserInfo);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(BaseUrlFault::Query);
    }
    if reach::names_forbidden(&url) {
        return Err(BaseUrlFault::Forbidden);
    }

    // Without it, joining a path would replace the last part of a prefix.
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }

    Ok(url)
}
