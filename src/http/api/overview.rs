//! How it goes: the same figures and warnings that `orderwatch status` and the pages show.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{input::Nothing, responses::Reads};
use crate::{
    attention::{Warning, WarningItem, assess},
    http::{AppState, Problem, World, extract::Query},
    overview::{PanelView, Situation},
};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    let mut router = OpenApiRouter::new()
        .routes(routes!(overview))
        .routes(routes!(warnings))
        .routes(routes!(list_panels));
    // Every operation refers to it, and none returns it as its body.
    let components = router.get_openapi_mut().components.get_or_insert_default();
    let (name, schema) = super::responses::schema();
    components.schemas.insert(name, schema);
    router
}

/// Everything, as of one moment.
#[derive(Debug, Serialize, ToSchema)]
struct Whole {
    #[serde(flatten)]
    situation: Situation,
    /// What needs attention, the most important first.
    #[schema(value_type = Vec<WarningItem>)]
    warnings: Vec<Warning>,
}

/// The warnings.
#[derive(Debug, Serialize, ToSchema)]
struct Warnings {
    /// The most important first.
    #[schema(value_type = Vec<WarningItem>)]
    warnings: Vec<Warning>,
}

/// The panels.
#[derive(Debug, Serialize, ToSchema)]
struct Panels {
    /// By name.
    panels: Vec<PanelView>,
}

async fn read(world: &World) -> Result<Situation, Problem> {
    Ok(world.situation().await?)
}

/// Shows the whole
///
/// What `orderwatch status` shows: orders, panels, jobs, pauses, daemons, notices, the store, and
/// what needs attention.
#[utoipa::path(get, path = "/overview", tag = "whole",
    responses((status = 200, description = "The whole", body = Whole), Reads))]
async fn overview(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<Whole>, Problem> {
    let world = state.world()?;
    let situation = read(&world).await?;
    let warnings = assess(&situation, &world.limits, situation.at);

    Ok(Json(Whole {
        situation,
        warnings,
    }))
}

/// Lists what needs attention
#[utoipa::path(get, path = "/warnings", tag = "whole",
    responses((status = 200, description = "The warnings", body = Warnings), Reads))]
async fn warnings(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<Warnings>, Problem> {
    let world = state.world()?;
    let situation = read(&world).await?;
    let warnings = assess(&situation, &world.limits, situation.at);

    Ok(Json(Warnings { warnings }))
}

/// Lists the panels
#[utoipa::path(get, path = "/panels", tag = "whole",
    responses((status = 200, description = "The panels", body = Panels), Reads))]
async fn list_panels(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<Panels>, Problem> {
    let situation = read(&*state.world()?).await?;
    Ok(Json(Panels {
        panels: situation.panels,
    }))
}
