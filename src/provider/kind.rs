//! What there is to know about a kind of panel: how the shop calls it, how it is reached, and what a
//! purchase says there.

use std::sync::Arc;

use uuid::Uuid;

use super::{AccountError, Credentials, Goods, Http, Product, Provider};
use crate::{
    order::{FieldRule, HoldReason, IntegrationId, Naming, PlayerRules, ShopOrder},
    outbound::{PlainHttp, Secrecy},
};

/// A kind of panel.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Values of `integrations.provider`.
    pub(super) names: &'static [&'static str],
    pub(crate) naming: Naming,
    /// Whether the panel refuses a second purchase under one name. Where it is not known to, it is asked
    /// before each purchase, and what may have been bought is never sent again by itself.
    pub(crate) refuses_repeats: bool,
    pub(super) connect: Connect,
    pub(super) fill: Fill,
    pub(super) rule: Rule,
}

/// The rule for the player fields of a package, given its product's parameters where these are known. The
/// error names those that nothing fills.
type Rule = fn(
    &PlayerRules,
    IntegrationId,
    Uuid,
    Option<&[String]>,
) -> Result<Option<FieldRule>, Vec<String>>;

type Connect = fn(&Credentials, &Http) -> Result<Arc<dyn Provider>, AccountError>;

/// What a purchase of an order says; `None` where only the price list is missing.
type Fill = fn(&ShopOrder, Listed<'_>, At<'_>) -> Result<Option<Goods>, HoldReason>;

/// Where an order goes, and what fills its player fields there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    pub(crate) integration: IntegrationId,
    pub(crate) rules: &'a PlayerRules,
}

/// What the price list says about an order's product.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Listed<'a> {
    /// It cannot be read now.
    Unread,
    /// It has the product without what a purchase needs.
    Incomplete(HoldReason),
    Product(&'a Product),
}

impl Kind {
    /// Opens no connection.
    pub(crate) fn connect(
        &self,
        credentials: &Credentials,
        http: &Http,
        plain: &PlainHttp,
    ) -> Result<Arc<dyn Provider>, AccountError> {
        let panel = (self.connect)(credentials, http)?;
        match credentials.secrecy(plain) {
            Some(Secrecy::PlainRefused) => Err(AccountError::PlainHttp),
            _ => Ok(panel),
        }
    }

    /// What a purchase of an order says; `None` where only the price list is missing.
    pub(crate) fn fill(
        &self,
        order: &ShopOrder,
        listed: Listed<'_>,
        at: At<'_>,
    ) -> Result<Option<Goods>, HoldReason> {
        (self.fill)(order, listed, at)
    }

    /// The rule by which the player fields of a package would be filled today; `None` where it depends on
    /// the product's parameters and these are not known, or not all of them are filled.
    #[must_use]
    pub(crate) fn rule(
        &self,
        rules: &PlayerRules,
        integration: IntegrationId,
        package: Uuid,
        params: Option<&[String]>,
    ) -> Option<FieldRule> {
        let rule = (self.rule)(rules, integration, package, params);
        rule.ok().flatten()
    }

    /// Of a product's parameters, those that nothing fills.
    #[must_use]
    pub(crate) fn unfilled(
        &self,
        rules: &PlayerRules,
        integration: IntegrationId,
        package: Uuid,
        params: &[String],
    ) -> Vec<String> {
        let rule = (self.rule)(rules, integration, package, Some(params));
        rule.err().unwrap_or_default()
    }
}
