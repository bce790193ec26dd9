//! Taking an order's pieces from the shelves, and releasing what was never taken from them.
//!
//! What must stay true: an order is taken once, however often it is asked for, and the pick stands
//! whether or not the store hears of it at once.

use std::time::Duration;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    input::{Nothing, Text, person},
    responses::Acts,
};
use crate::{
    http::{
        AppState, Problem, World,
        extract::{self, Query},
        problem::Code,
    },
    store::{PickAsk, PickLine, Picked},
    telemetry::chain,
    worker::trendyol::report_picking,
};

/// How long a request waits until the picking is reported; the daemon reports it later all the same.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(pick_order))
        .routes(routes!(release_packages))
}

/// What is to be picked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PickBody {
    /// The order's number in the store.
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    order: Text,
    /// The shelf to take from first; otherwise the fullest.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    shelf: Option<Text>,
    /// Who picks.
    #[schema(min_length = 1, max_length = 500)]
    by: String,
    /// Only show what would be taken.
    #[serde(default)]
    dry_run: bool,
}

/// What was picked.
#[derive(Debug, Serialize, ToSchema)]
struct PickResult {
    /// `taken`, `would-take`, or `already` when it was picked before and nothing was taken now.
    outcome: &'static str,
    /// Whether something was missing on the shelves or in `central_stock`.
    short: bool,
    /// Product by product.
    lines: Vec<PickLine>,
    /// Whether the store knows; null where nothing has to be reported.
    reported: Option<bool>,
}

/// Picks an order
///
/// Takes its pieces from the shelves, once; a second request takes nothing.
#[utoipa::path(post, path = "/pick", tag = "stock", request_body = PickBody,
    responses((status = 200, description = "What was taken", body = PickResult), Acts))]
async fn pick_order(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<PickBody>,
) -> Result<Json<PickResult>, Problem> {
    let world = state.world()?;
    // A pick needs no reason, but a name that holds.
    let who = person(&body.by, "picked")?.who;
    let ask = PickAsk {
        order: &body.order.0,
        shelf: body.shelf.as_ref().map(|shelf| &*shelf.0),
        by: &who,
        dry_run: body.dry_run,
        now: world.clock.now(),
    };

    let refused = |detail| Err(Problem::new(Code::Refused, detail));

    match world.store.pick(ask).await? {
        Picked::Taken { lines, to_report } => {
            // The pick stands whatever the store answers: the next pass reports what is still owed.
            let reports = to_report > 0 && !body.dry_run;
            Ok(Json(PickResult {
                outcome: if body.dry_run { "would-take" } else { "taken" },
                short: lines.iter().any(PickLine::is_short),
                lines,
                reported: if reports {
                    reported_now(&world).await
                } else {
                    None
                },
            }))
        }
        Picked::Already(_) => Ok(Json(PickResult {
            outcome: "already",
            short: false,
            lines: Vec::new(),
            reported: None,
        })),
        Picked::Cancelled => refused("the order was cancelled; nothing was taken"),
        Picked::NotReady => refused(
            "the order is not to be picked: its payment is pending, or it is in none of the \
             warehouse's tables of open orders; nothing was taken",
        ),
        Picked::NoLines => refused(
            "the order has no line that can be read; nothing was taken. /api/v1/stock/plan names \
             what is wrong with it",
        ),
        Picked::Unknown => Err(Problem::new(Code::NotFound, "there is no such order")),
    }
}

/// An order that was not taken from these shelves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReleaseBody {
    /// The order's number in the store.
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    order: Text,
    /// Who says so.
    #[schema(min_length = 1, max_length = 500)]
    by: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// What was released.
#[derive(Debug, Serialize, ToSchema)]
struct Released {
    /// The packages whose pieces are not reserved any more.
    packages: Vec<i64>,
}

/// Releases packages of an order
///
/// Says that packages which nothing else ends were not taken from these shelves, so their pieces are
/// not reserved any more: they were shipped although nobody has picked them, split up without a package
/// that carries the pieces on, passed on between sellers, or the store does not answer about them.
#[utoipa::path(post, path = "/stock/release", tag = "stock", request_body = ReleaseBody,
    responses((status = 200, description = "What was released", body = Released), Acts))]
async fn release_packages(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<ReleaseBody>,
) -> Result<Json<Released>, Problem> {
    let world = state.world()?;
    let person = person(&body.by, &body.reason)?;
    let now = world.clock.now();
    let packages = world
        .store
        .release_packages(&body.order.0, &person, now)
        .await?;

    if packages.is_empty() {
        return Err(Problem::new(
            Code::Refused,
            "the order has no package that only a person can release; nothing was released",
        ));
    }

    Ok(Json(Released { packages }))
}

/// Reports the picking at once. `None` where there is no store.
async fn reported_now(world: &World) -> Option<bool> {
    let seller = world.seller.as_ref()?;
    let reported = match tokio::time::timeout(PATIENCE, report_picking(seller)).await {
        Ok(Ok(reports)) => reports.later + reports.given_up == 0,
        Ok(Err(error)) => {
            tracing::warn!(
                error = chain(&error),
                "picking could not be reported now; the next pass reports it"
            );
            false
        }
        // Too slow to wait for; the report is still owed and the next pass makes it.
        Err(_) => false,
    };

    Some(reported)
}
