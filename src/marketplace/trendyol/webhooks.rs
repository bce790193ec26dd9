//! Webhooks: the body of a registration, and what a list of them says.
//!
//! What must stay true: the password of a registration is in no error and no log.

use async_trait::async_trait;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{json, value::RawValue};

use super::{
    Trendyol,
    limits::Call,
    wire::{self, Fields, each, missing},
};
use crate::marketplace::{MarketError, Registration, Webhook, Webhooks};

#[async_trait]
impl Webhooks for Trendyol {
    async fn webhooks(&self) -> Result<Vec<Webhook>, MarketError> {
        let request = self.get(Call::Webhooks, &[], &[]);
        let text = self.ask(Call::Webhooks, request).await?;
        list(&text).map_err(|fault| self.named(fault, &text))
    }

    async fn register(
        &self,
        id: Option<&str>,
        registration: &Registration,
    ) -> Result<String, MarketError> {
        // A refusal may repeat what was sent.
        self.account.conceal(&registration.password);
        let (method, steps) = match &id {
            Some(id) => (Method::PUT, std::slice::from_ref(id)),
            None => (Method::POST, &[][..]),
        };

        let request = self.send(method, Call::Webhooks, steps, body(registration));
        let text = self.ask(Call::Webhooks, request).await?;
        match id {
            // It stays the same, and the answer need not repeat it.
            Some(id) => Ok(id.to_owned()),
            None => registered(&text).map_err(|fault| self.named(fault, &text)),
        }
    }

    async fn activate(&self, id: &str) -> Result<(), MarketError> {
        let steps = [id, "activate"];
        let request = self.send(Method::PUT, Call::Webhooks, &steps, Vec::new());
        self.ask(Call::Webhooks, request).await.map(drop)
    }

    async fn remove(&self, id: &str) -> Result<bool, MarketError> {
        let request = self.send(Method::DELETE, Call::Webhooks, &[id], Vec::new());
        let came = self.ask_for(Call::Webhooks, request, |_| true).await?;
        Ok(came.is_some())
    }
}

/// An empty list of statuses means all of them, those that will be added included.
fn body(registration: &Registration) -> Vec<u8> {
    json!({
        "url": registration.url,
        "authenticationType": "BASIC_AUTHENTICATION",
        "username": registration.user,
        "password": registration.password.expose_secret(),
        "subscribedStatuses": [],
    })
    .to_string()
    .into_bytes()
}

fn registered(text: &str) -> Result<String, MarketError> {
    let id = wire::body(text)?.text(&["id"]);
    id.ok_or_else(|| unreadable(missing("id")))
}

fn list(text: &str) -> Result<Vec<Webhook>, MarketError> {
    let list: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|error| unreadable(format!("no list (line {})", error.line())))?;
    let (webhooks, unread) = each(&list, "", &["id"], webhook);
    match unread.first() {
        // A list with gaps would have an address registered a second time; there are 15 at most.
        Some(record) => Err(unreadable(record.to_string())),
        None => Ok(webhooks),
    }
}

fn webhook(fields: &Fields<'_>) -> Result<Webhook, String> {
    let status = fields.text(&["status"]).ok_or_else(|| missing("status"))?;
    Ok(Webhook {
        id: fields.text(&["id"]).ok_or_else(|| missing("id"))?,
        url: fields.text(&["url"]).ok_or_else(|| missing("url"))?,
        active: status.eq_ignore_ascii_case("active"),
    })
}

const fn unreadable(detail: String) -> MarketError {
    MarketError::Unreadable { detail }
}
