//! What a seller registers a webhook with.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use url::Url;

use super::{bad, upper_snake};
use crate::trendyol::{answer::Problem, json::Object, status::Status};

/// What the address must not contain.
const FORBIDDEN: [&str; 3] = ["trendyol", "dolap", "localhost"];

/// The address that is called, how the caller proves who it is, and which changes are sent.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::trendyol) struct Registration {
    pub(super) url: Url,
    login: Login,
    /// None means all.
    statuses: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Login {
    Basic { username: String, password: String },
    ApiKey(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    url: String,
    authentication_type: String,
    username: Option<String>,
    password: Option<String>,
    api_key: Option<String>,
    #[serde(default)]
    subscribed_statuses: Vec<String>,
}

impl Registration {
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        let body: Body =
            serde_json::from_slice(body).map_err(|_| bad("Request body is not readable"))?;
        let login = match (&*body.authentication_type, body.username, body.password) {
            ("BASIC_AUTHENTICATION", Some(username), Some(password)) => {
                Login::Basic { username, password }
            }
            ("BASIC_AUTHENTICATION", ..) => return Err(bad("username ve password zorunludur")),
            ("API_KEY", ..) => {
                let key = body.api_key.filter(|key| !key.is_empty());
                Login::ApiKey(key.ok_or_else(|| bad("apiKey zorunludur"))?)
            }
            _ => return Err(Problem::invalid("authenticationType")),
        };

        let upper_case = |name: &String| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        };

        if !body.subscribed_statuses.iter().all(upper_case) {
            return Err(Problem::invalid("subscribedStatuses"));
        }

        Ok(Self {
            url: address(&body.url)?,
            login,
            statuses: body.subscribed_statuses,
        })
    }

    pub(super) fn wants(&self, status: &Status) -> bool {
        self.statuses.is_empty() || self.statuses.contains(&upper_snake(status))
    }

    /// The header by which the receiver knows the sender.
    pub(super) fn header(&self) -> (&'static str, String) {
        match &self.login {
            Login::Basic { username, password } => {
                let pair = BASE64_STANDARD.encode(format!("{username}:{password}"));
                ("authorization", format!("Basic {pair}"))
            }
            Login::ApiKey(key) => ("x-api-key", key.clone()),
        }
    }

    /// The registration as a list shows it: without its secrets.
    pub(super) fn write(&self, o: &mut Object<'_>) {
        o.text("url", self.url.as_str());
        match &self.login {
            Login::Basic { username, .. } => o
                .text("authenticationType", "BASIC_AUTHENTICATION")
                .text("username", username),
            Login::ApiKey(_) => o.text("authenticationType", "API_KEY").nulls(&["username"]),
        };
        o.texts(
            "subscribedStatuses",
            self.statuses.iter().map(String::as_str),
        );
    }
}

fn address(text: &str) -> Result<Url, Problem> {
    let lower = text.to_lowercase();
    let url = Url::parse(text).ok().filter(Url::has_host);
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .filter(|_| !FORBIDDEN.iter().any(|word| lower.contains(word)))
        .ok_or_else(|| Problem::invalid("url"))
}
