//! Signed notices over HTTP, as Standard Webhooks lays them down: where they go, and how.
//!
//! What must stay true:
//!
//! * one call of [`Http::deliver`] is at most one request on the wire; retrying is the caller's,
//! * what is signed is exactly what is sent,
//! * nothing that leaves this module holds a key, nor the part of an address that may be one.

mod client;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod key;

use std::{fmt, time::Duration};

use reqwest::Url;

pub use client::Http;
pub(crate) use client::{Answer, Notice};
pub use key::Key;

/// An address that gets notices.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name in the configuration; unique.
    pub name: String,
    /// Where it is. User information and query may be secrets.
    pub url: Url,
    /// The key in force, and while keys are changed the one before it.
    pub keys: Vec<Key>,
    /// The longest wait for an answer, connecting included.
    pub timeout: Duration,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("name", &self.name)
            // No more of the address: the rest may be a secret.
            .field("host", &self.url.host_str())
            .field("keys", &self.keys.len())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
