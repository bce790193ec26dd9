//! Buying is paused and resumed, everywhere or at one panel.

use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    act::{Confirm, Hidden, Signature, told},
    done::Done,
    reader::{Reader, Tab},
    view::Note,
    words::fill,
};
use crate::{
    http::{
        extract::{Form, Query},
        problem::{Code, Problem},
    },
    order::IntegrationId,
    store::Scope,
    worker::brakes::{BrakeAction, BrakeTarget, of_panel},
};

/// What the second step says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Signed {
    #[serde(flatten)]
    signature: Signature,
    #[serde(default)]
    panel: String,
}

#[derive(Deserialize)]
pub(super) struct Where {
    #[serde(default)]
    panel: String,
}

/// `GET /brakes/pause?panel=`
pub(super) async fn ask_pause(
    reader: Reader,
    Query(place): Query<Where>,
) -> Result<Response, Problem> {
    ask_brake(
        &reader,
        BrakeAction::Pause,
        &place.panel,
        None,
        &Signed::default(),
    )
    .await
}

/// `GET /brakes/resume?panel=`
pub(super) async fn ask_resume(
    reader: Reader,
    Query(place): Query<Where>,
) -> Result<Response, Problem> {
    ask_brake(
        &reader,
        BrakeAction::Resume,
        &place.panel,
        None,
        &Signed::default(),
    )
    .await
}

/// `POST /brakes/pause`
pub(super) async fn pause(reader: Reader, Form(signed): Form<Signed>) -> Result<Response, Problem> {
    brake(&reader, BrakeAction::Pause, &signed).await
}

/// `POST /brakes/resume`
pub(super) async fn resume(
    reader: Reader,
    Form(signed): Form<Signed>,
) -> Result<Response, Problem> {
    brake(&reader, BrakeAction::Resume, &signed).await
}

/// The brake that is meant, and what it is called.
async fn scope(
    reader: &Reader,
    panel: &str,
    action: BrakeAction,
) -> Result<(Scope, String), Problem> {
    let words = reader.words();
    if panel.is_empty() {
        return Ok((Scope::All, words.act.where_all.to_owned()));
    }
    let unknown = || Problem::new(Code::NotFound, "there is no such panel");
    let id = IntegrationId(Uuid::parse_str(panel).map_err(|_| unknown())?);
    let store = &reader.world.store;
    let BrakeTarget::Brake(scope) = of_panel(store, id, action).await? else {
        return Err(unknown());
    };
    let known = store.known_panels().await?;
    let name = known.into_iter().find(|panel| panel.id == id);
    let gone = || fill(words.page.panel_gone, &[("id", &id.to_string())]);
    Ok((scope, name.map_or_else(gone, |panel| panel.name)))
}

async fn ask_brake(
    reader: &Reader,
    action: BrakeAction,
    panel: &str,
    note: Option<&'static str>,
    signed: &Signed,
) -> Result<Response, Problem> {
    let (_, place) = scope(reader, panel, action).await?;
    let words = reader.words();
    let (title, will, path) = match action {
        BrakeAction::Pause => (words.act.pause, words.act.will_pause, "/brakes/pause"),
        BrakeAction::Resume => (words.act.resume, words.act.will_resume, "/brakes/resume"),
    };
    Confirm {
        c: reader.chrome(Tab::Overview, title),
        note: note.map(|text| Note::new(text, "bad")),
        facts: Vec::new(),
        will: Some(fill(will, &[("place", &reader.format.outside(&place))])),
        path: path.to_owned(),
        hidden: vec![Hidden {
            name: "panel",
            value: panel.to_owned(),
        }],
        signature: signed.signature.or_last(reader),
        button: title,
        back: "/".to_owned(),
    }
    .respond(note.is_some())
}

async fn brake(reader: &Reader, action: BrakeAction, signed: &Signed) -> Result<Response, Problem> {
    let words = &reader.words().act;
    let Some(person) = signed.signature.person() else {
        let note = Some(words.incomplete);
        return ask_brake(reader, action, &signed.panel, note, signed).await;
    };
    let (scope, _) = scope(reader, &signed.panel, action).await?;
    let store = &reader.world.store;
    let now = reader.now();
    let done = match action {
        BrakeAction::Pause if store.pause(scope, &person, now).await? => Done::Paused,
        BrakeAction::Pause => Done::PausedBefore,
        BrakeAction::Resume if store.resume(scope, &person, now).await? => Done::Resumed,
        BrakeAction::Resume => Done::ResumedBefore,
    };
    tracing::info!(
        ?scope,
        who = person.who,
        why = person.why,
        done = done.as_str(),
        "a person used a brake on the page"
    );
    Ok(told(done, "/", Some(&person)))
}
