//! Buying is paused and resumed, everywhere or at one panel; each is confirmed and signed first.

use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    act::{self, Confirm, Hidden, Signature},
    done::Done,
    reader::{Reader, Tab},
    view::Note,
};
use crate::{
    http::{
        extract::{Form, Path, Query},
        problem::Problem,
    },
    order::IntegrationId,
    store::Scope,
    worker::brakes::BrakeAction,
};

/// The panel, empty for all of them; the form adds who acts and why.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(flatten)]
    signature: Signature,
    #[serde(default)]
    panel: String,
}

/// `GET /brakes/{pause|resume}?panel=`
pub(super) async fn ask(
    reader: Reader,
    Path(action): Path<BrakeAction>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    confirm(&reader, action, None, &asked).await
}

/// `POST /brakes/{pause|resume}`
pub(super) async fn act(
    reader: Reader,
    Path(action): Path<BrakeAction>,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    let Some(person) = asked.signature.person() else {
        let note = reader.words().act.incomplete;
        return confirm(&reader, action, Some(note), &asked).await;
    };

    // Looked up again: the form may be hours old.
    let (scope, _) = scope(&reader, &asked.panel, action).await?;

    let changed = action
        .apply(&reader.world.store, scope, &person, reader.now())
        .await?;
    tracing::info!(
        ?action,
        ?scope,
        who = person.who,
        why = person.why,
        changed,
        "a person paused or resumed buying on the page"
    );

    let done = match (action, changed) {
        (BrakeAction::Pause, true) => Done::Paused,
        (BrakeAction::Pause, false) => Done::PausedBefore,
        (BrakeAction::Resume, true) => Done::Resumed,
        (BrakeAction::Resume, false) => Done::ResumedBefore,
    };
    Ok(act::done(done, "/", Some(&person)))
}

/// Where to act, and what that place is called.
async fn scope(
    reader: &Reader,
    panel: &str,
    action: BrakeAction,
) -> Result<(Scope, String), Problem> {
    let words = reader.words();
    if panel.is_empty() {
        return Ok((Scope::All, words.act.where_all.to_owned()));
    }

    let unknown = Problem::no_such_panel;
    let id = IntegrationId(Uuid::parse_str(panel).map_err(|_| unknown())?);
    let store = &reader.world.store;
    let scope = action.scope(store, id).await?.ok_or_else(unknown)?;

    let known = store.known_panels().await?;
    let name = known.into_iter().find(|panel| panel.id == id);
    // A pause outlives its panel, and must be resumable all the same.
    let gone = || words.page.panel_gone(&id.to_string());
    Ok((scope, name.map_or_else(gone, |panel| panel.name)))
}

async fn confirm(
    reader: &Reader,
    action: BrakeAction,
    note: Option<&'static str>,
    asked: &Asked,
) -> Result<Response, Problem> {
    let (_, place) = scope(reader, &asked.panel, action).await?;
    let act = reader.words().act;
    let place = reader.format.outside(&place);
    let (title, will, path) = match action {
        BrakeAction::Pause => (act.pause, act.will_pause(&place), "/brakes/pause"),
        BrakeAction::Resume => (act.resume, act.will_resume(&place), "/brakes/resume"),
    };

    Confirm {
        c: reader.chrome(Tab::Overview, title),
        note: note.map(|text| Note::new(text, "bad")),
        facts: Vec::new(),
        will: Some(will),
        path: path.to_owned(),
        hidden: vec![Hidden {
            name: "panel",
            value: asked.panel.clone(),
        }],
        signature: asked.signature.or_last(reader),
        button: title,
        back: "/".to_owned(),
    }
    .respond(note.is_some())
}
