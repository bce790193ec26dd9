//! `orderwatch order show ORDER`: what support needs to answer "where is my code?".

use std::{fmt::Write as _, process::ExitCode};

use clap::Args;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::one::found;
use crate::cli::{Global, out, shop_store};
use crate::{
    config::Config,
    order::{EventKind, OrderId, Player},
    store::{Event, ShopView, Store, StoredEvent, TrackedOrder},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch order show 1042                 by the shop's order number
  orderwatch order show 3254111450256053     by the reference at the panel
  orderwatch order show 1042 --pin           with the code; that it was shown is written down
  orderwatch order show 1042 --json          for scripts";

#[derive(Args, Debug)]
pub(in crate::cli) struct Options {
    /// The order's id, its number in the shop, or its reference at the panel.
    order: String,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    /// Also print the code. That it was shown is written into the timeline.
    #[arg(long)]
    pin: bool,
}

/// All that is known about one order.
struct Picture {
    order: OrderId,
    shop: Option<ShopView>,
    tracked: Option<TrackedOrder>,
    events: Vec<StoredEvent>,
    pin: Option<String>,
    player: Option<Fields>,
}

/// What is sent about the player, or would be.
struct Fields {
    player: Player,
    sent: bool,
    confirmed: bool,
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = shop_store(&config).await?;
    let found = found(&store, &options.order).await?;
    let mut pictures = Vec::new();
    for order in found {
        let picture = Picture::take(&store, &config, order, options.pin).await?;
        if options.json {
            pictures.push(picture.json());
        } else {
            out::line(picture.text())?;
        }
    }
    if options.json {
        out::json(&Value::Array(pictures))?;
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

impl Picture {
    async fn take(
        store: &Store,
        config: &Config,
        order: OrderId,
        reveal: bool,
    ) -> anyhow::Result<Self> {
        let rules = &config.znet.player;
        let player = store.player_view(order).await?.and_then(|view| {
            Some(Fields {
                player: view.player(rules)?,
                sent: view.sent_as.is_some(),
                confirmed: view.is_confirmed(rules),
            })
        });
        let tracked = store.tracked(order).await?;
        let pin = match &tracked {
            Some(_) if reveal => reveal_pin(store, order).await?,
            _ => None,
        };
        Ok(Self {
            order,
            shop: store.shop_view(order).await?,
            tracked,
            events: store.events(order).await?,
            pin,
            player,
        })
    }

    fn text(&self) -> String {
        let mut text = format!("order            {}\n", self.order);
        let mut fact = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                // Writing into a String cannot fail.
                let _: std::fmt::Result = writeln!(text, "{name:<16} {value}");
            }
        };
        match &self.shop {
            Some(shop) => {
                fact("number", shop.order_no.map(|number| number.to_string()));
                fact("shop status", Some(shop.status.clone()));
                fact("external status", Some(shop.external_status.clone()));
                fact("message", shop.last_message.clone());
                fact("cost", Some(format!("{} {}", shop.cost.0, shop.cost.1)));
                let code = if shop.has_pin { "delivered" } else { "none" };
                fact("code", Some(code.to_owned()));
                fact("created", Some(shop.created_at.to_rfc3339()));
                fact("completed", shop.completed_at.map(|at| at.to_rfc3339()));
            }
            None => fact("shop", Some("the shop has no such row any more".to_owned())),
        }
        match &self.tracked {
            Some(tracked) => {
                fact("stage", Some(tracked.watched.stage.to_string()));
                fact("why", tracked.held.map(|why| why.sentence().to_owned()));
                fact(
                    "what to do",
                    tracked.held.map(|why| why.remedy().to_owned()),
                );
                fact(
                    "reference",
                    tracked.reference.as_ref().map(ToString::to_string),
                );
                fact("panel", tracked.integration.map(|id| id.to_string()));
                fact("sent", tracked.watched.sent_at.map(|at| at.to_rfc3339()));
                fact("next look", tracked.due_at.map(|at| at.to_rfc3339()));
                fact(
                    "gives up",
                    tracked.watched.give_up_at.map(|at| at.to_rfc3339()),
                );
                fact("checks", Some(tracked.watched.attempts.to_string()));
            }
            None => fact("stage", Some("not tracked by orderwatch".to_owned())),
        }
        fact("player fields", self.player.as_ref().map(Fields::sentence));
        fact("PIN", self.pin.clone());
        for event in &self.events {
            let at = event.at.format("%Y-%m-%d %H:%M:%S%.3f");
            let _: std::fmt::Result =
                write!(text, "\n{at}  {:<14} {}", event.kind, facts(&event.detail));
        }
        text
    }

    fn json(&self) -> Value {
        let tracked = self.tracked.as_ref();
        json!({
            "order": self.order,
            "shop": self.shop.as_ref().map(|shop| json!({
                "number": shop.order_no.map(|number| number.to_string()),
                "status": shop.status,
                "external_status": shop.external_status,
                "message": shop.last_message,
                "cost": shop.cost.0.to_string(),
                "currency": shop.cost.1,
                "has_pin": shop.has_pin,
                "created_at": shop.created_at,
                "completed_at": shop.completed_at,
            })),
            "tracked": tracked.map(|tracked| json!({
                "stage": tracked.watched.stage.as_str(),
                "held": tracked.held.map(crate::order::HoldReason::as_str),
                "reference": tracked.reference.as_ref().map(ToString::to_string),
                "integration": tracked.integration,
                "sent_at": tracked.watched.sent_at,
                "due_at": tracked.due_at,
                "give_up_at": tracked.watched.give_up_at,
                "finished_at": tracked.finished_at,
                "attempts": tracked.watched.attempts,
                "errors": tracked.watched.errors,
            })),
            "player": self.player.as_ref().map(|fields| {
                let mut value = json!(fields.player);
                value["sent"] = fields.sent.into();
                value["confirmed"] = fields.confirmed.into();
                value
            }),
            "pin": self.pin,
            "events": self.events.iter().map(|event| json!({
                "at": event.at, "kind": event.kind, "detail": event.detail,
            })).collect::<Vec<_>>(),
        })
    }
}

impl Fields {
    fn sentence(&self) -> String {
        let Self {
            player,
            sent,
            confirmed,
        } = self;
        let sent = if *sent { "sent" } else { "would be sent" };
        let confirmed = if *confirmed {
            "confirmed"
        } else {
            "not confirmed"
        };
        format!(
            "{player} ({sent} as {:?}, {confirmed})",
            player.fields.as_str()
        )
    }
}

/// Reads the code, after writing down that it is shown.
async fn reveal_pin(store: &Store, order: OrderId) -> anyhow::Result<Option<String>> {
    let Some(pin) = store.pin(order).await? else {
        return Ok(None);
    };
    let event = Event {
        order,
        kind: EventKind::PinShown,
        detail: json!({ "where": "order show" }),
    };
    let (now, _) = store.now().await?;
    store.append_events(&[event], now).await?;
    Ok(Some(pin.expose_secret().to_owned()))
}

/// The facts of an event on one line.
fn facts(detail: &Value) -> String {
    let Some(facts) = detail.as_object() else {
        return detail.to_string();
    };
    let words: Vec<String> = facts
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}={text:?}"),
            other => format!("{name}={other}"),
        })
        .collect();
    words.join(" ")
}
