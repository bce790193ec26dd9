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
    store::{Brake, Person, Scope, Store},
    worker::brakes::{BrakeAction, BrakeTarget, of_panel},
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
    let (config, _log) = global.begin()?;
    let store = shop_store(&config).await?;
    let scope = options.place.scope(&store, BrakeAction::Pause).await?;
    let (now, _) = store.now().await?;
    let person = options.signature.person();
    if !store.pause(scope, &person, now).await? {
        out::line("It was paused before; that stays.")?;
    }
    finish(&store).await
}

pub(super) async fn resume(global: &Global, options: &Resume) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = shop_store(&config).await?;
    let scope = options.place.scope(&store, BrakeAction::Resume).await?;
    let (now, _) = store.now().await?;
    let person = Person {
        who: options.by.name(),
        why: String::new(),
    };
    if !store.resume(scope, &person, now).await? {
        out::line("It was not paused.")?;
    }
    finish(&store).await
}

impl Place {
    async fn scope(&self, store: &Store, action: BrakeAction) -> anyhow::Result<Scope> {
        let Some(text) = &self.integration else {
            return Ok(Scope::All);
        };
        let id = Uuid::parse_str(text.trim()).ok().map(IntegrationId);
        let panels = match id {
            Some(id) => match of_panel(store, id, action).await? {
                BrakeTarget::Brake(scope) => return Ok(scope),
                BrakeTarget::Unknown(panels) => panels,
            },
            None => store.known_panels().await?,
        };
        let known: Vec<String> = panels
            .iter()
            .map(|panel| format!("\n  {}  {} (tenant {})", panel.id, panel.name, panel.tenant))
            .collect();
        anyhow::bail!("no panel has the id {text:?}; there are:{}", known.concat())
    }
}

/// Prints what is in force.
async fn finish(store: &Store) -> anyhow::Result<ExitCode> {
    let brakes = store.brakes().await?;
    if brakes.is_empty() {
        out::line("Buying is not paused anywhere.")?;
    }
    for brake in &brakes {
        out::line(sentence(brake))?;
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn sentence(brake: &Brake) -> String {
    let place = match (brake.scope, &brake.panel) {
        (Scope::All, _) => "for all panels".to_owned(),
        (Scope::Panel(id), Some(name)) => format!("at {name} ({id})"),
        (Scope::Panel(id), None) => format!("at {id}, which is gone"),
    };
    format!(
        "Buying is paused {place} since {} by {}: {}",
        brake.at.to_rfc3339_opts(SecondsFormat::Secs, true),
        brake.who,
        brake.why
    )
}
