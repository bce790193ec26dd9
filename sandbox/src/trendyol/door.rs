//! Who may come in: the checks before a request reaches any endpoint.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{Endpoint, answer::Problem, call::Target, plan::StorePlan};
use crate::http::Request;

/// The checks of one store.
pub(super) struct Door {
    /// The only `Authorization` that is right.
    pass: String,
    seller: String,
    store_fronts: Vec<&'static str>,
    exact_user_agent: bool,
}

impl Door {
    pub(super) fn new(plan: &StorePlan) -> Self {
        let pair = format!("{}:{}", plan.api_key, plan.api_secret);
        Self {
            pass: format!("Basic {}", BASE64_STANDARD.encode(pair)),
            seller: plan.seller_id.to_string(),
            store_fronts: plan.quirks.store_fronts.clone(),
            exact_user_agent: plan.quirks.exact_user_agent,
        }
    }

    /// Whether the request says who sent it, as the edge asks before anything else.
    pub(super) fn names_itself(&self, request: &Request<'_>) -> bool {
        let agent = request.header("user-agent").unwrap_or_default();
        if self.exact_user_agent {
            let name = agent.strip_prefix(&self.seller);
            let name = name.and_then(|rest| rest.strip_prefix(" - "));
            return name.is_some_and(|name| {
                (1..=30).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric())
            });
        }
        !agent.is_empty()
    }

    /// Whether the keys are right, for this seller, in a shape that can be read.
    pub(super) fn admits(&self, request: &Request<'_>, target: &Target<'_>) -> Result<(), Problem> {
        if request.header("authorization") != Some(&self.pass) {
            return Err(Problem::unknown_keys());
        }

        if target.seller != self.seller {
            return Err(Problem::foreign_seller());
        }

        if let Some(front) = request.header("storefrontcode")
            && !self.store_fronts.contains(&front)
        {
            let message = format!("Geçersiz storeFrontCode: {front}");
            return Err(Problem::new(400, "invalid.storefrontcode", message));
        }

        let json = |kind: &str| kind.starts_with("application/json");
        // A webhook is switched on and off without a body.
        let writes = match target.endpoint {
            Endpoint::PushStock | Endpoint::UpdatePackage => true,
            Endpoint::Webhooks => !request.body.is_empty(),
            _ => false,
        };

        if writes && !request.header("content-type").is_some_and(json) {
            return Err(Problem::new(
                415,
                "unsupported.media.type",
                "application/json bekleniyor",
            ));
        }

        Ok(())
    }
}
