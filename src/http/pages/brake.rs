//! Buying is paused and resumed, everywhere or at one panel; each is confirmed and signed first.

use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    act::{self, Confirm, Hidden, Signature},
    done::Done,
    overview,
    reader::{Reader, Tab},
    view::{Fact, Note, Show},
};
use crate::{
    http::{
        extract::{Form, Path, Query},
        problem::Problem,
    },
    order::IntegrationId,
    overview::PauseView,
    store::{Person, Scope},
    worker::brakes::{BrakeAction, Resumed, resume_seen},
};

/// The panel, empty for all of them; the form adds who acts and why, and which pause it showed.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(flatten)]
    signature: Signature,
    #[serde(default)]
    panel: String,
    /// Since when the pause is on that is to be resumed.
    #[serde(default)]
    seen: String,
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

    let done = match action {
        BrakeAction::Pause => pause(&reader, scope, &person).await?,
        BrakeAction::Resume => {
            let Some(done) = resume(&reader, scope, &asked.seen, &person).await? else {
                // Nobody has confirmed that the pause which is on now is resumed.
                let note = reader.words().act.paused_again;
                return confirm(&reader, action, Some(note), &asked).await;
            };
            done
        }
    };

    tracing::info!(
        ?action,
        ?scope,
        who = person.who,
        why = person.why,
        ?done,
        "a person paused or resumed buying on the page"
    );
    Ok(act::done(done, "/", Some(&person)))
}

async fn pause(reader: &Reader, scope: Scope, person: &Person) -> Result<Done, Problem> {
    let store = &reader.world.store;
    let paused = store.pause(scope, person, reader.now()).await?;
    Ok(if paused {
        Done::Paused
    } else {
        Done::PausedBefore
    })
}

/// `None` when another pause is on than the one that was shown.
async fn resume(
    reader: &Reader,
    scope: Scope,
    seen: &str,
    person: &Person,
) -> Result<Option<Done>, Problem> {
    // What is no time names no pause, and resumes none.
    let seen = DateTime::parse_from_rfc3339(seen).ok();
    let seen = seen.map(|at| at.with_timezone(&Utc));
    let store = &reader.world.store;

    Ok(
        match resume_seen(store, scope, seen, person, reader.now()).await? {
            Resumed::Done => Some(Done::Resumed),
            Resumed::NotPaused => Some(Done::ResumedBefore),
            Resumed::Another(_) => None,
        },
    )
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
    let (scope, place) = scope(reader, &asked.panel, action).await?;
    let act = reader.words().act;
    let place = reader.format.outside(&place);
    let (title, will, path) = match action {
        BrakeAction::Pause => (act.pause, act.will_pause(&place), "/brakes/pause"),
        BrakeAction::Resume => (act.resume, act.will_resume(&place), "/brakes/resume"),
    };
    let pause = match action {
        BrakeAction::Pause => None,
        BrakeAction::Resume => reader.world.store.pause_at(scope).await?,
    };

    Confirm {
        c: reader.chrome(Tab::Overview, title),
        note: note.map(|text| Note::new(text, "bad")),
        facts: pause.iter().map(|pause| fact(reader, pause)).collect(),
        will: Some(will),
        path: path.to_owned(),
        hidden: hidden(asked, pause.as_ref()),
        signature: asked.signature.or_last(reader),
        button: title,
        back: "/".to_owned(),
    }
    .respond(note.is_some())
}

/// Who paused, and why.
fn fact(reader: &Reader, pause: &PauseView) -> Fact {
    let paused = overview::paused(pause, &reader.format);
    Fact {
        name: paused.what,
        show: Show::Said(paused.signed),
    }
}

/// What the form hands back.
fn hidden(asked: &Asked, pause: Option<&PauseView>) -> Vec<Hidden> {
    let panel = Hidden {
        name: "panel",
        value: asked.panel.clone(),
    };
    // As exact as the database keeps it: the step compares.
    let seen = pause.map(|pause| Hidden {
        name: "seen",
        value: pause.at.to_rfc3339_opts(SecondsFormat::Micros, true),
    });
    [panel].into_iter().chain(seen).collect()
}
