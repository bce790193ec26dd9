//! One reseller account: where its panel is, and the requests that are sent there.
//!
//! What must stay true: the token goes into a header that the client marks as a secret, and never into
//! an address; nothing of an account is ever printed.

use std::fmt;

use reqwest::{
    Method, Request, Url,
    header::{HeaderName, HeaderValue},
};

use crate::{
    order::Reference,
    outbound::{BaseUrlFault, base_url},
    provider::{
        AccountError, Purchase,
        account::{encoded, filled, redactor},
        redact::Redactor,
    },
};

/// Where the shop's own sender goes when an integration names no address.
const USUAL_BASE: &str = "https://api.x-stor.net";
const TOKEN_COLUMN: &str = "\"apiToken\"";
const TOKEN: HeaderName = HeaderName::from_static("api-token");
/// Names in a purchase's product: the entry stands in the path, everything else in the query.
pub(super) const ENTRY: &str = "product";
pub(super) const QUANTITY: &str = "qty";

/// A reseller account, ready to ask.
pub struct Account {
    endpoints: Endpoints,
    token: HeaderValue,
    redactor: Redactor,
}

struct Endpoints {
    /// Above the product's id.
    new_order: Url,
    check: Url,
    products: Url,
    profile: Url,
}

impl Account {
    /// Reads the columns `"baseUrl"` and `"apiToken"` of `integrations`. An error names the first one
    /// that cannot be used.
    pub fn new(typed: Option<&str>, token: Option<&str>) -> Result<Self, AccountError> {
        let typed = filled(typed).unwrap_or(USUAL_BASE);
        let base = base_url(typed).map_err(AccountError::BaseUrl)?;
        let endpoints =
            Endpoints::below(&base).ok_or(AccountError::BaseUrl(BaseUrlFault::NotAbsolute))?;

        let typed_token = filled(token).ok_or(AccountError::NoToken)?.trim();
        // What cannot be seen is pasted along with a key, and no panel would know such a key.
        if !typed_token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(AccountError::Character(TOKEN_COLUMN));
        }
        let mut token = HeaderValue::from_str(typed_token)
            .map_err(|_| AccountError::Character(TOKEN_COLUMN))?;
        token.set_sensitive(true);

        Ok(Self {
            endpoints,
            token,
            redactor: redactor(&base, typed, [typed_token]),
        })
    }

    /// Takes this account out of texts.
    pub(super) const fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The request that buys; `None` for goods that no panel of this kind has.
    pub(super) fn purchase(&self, purchase: &Purchase) -> Option<Request> {
        let goods = &purchase.goods;
        let (_, entry) = goods.product.iter().find(|(name, _)| name == ENTRY)?;
        // Such a part of a path is taken out on the way, and the address leads elsewhere; so are these characters, and
        // what is left may be another product.
        if matches!(&**entry, "" | "." | "..") || entry.contains(['\t', '\n', '\r']) {
            return None;
        }
        let mut url = self.endpoints.new_order.clone();
        let parts = [&**entry, "params"];
        url.path_segments_mut().ok()?.pop_if_empty().extend(parts);

        let product = goods.product.iter().filter(|(name, _)| name != ENTRY);
        let fields = product.chain(&goods.player.values);
        let mut query: Vec<String> = fields
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        query.push(format!("order_uuid={}", purchase.reference));

        url.set_query(Some(&query.join("&")));
        Some(self.signed(url))
    }

    /// The request that asks about a purchase, by our name for it or by the panel's own.
    pub(super) fn status(&self, reference: &Reference) -> Request {
        let mut url = self.endpoints.check.clone();
        let by_ours = if reference.is_uuid() { "&uuid=1" } else { "" };
        url.set_query(Some(&format!("orders=%5B{reference}%5D{by_ours}")));
        self.signed(url)
    }

    pub(super) fn catalogue(&self) -> Request {
        self.signed(self.endpoints.products.clone())
    }

    pub(super) fn balance(&self) -> Request {
        self.signed(self.endpoints.profile.clone())
    }

    fn signed(&self, url: Url) -> Request {
        let mut request = Request::new(Method::GET, url);
        request.headers_mut().insert(TOKEN, self.token.clone());
        request
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

impl Endpoints {
    fn below(base: &Url) -> Option<Self> {
        let endpoint = |name: &str| base.join(&format!("client/api/{name}")).ok();
        Some(Self {
            new_order: endpoint("newOrder/")?,
            check: endpoint("check")?,
            products: endpoint("products")?,
            profile: endpoint("profile")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        order::{FieldRule, Player},
        provider::Goods,
    };

    const UUID: &str = "550e8400-e29b-41d4-a716-446655440000";

    fn account(base: Option<&str>) -> Account {
        Account::new(base, Some(" token-9 ")).unwrap()
    }

    fn purchase(entry: &str) -> Purchase {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Purchase {
            reference: Reference::parse(UUID).unwrap(),
            goods: Goods {
                product: vec![pair(ENTRY, entry), pair(QUANTITY, "2")],
                player: Player {
                    fields: FieldRule::parse("{}").unwrap(),
                    values: vec![pair("ايدي", "Şükrü & 1"), pair("server", "asia")],
                },
            },
        }
    }

    #[test]
    fn each_request_has_its_address_and_its_token() {
        let account = account(Some("http://127.0.0.1:81/bayi"));
        let sent = |request: Request| {
            assert_eq!(request.method(), Method::GET);
            assert_eq!(request.headers()["api-token"], "token-9");
            assert!(!format!("{request:?}").contains("token-9"));
            request
                .url()
                .as_str()
                .replace("http://127.0.0.1:81/bayi/client/api/", "")
        };

        assert_eq!(sent(account.balance()), "profile");
        assert_eq!(sent(account.catalogue()), "products");
        assert_eq!(
            sent(account.purchase(&purchase("5/0 1")).unwrap()),
            format!(
                "newOrder/5%2F0%201/params?qty=2&%D8%A7%D9%8A%D8%AF%D9%8A=\
                 %C5%9E%C3%BCkr%C3%BC%20%26%201&server=asia&order_uuid={UUID}"
            )
        );
        for (name, want) in [
            (UUID, format!("check?orders=%5B{UUID}%5D&uuid=1")),
            ("67890", "check?orders=%5B67890%5D".to_owned()),
        ] {
            let reference = Reference::parse(name).unwrap();
            assert_eq!(sent(account.status(&reference)), want);
        }
    }

    #[test]
    fn a_product_never_leads_to_another_endpoint() {
        let account = account(None);
        for entry in ["", ".", "..", "5\t01", "5\n01", "5\r01"] {
            assert!(account.purchase(&purchase(entry)).is_none(), "{entry:?}");
        }
    }

    #[test]
    fn an_unusable_column_is_named_and_not_quoted() {
        let good = Some("https://panel.example");
        for (base, token, want) in [
            (good, None, AccountError::NoToken),
            (good, Some(" "), AccountError::NoToken),
            (
                good,
                Some("can\u{200b}ary"),
                AccountError::Character(TOKEN_COLUMN),
            ),
            (
                good,
                Some("\u{feff}canary"),
                AccountError::Character(TOKEN_COLUMN),
            ),
            (good, Some("can ary"), AccountError::Character(TOKEN_COLUMN)),
            (
                Some("canary"),
                Some("canary"),
                AccountError::BaseUrl(BaseUrlFault::NotAbsolute),
            ),
        ] {
            let error = Account::new(base, token).unwrap_err();
            assert_eq!(error, want);
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    #[test]
    fn token_and_address_are_redacted() {
        let account = account(Some("https://api.Site.example/alt"));
        for text in [
            "token TOKEN-9",
            "https://api.site.example/alt/x",
            "www.site.example",
        ] {
            let shown = account.redactor().clean(text).to_lowercase();
            assert!(
                !shown.contains("token-9") && !shown.contains("site"),
                "{shown}"
            );
        }
        assert_eq!(format!("{account:?}"), "Account { .. }");
        // An integration without an address goes where the shop's own sender goes.
        let usual = super::Account::new(Some(" "), Some("t")).unwrap().balance();
        assert_eq!(
            usual.url().as_str(),
            "https://api.x-stor.net/client/api/profile"
        );
    }
}
