//! `http.base_path`

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::fields;

/// Where addresses of ours begin. Below one of them nobody could tell whether a proxy has handed the path on.
const TAKEN: [&str; 19] = [
    "api",
    "brakes",
    "charts",
    "hooks",
    "inbox",
    "jobs",
    "live",
    "livez",
    "login",
    "logout",
    "metrics",
    "money",
    "money.csv",
    "orders",
    "packages",
    "panels",
    "readyz",
    "static",
    "stock",
];

/// The path of a proxy below which everything is served; empty at the root of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BasePath(String);

impl BasePath {
    /// A path that needs no encoding in a link, a header or a cookie.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::default());
        }

        let Some(path) = text.strip_prefix('/') else {
            return Err(
                "must be a path that begins with \"/\", such as \"/orderwatch\", or empty"
                    .to_owned(),
            );
        };
        if path.is_empty() || path.ends_with('/') {
            return Err("must not end with \"/\"; the root is an empty text".to_owned());
        }

        let sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '~' | '-');
        // A browser resolves dots before it sends the path.
        let sound = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(sign);
        if !path.split('/').all(sound) {
            return Err(
                "must be ASCII letters, digits, \".\", \"_\", \"~\" and \"-\" between single slashes"
                    .to_owned(),
            );
        }

        match TAKEN
            .iter()
            .find(|taken| path.split('/').next() == Some(taken))
        {
            Some(taken) => Err(format!(
                "must not begin with \"/{taken}\", which is an address of orderwatch itself"
            )),
            None => Ok(Self(text.to_owned())),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the root of a name.
    pub(crate) const fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BasePath {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        fields::text(from, Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_can_stand_in_a_link_as_it_is() {
        for (text, path) in [
            ("", ""),
            (" ", ""),
            ("/orderwatch", "/orderwatch"),
            (" /shop/order-watch_1.~ ", "/shop/order-watch_1.~"),
            ("/shop/orders", "/shop/orders"),
            ("/ordersx", "/ordersx"),
        ] {
            assert_eq!(BasePath::parse(text).unwrap().as_str(), path, "{text:?}");
        }
        for text in [
            "orderwatch",
            "https://shop.example/orderwatch",
            "/",
            "/orderwatch/",
            "//evil.example",
            "/a//b",
            "/../a",
            "/a/.",
            "/{id}",
            "/*",
            "/sipariş",
            "/a b",
            "/a%20b",
            "/a;b",
            "/a?b",
            "/a\r\nb",
            "/orders",
            "/api/orderwatch",
        ] {
            assert!(BasePath::parse(text).is_err(), "{text:?}");
        }
    }
}
