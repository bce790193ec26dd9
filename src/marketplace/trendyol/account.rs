//! One seller's account: where the API is, and what goes into each request.
//!
//! What must stay true: key and secret leave only in the `Authorization` header; nothing of them is printed,
//! and a fault names a setting, never its value.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    Method, Request, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, USER_AGENT},
};
use secrecy::{ExposeSecret, SecretString};

use super::paths::SELLER;
use crate::{
    outbound::{BaseUrlFault, base_url},
    telemetry::Secrets,
};

/// Trendyol's limit for the name of an integrator.
const MAX_INTEGRATOR: usize = 30;
const STORE_FRONT: HeaderName = HeaderName::from_static("storefrontcode");
/// The host of Trendyol's test environment.
const STAGE_HOST: &str = "stageapigw.trendyol.com";

/// What a seller's account is made of.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    pub seller_id: String,
    pub api_key: SecretString,
    pub api_secret: SecretString,
    /// `https://apigw.trendyol.com`, or `https://stageapigw.trendyol.com` for tests.
    pub base_url: String,
    /// Who wrote the software: `SelfIntegration`, or a name of letters and digits.
    pub integrator: String,
    /// For shops outside Turkey; blank is none.
    pub store_front_code: Option<String>,
}

/// The settings do not make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountFault {
    /// `seller_id` is not a number.
    #[error("trendyol.seller_id must be a number")]
    SellerId,
    /// `api_key` is blank or holds what no header can.
    #[error("trendyol.api_key is empty or not usable")]
    ApiKey,
    /// `api_secret` is blank.
    #[error("trendyol.api_secret is empty")]
    ApiSecret,
    /// The named setting holds what was pasted with it and cannot be seen, or a letter that no key has.
    #[error("trendyol.{0} holds a character that no key has: copy it anew")]
    Character(&'static str),
    /// `base_url` is not an address that requests can be sent to.
    #[error("trendyol.base_url {0}")]
    BaseUrl(BaseUrlFault),
    /// `integrator` is something else than 1 to 30 letters and digits.
    #[error("trendyol.integrator must be 1 to 30 letters and digits")]
    Integrator,
    /// `store_front_code` is something else than letters and digits.
    #[error("trendyol.store_front_code must be letters and digits")]
    StoreFrontCode,
}

/// A seller's account, ready to ask.
pub(super) struct Account {
    base: Url,
    seller: String,
    headers: HeaderMap,
    secrets: Secrets,
    stage: bool,
}

impl Account {
    pub(super) fn new(settings: &AccountSettings) -> Result<Self, AccountFault> {
        let base = base_url(&settings.base_url).map_err(AccountFault::BaseUrl)?;
        let seller = settings.seller_id.trim();
        if seller.is_empty() || !seller.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AccountFault::SellerId);
        }

        let (key, secret) = (trimmed(&settings.api_key), trimmed(&settings.api_secret));
        let login = login(&key, &secret)?;
        // Trendyol's errors may repeat any of the three.
        let secrets = Secrets::default();
        secrets.register([&key, &secret, &login]);

        Ok(Self {
            stage: base.host_str() == Some(STAGE_HOST),
            base,
            seller: seller.to_owned(),
            headers: headers(settings, seller, &login)?,
            secrets,
        })
    }

    /// A request to a path below the base address. Steps that are added to it are encoded.
    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        steps: &[&str],
        query: &[(&str, &str)],
    ) -> Request {
        let mut url = self.base.clone();
        // An http address can always be a base: `base_url` took no other.
        if let Ok(mut segments) = url.path_segments_mut() {
            let named = path.split('/').filter(|step| !step.is_empty());
            let named = named.map(|step| step.replace(SELLER, &self.seller));
            segments.pop_if_empty().extend(named).extend(steps);
        }

        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }

        let mut request = Request::new(method, url);
        request.headers_mut().clone_from(&self.headers);
        request
    }

    /// From here on no text shows this secret either.
    pub(super) fn conceal(&self, secret: &SecretString) {
        self.secrets.register([secret]);
    }

    /// A text without the key, the secret and what else was concealed.
    pub(super) fn clean(&self, text: &str) -> String {
        self.secrets.mask(text).into_owned()
    }

    /// Whether this is Trendyol's test environment, which has its own rules.
    pub(super) const fn is_stage(&self) -> bool {
        self.stage
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("seller", &self.seller)
            .finish_non_exhaustive()
    }
}

fn trimmed(secret: &SecretString) -> SecretString {
    secret.expose_secret().trim().into()
}

fn login(key: &SecretString, secret: &SecretString) -> Result<SecretString, AccountFault> {
    let (key, secret) = (key.expose_secret(), secret.expose_secret());
    // A colon would end the key early.
    if key.is_empty() || key.contains(':') {
        return Err(AccountFault::ApiKey);
    }
    if secret.is_empty() {
        return Err(AccountFault::ApiSecret);
    }

    // Pasted keys come with marks that cannot be seen; Trendyol would only answer 401.
    for (name, text) in [("api_key", key), ("api_secret", secret)] {
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(AccountFault::Character(name));
        }
    }

    Ok(STANDARD.encode(format!("{key}:{secret}")).into())
}

fn headers(
    settings: &AccountSettings,
    seller: &str,
    login: &SecretString,
) -> Result<HeaderMap, AccountFault> {
    let mut headers = HeaderMap::new();
    let mut basic = HeaderValue::try_from(format!("Basic {}", login.expose_secret()))
        .map_err(|_| AccountFault::ApiKey)?;
    basic.set_sensitive(true);
    headers.insert(AUTHORIZATION, basic);

    // Trendyol answers 403 to a request without it.
    let integrator = word(&settings.integrator)
        .filter(|name| name.len() <= MAX_INTEGRATOR)
        .ok_or(AccountFault::Integrator)?;
    let agent = HeaderValue::try_from(format!("{seller} - {integrator}"));
    headers.insert(USER_AGENT, agent.map_err(|_| AccountFault::Integrator)?);

    // Without the header a request is about Turkey, whose own code the documents do not agree on.
    let code = settings.store_front_code.as_deref().unwrap_or_default();
    if !code.trim().is_empty() {
        let code = word(code).and_then(|code| HeaderValue::try_from(code).ok());
        headers.insert(STORE_FRONT, code.ok_or(AccountFault::StoreFrontCode)?);
    }

    Ok(headers)
}

/// The text, if it is one word of ASCII letters and digits.
fn word(text: &str) -> Option<&str> {
    let text = text.trim();
    let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> AccountSettings {
        AccountSettings {
            seller_id: "2738".into(),
            api_key: "canary-key".into(),
            api_secret: "canary-secret".into(),
            base_url: "https://apigw.trendyol.com".into(),
            integrator: "SelfIntegration".into(),
            store_front_code: None,
        }
    }

    #[test]
    fn a_path_goes_below_any_base() {
        for (base, want) in [
            ("https://apigw.trendyol.com", "https://apigw.trendyol.com/"),
            ("http://127.0.0.1:81/alt/", "http://127.0.0.1:81/alt/"),
        ] {
            let account = Account::new(&AccountSettings {
                base_url: base.into(),
                ..settings()
            });
            let request = account.unwrap().request(
                Method::GET,
                "integration/product/sellers/{seller}/products/batch-requests",
                &["a/b ?#é"],
                &[("barcodes", "a,b&c")],
            );
            assert_eq!(
                request.url().as_str(),
                format!(
                    "{want}integration/product/sellers/2738/products/batch-requests/\
                     a%2Fb%20%3F%23%C3%A9?barcodes=a%2Cb%26c"
                )
            );
        }
    }

    type Break = fn(&mut AccountSettings);

    #[test]
    fn an_unusable_setting_is_named_and_not_quoted() {
        let cases: [(Break, AccountFault); 12] = [
            (
                |s| s.api_key = "\u{feff}KEY".into(),
                AccountFault::Character("api_key"),
            ),
            (
                |s| s.api_secret = "KEY\u{200b}".into(),
                AccountFault::Character("api_secret"),
            ),
            (
                |s| s.seller_id = "107703\u{200b}".into(),
                AccountFault::SellerId,
            ),
            (|s| s.seller_id = "12a".into(), AccountFault::SellerId),
            (|s| s.seller_id = " ".into(), AccountFault::SellerId),
            (|s| s.api_key = " ".into(), AccountFault::ApiKey),
            (|s| s.api_key = "a:b".into(), AccountFault::ApiKey),
            (|s| s.api_secret = "\n".into(), AccountFault::ApiSecret),
            (
                |s| s.base_url = "apigw.trendyol.com".into(),
                AccountFault::BaseUrl(BaseUrlFault::NotAbsolute),
            ),
            (|s| s.integrator = "a b".into(), AccountFault::Integrator),
            (|s| s.integrator = "x".repeat(31), AccountFault::Integrator),
            (
                |s| s.store_front_code = Some("T\nR".into()),
                AccountFault::StoreFrontCode,
            ),
        ];
        for (spoil, want) in cases {
            let mut settings = settings();
            spoil(&mut settings);
            assert_eq!(Account::new(&settings).unwrap_err(), want);
        }
    }

    #[test]
    fn nothing_shows_a_secret() {
        let account = Account::new(&settings()).unwrap();
        let request = account.request(Method::GET, "order/{seller}", &["claims"], &[]);
        let shown = format!("{account:?} {request:?} {:?}", settings());
        assert!(!shown.contains("canary"), "{shown}");
        let login = "Y2FuYXJ5LWtleTpjYW5hcnktc2VjcmV0";
        assert!(!shown.contains(login), "{shown}");
        let text = format!("canary-key, canary-secret: {login}");
        assert_eq!(account.clean(&text), "***, ***: ***");
    }
}
