//! How it goes.

use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{input::Nothing, responses::Reads};
use crate::{
    attention::{self, Warning},
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
    warnings: Vec<WarningItem>,
}

/// Something that needs attention.
#[derive(Debug, Serialize, ToSchema)]
struct WarningItem {
    /// What, for programs.
    kind: &'static str,
    /// `critical`, `warning` or `notice`.
    severity: &'static str,
    /// Whose, where there may be several: a panel, a job, an address.
    subject: Option<String>,
    /// Since when, where that is known.
    since: Option<chrono::DateTime<chrono::Utc>>,
    /// What, for people.
    sentence: String,
    /// What to do.
    remedy: String,
    /// The facts.
    #[schema(value_type = Object)]
    detail: Value,
}

impl From<Warning> for WarningItem {
    fn from(warning: Warning) -> Self {
        let condition = &warning.condition;
        Self {
            kind: condition.kind().as_str(),
            severity: warning.severity.as_str(),
            subject: condition.subject().map(ToString::to_string),
            since: warning.since,
            sentence: condition.sentence(),
            remedy: condition.remedy().to_string(),
            detail: serde_json::to_value(condition).unwrap_or_default(),
        }
    }
}

/// The warnings.
#[derive(Debug, Serialize, ToSchema)]
struct Warnings {
    /// The most important first.
    warnings: Vec<WarningItem>,
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

fn judged(world: &World, situation: &Situation) -> Vec<WarningItem> {
    let warnings = attention::assess(situation, &world.limits, situation.at);
    warnings.into_iter().map(WarningItem::from).collect()
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
    let warnings = judged(&world, &situation);
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
    let warnings = judged(&world, &situation);
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
