//! `orderwatch pause` and `orderwatch resume`: buying, for all panels or one. What was bought is
//! watched all the same.

use std::process::ExitCode;

use chrono::SecondsFormat;
use clap::Args;
use uuid::Uuid;

use super::{
    Global, out, shop_store,
    signature::{By, Signature},
};
use crate::{
    order::IntegrationId,
    overview::PauseView,
    store::{KnownPanel, Person, Scope, Store},
    worker::brakes::BrakeAction,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch pause --reason 'prices look wrong'                       everything
  orderwatch pause --integration ID --reason 'panel is being moved'   one panel
  orderwatch resume";

pub(super) const RESUME_EXAMPLES: &str = "\
Examples:
  orderwatch resume                     everywhere; a panel that is paused by itself stays so
  orderwatch resume --integration ID    one panel";

#[derive(Args, Debug)]
pub(super) struct Pause {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    signature: Signature,
}

#[derive(Args, Debug)]
pub(super) struct Resume {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    by: By,
}

#[derive(Args, Debug)]
struct Place {
    /// Only at this panel: the id of its row in `integrations`.
    #[arg(long, value_name = "ID")]
    integration: Option<String>,
}

pub(super) async fn pause(global: &Global, options: &Pause) -> anyhow::Result<ExitCode> {
    let person = options.signature.person();
    act(global, BrakeAction::Pause, &options.place, &person).await
}

pub(super) async fn resume(global: &Global, options: &Resume) -> anyhow::Result<ExitCode> {
    let person = options.by.person();
    act(global, BrakeAction::Resume, &options.place, &person).await
}

async fn act(
    global: &Global,
    action: BrakeAction,
    place: &Place,
    person: &Person,
) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = shop_store(&config).await?;
    let scope = place.scope(&store, action).await?;

    let (now, _) = store.now().await?;
    if !action.apply(&store, scope, person, now).await? {
        out::line(match action {
            BrakeAction::Pause => "It was paused before; that stays.",
            BrakeAction::Resume => "It was not paused.",
        })?;
    }

    // All of them, in any case: another pause may still keep orders waiting.
    let pauses = store.brakes().await?;
    if pauses.is_empty() {
        out::line("Buying is not paused anywhere.")?;
    }
    for pause in &pauses {
        out::line(sentence(pause))?;
    }

    store.close().await;
    Ok(ExitCode::SUCCESS)
}

impl Place {
    async fn scope(&self, store: &Store, action: BrakeAction) -> anyhow::Result<Scope> {
        let Some(text) = &self.integration else {
            return Ok(Scope::All);
        };
        // A text that is no id is answered like an id that is unknown.
        if let Ok(id) = Uuid::parse_str(text.trim())
            && let Some(scope) = action.scope(store, IntegrationId(id)).await?
        {
            return Ok(scope);
        }

        Err(no_such_panel(&store.known_panels().await?, text))
    }
}

/// An id is copied from somewhere, so the ones that would do are named.
pub(super) fn no_such_panel(panels: &[KnownPanel], text: &str) -> anyhow::Error {
    let known: Vec<String> = panels
        .iter()
        .map(|panel| format!("\n  {}  {} (tenant {})", panel.id, panel.name, panel.tenant))
        .collect();
    anyhow::anyhow!("no panel has the id {text:?}; there are:{}", known.concat())
}

fn sentence(pause: &PauseView) -> String {
    let place = match (pause.panel, &pause.name) {
        (None, _) => "for all panels".to_owned(),
        (Some(id), Some(name)) => format!("at {name} ({id})"),
        (Some(id), None) => format!("at {id}, which is gone"),
    };
    format!(
        "Buying is paused {place} since {} by {}: {}",
        pause.at.to_rfc3339_opts(SecondsFormat::Secs, true),
        pause.who,
        pause.why
    )
}
