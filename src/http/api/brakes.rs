//! Pausing and resuming purchases, everywhere or at one panel. A pause ends no watching: what was bought
//! is asked about all the same.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    input::{Nothing, person},
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
    store::Scope,
    worker::brakes::BrakeAction,
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
struct BrakeBody {
    /// Only at this panel, by its row in `integrations`; everywhere if left out.
    panel: Option<Uuid>,
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
#[utoipa::path(post, path = "/brakes/pause", tag = "brakes", request_body = BrakeBody,
    responses((status = 200, description = "What is in force now", body = Brakes), Acts))]
async fn pause(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<BrakeBody>,
) -> Result<Json<Brakes>, Problem> {
    act(&*state.world()?, &body, BrakeAction::Pause).await
}

/// Resumes purchases
#[utoipa::path(post, path = "/brakes/resume", tag = "brakes", request_body = BrakeBody,
    responses((status = 200, description = "What is in force now", body = Brakes), Acts))]
async fn resume(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<BrakeBody>,
) -> Result<Json<Brakes>, Problem> {
    act(&*state.world()?, &body, BrakeAction::Resume).await
}

async fn act(
    world: &World,
    body: &BrakeBody,
    action: BrakeAction,
) -> Result<Json<Brakes>, Problem> {
    let person = person(&body.by, &body.reason)?;
    let scope = match body.panel {
        None => Scope::All,
        // Also a panel whose row is gone, as long as its pause is to be resumed.
        Some(id) => action
            .scope(&world.store, IntegrationId(id))
            .await?
            .ok_or_else(|| Problem {
                parameter: Some("panel".into()),
                ..Problem::new(Code::NotFound, "no panel has this id; see /api/v1/panels")
            })?,
    };

    let now = world.clock.now();
    let changed = action.apply(&world.store, scope, &person, now).await?;
    tracing::info!(
        ?action,
        ?scope,
        who = person.who,
        why = person.why,
        changed,
        "a person paused or resumed buying by the API"
    );

    in_force(world, changed).await
}

async fn in_force(world: &World, changed: bool) -> Result<Json<Brakes>, Problem> {
    // Read rather than concluded: somebody else may have acted meanwhile.
    let pauses = world.store.brakes().await?;
    Ok(Json(Brakes { changed, pauses }))
}
