//! Calls by which a marketplace tells that an order has changed.

use async_trait::async_trait;
use secrecy::SecretString;

use super::MarketError;

/// Who is called, and how the caller shows who it is.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The address that is called.
    pub url: String,
    /// The name that the caller shows.
    pub user: String,
    /// Its password.
    pub password: SecretString,
}

/// A webhook as the marketplace lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its name at the marketplace.
    pub id: String,
    /// The address that is called.
    pub url: String,
    /// Whether it is called: the marketplace gives up an address that does not answer.
    pub active: bool,
}

/// The webhooks of a seller.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Lists all of them, those that are not called any more included.
    async fn webhooks(&self) -> Result<Vec<Webhook>, MarketError>;

    /// Registers an address for changes of any kind, or changes the registration `id`. Returns its id.
    ///
    /// # Errors
    /// [`MarketError`]; after [`MarketError::Unreachable`] and [`MarketError::Transient`] it may have
    /// been done.
    async fn register(
        &self,
        id: Option<&str>,
        registration: &Registration,
    ) -> Result<String, MarketError>;

    /// Has a webhook called again.
    async fn activate(&self, id: &str) -> Result<(), MarketError>;

    /// Removes a webhook. False when there is none of this id.
    async fn remove(&self, id: &str) -> Result<bool, MarketError>;
}
