//! Calls by which a marketplace reports that an order has changed.

use async_trait::async_trait;
use secrecy::SecretString;

use super::MarketError;

/// Who is called, and how the caller shows who it is.
#[derive(Clone, Debug)]
pub struct Registration {
    pub url: String,
    pub user: String,
    pub password: SecretString,
}

/// A webhook as the marketplace lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub(crate) id: String,
    pub(crate) url: String,
    /// Whether it is called: the marketplace gives up an address that does not answer.
    pub(crate) active: bool,
}

#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Lists all of them, those that are not called any more included.
    async fn webhooks(&self) -> Result<Vec<Webhook>, MarketError>;

    /// Registers an address for changes of any kind, or changes the registration `id`. Returns its id. After
    /// [`MarketError::Unreachable`] and [`MarketError::Transient`] it may have been done.
    async fn register(
        &self,
        id: Option<&str>,
        registration: &Registration,
    ) -> Result<String, MarketError>;

    /// Has a webhook called again that the marketplace gave up.
    async fn activate(&self, id: &str) -> Result<(), MarketError>;

    /// Removes a webhook. False when there is none of this id.
    async fn remove(&self, id: &str) -> Result<bool, MarketError>;
}
