//! Pausing and resuming purchases, everywhere or at one panel. A pause ends no watching: what was bought
//! is asked about all the same.

use axum::{Json, extract::State};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    input::{Nothing, Time, person},
    responses::{Acts, Reads},
};
use crate::{
    http::{
        AppState, Problem, World,
        extract::{self, Query},
        problem::Code,
    },
    order::IntegrationId,
    overview::PauseView,
    store::{Person, Scope},
    worker::brakes::{BrakeAction, Resumed, resume_seen},
};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_brakes))
        .routes(routes!(pause))
        .routes(routes!(resume))
}

/// The pauses that are on.
#[derive(Debug, Serialize, ToSchema)]
struct Brakes {
    /// Whether this request changed something.
    changed: bool,
    /// That of all panels first.
    pauses: Vec<PauseView>,
}

/// Where, who, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PauseBody {
    /// Only at this panel, by its row in `integrations`; everywhere if left out.
    panel: Option<Uuid>,
    /// Who acts.
    #[schema(min_length = 1, max_length = 500)]
    by: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Where, who, and why; and which pause, if not whichever is on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResumeBody {
    /// Only at this panel, by its row in `integrations`; everywhere if left out.
    panel: Option<Uuid>,
    /// Only the pause that began then, as its `at` says; whichever is on if left out.
    #[schema(value_type = Option<DateTime<Utc>>)]
    paused_at: Option<Time>,
    /// Who acts.
    #[schema(min_length = 1, max_length = 500)]
    by: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Lists the pauses that are on
#[utoipa::path(get, path = "/brakes", tag = "brakes",
    responses((status = 200, description = "The pauses", body = Brakes), Reads))]
async fn list_brakes(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<Brakes>, Problem> {
    in_force(&*state.world()?, false).await
}

/// Pauses purchases
///
/// Everywhere or at one panel. What was bought is watched all the same. A pause that is on already
/// stays as it is.
#[utoipa::path(post, path = "/brakes/pause", tag = "brakes", request_body = PauseBody,
    responses((status = 200, description = "What is in force now", body = Brakes), Acts))]
async fn pause(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<PauseBody>,
) -> Result<Json<Brakes>, Problem> {
    let world = state.world()?;
    let person = person(&body.by, &body.reason)?;
    let scope = scope(&world, body.panel, BrakeAction::Pause).await?;
    let now = world.clock.now();

    let changed = world.store.pause(scope, &person, now).await?;
    note(BrakeAction::Pause, scope, &person, changed);
    in_force(&world, changed).await
}

/// Resumes purchases
///
/// With `paused_at` only the pause that began then: where another one is on, nothing is resumed, and the
/// answer is `changed`.
#[utoipa::path(post, path = "/brakes/resume", tag = "brakes", request_body = ResumeBody,
    responses((status = 200, description = "What is in force now", body = Brakes), Acts))]
async fn resume(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<ResumeBody>,
) -> Result<Json<Brakes>, Problem> {
    let world = state.world()?;
    let person = person(&body.by, &body.reason)?;
    let scope = scope(&world, body.panel, BrakeAction::Resume).await?;

    let changed = resumed(&world, scope, body.paused_at.map(|at| at.0), &person).await?;
    note(BrakeAction::Resume, scope, &person, changed);
    in_force(&world, changed).await
}

/// Whether a pause was resumed.
async fn resumed(
    world: &World,
    scope: Scope,
    paused_at: Option<DateTime<Utc>>,
    person: &Person,
) -> Result<bool, Problem> {
    let (store, now) = (&world.store, world.clock.now());
    if paused_at.is_none() {
        return Ok(store.resume(scope, None, person, now).await?);
    }

    match resume_seen(store, scope, paused_at, person, now).await? {
        Resumed::Done => Ok(true),
        Resumed::NotPaused => Ok(false),
        Resumed::Another(pause) => Err(Problem::new(
            Code::Changed,
            format!(
                "another pause is on since {} by {}: {}",
                pause.at.to_rfc3339_opts(SecondsFormat::Secs, true),
                pause.who,
                pause.why
            ),
        )),
    }
}

async fn scope(world: &World, panel: Option<Uuid>, action: BrakeAction) -> Result<Scope, Problem> {
    let Some(id) = panel else {
        return Ok(Scope::All);
    };

    // Also a panel whose row is gone, as long as its pause is to be resumed.
    let scope = action.scope(&world.store, IntegrationId(id)).await?;
    scope.ok_or_else(|| Problem {
        parameter: Some("panel".into()),
        ..Problem::new(Code::NotFound, "no panel has this id; see /api/v1/panels")
    })
}

fn note(action: BrakeAction, scope: Scope, person: &Person, changed: bool) {
    tracing::info!(
        ?action,
        ?scope,
        who = person.who,
        why = person.why,
        changed,
        "a person paused or resumed buying by the API"
    );
}

async fn in_force(world: &World, changed: bool) -> Result<Json<Brakes>, Problem> {
    // Read rather than concluded: somebody else may have acted meanwhile.
    let pauses = world.store.brakes().await?;
    Ok(Json(Brakes { changed, pauses }))
}
