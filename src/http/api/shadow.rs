//! What shadow mode would have bought: to compare with the dispatcher that still runs, before orderwatch
//! takes its place.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    input::Time,
    page::{Limit, Page, place},
    responses::Reads,
};
use crate::{
    http::{AppState, Problem, extract::Query},
    store::{ShadowEntry, ShadowSum},
};

const LIST: &str = "shadow";

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(shadow_sums))
        .routes(routes!(shadow_orders))
}

/// Since when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Since {
    /// Only what was found since this time.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
}

/// Since when, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SincePage {
    /// Only what was found since this time.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Maximum number of rows.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, default = 50)]
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The sums by panel.
#[derive(Debug, Serialize, ToSchema)]
struct ShadowReport {
    /// By name.
    panels: Vec<ShadowSum>,
}

/// Adds up what shadow mode would have bought
#[utoipa::path(get, path = "/shadow", tag = "shadow", params(Since),
    responses((status = 200, description = "The sums by panel", body = ShadowReport), Reads))]
async fn shadow_sums(
    State(state): State<AppState>,
    Query(query): Query<Since>,
) -> Result<Json<ShadowReport>, Problem> {
    let since = query.since.map(|time| time.0);
    let panels = state.world()?.store.shadow_sums(since).await?;
    Ok(Json(ShadowReport { panels }))
}

/// Lists what shadow mode would have bought
///
/// Newest first.
#[utoipa::path(get, path = "/shadow/orders", tag = "shadow", params(SincePage),
    responses((status = 200, description = "A page of orders", body = Page<ShadowEntry>), Reads))]
async fn shadow_orders(
    State(state): State<AppState>,
    Query(query): Query<SincePage>,
) -> Result<Json<Page<ShadowEntry>>, Problem> {
    let before = place(LIST, query.cursor.as_deref())?;
    let since = query.since.map(|time| time.0);
    let world = state.world()?;
    let rules = &world.config.player;
    let orders = world
        .store
        .shadow_before(since, before, Limit::asked(query.limit), rules)
        .await?;

    Page::of(orders, query.limit, LIST, ShadowEntry::cursor).map(Json)
}
