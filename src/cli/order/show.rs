//! `orderwatch order show ORDER`: what support needs to answer "where is my code?".

use std::{fmt::Write as _, process::ExitCode};

use chrono::{DateTime, Utc};
use clap::Args;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::{Value, json};

use super::one::found;
use crate::{
    cli::{Global, out, shop_store},
    order::{EventKind, OrderId},
    store::{Event, OrderDetail, PlayerOf, Store, StoredEvent},
    text::Lang,
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

/// An order with its timeline.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    detail: OrderDetail,
    /// Only where it was asked for.
    pin: Option<String>,
    events: Vec<StoredEvent>,
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = shop_store(&config).await?;

    let mut all = Vec::new();
    for order in found(&store, &options.order).await? {
        let detail = store.order_detail(order, &config.player).await?;
        let pin = match &detail.tracked {
            // Only what orderwatch tracks has a timeline in which the showing can be written down.
            Some(_) if options.pin => reveal_pin(&store, order).await?,
            _ => None,
        };
        let events = store.events(order).await?;
        all.push(Shown {
            detail,
            pin,
            events,
        });
    }

    if options.json {
        out::json(&json!(all))?;
    } else {
        for shown in &all {
            out::line(shown.text())?;
        }
    }

    store.close().await;
    Ok(ExitCode::SUCCESS)
}

impl Shown {
    fn text(&self) -> String {
        let mut text = format!("order            {}\n", self.detail.order);
        let mut fact = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                // Writing into a String cannot fail.
                let _: std::fmt::Result = writeln!(text, "{name:<16} {value}");
            }
        };
        let time = |at: DateTime<Utc>| at.to_rfc3339();

        match &self.detail.shop {
            Some(shop) => {
                fact("number", shop.number.clone());
                fact("shop status", Some(shop.status.clone()));
                fact("external status", Some(shop.external_status.clone()));
                fact("message", shop.message.clone());
                fact("cost", Some(format!("{} {}", shop.cost, shop.currency)));
                let code = if shop.has_pin { "delivered" } else { "none" };
                fact("code", Some(code.to_owned()));
                fact("created", Some(time(shop.created_at)));
                fact("completed", shop.completed_at.map(time));
            }
            None => fact("shop", Some("the shop has no such row any more".to_owned())),
        }

        match &self.detail.tracked {
            Some(tracked) => {
                let watched = &tracked.watched;
                let reference = tracked.reference.as_ref();
                fact("stage", Some(watched.stage.to_string()));
                fact("why", tracked.held.map(|why| why.said_in(Lang::En)));
                fact(
                    "what to do",
                    tracked.held.map(|why| why.fix(Lang::En).to_owned()),
                );
                fact("reference", reference.map(ToString::to_string));
                fact("panel", tracked.integration.map(|id| id.to_string()));
                fact("sent", watched.sent_at.map(time));
                fact("next check", tracked.due_at.map(time));
                fact("gives up", watched.give_up_at.map(time));
                fact("checks", Some(watched.attempts.to_string()));
                fact("still working", tracked.waited_at.map(time));
            }
            None => fact("stage", Some("not tracked by orderwatch".to_owned())),
        }

        fact("player fields", self.detail.player.as_ref().map(player));
        fact("PIN", self.pin.clone());

        for event in &self.events {
            let at = event.at.format("%Y-%m-%d %H:%M:%S%.3f");
            let _: std::fmt::Result =
                write!(text, "\n{at}  {:<14} {}", event.kind, facts(&event.detail));
        }
        text
    }
}

fn player(of: &PlayerOf) -> String {
    let sent = if of.sent { "sent" } else { "would be sent" };
    let confirmed = if of.confirmed {
        "confirmed"
    } else {
        "not confirmed"
    };
    let PlayerOf { player, .. } = of;
    format!(
        "{player} ({sent} as {:?}, {confirmed})",
        player.fields.to_string()
    )
}

async fn reveal_pin(store: &Store, order: OrderId) -> anyhow::Result<Option<String>> {
    let Some(pin) = store.pin(order).await? else {
        return Ok(None);
    };

    // Written before the code leaves, so that nobody sees one without a trace.
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
