//! One order: what is known, what happened, and why it waits.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    input::{Nothing, OrderPath, Text},
    page::{Limit, Page, Turn, place},
    responses::{Reads, ReadsOne},
};
use crate::{
    http::{
        AppState, Problem,
        decide::{detail, facts},
        extract::{Path, Query},
    },
    order::{OrderId, explain::ExplainedOrder},
    store::{OrderDetail, StoredEvent},
};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(find_orders))
        .routes(routes!(show_order))
        .routes(routes!(list_events))
        .routes(routes!(explain_order))
}

/// A name of an order.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Name {
    /// An id, a number of the shop, or a reference.
    #[param(value_type = String, min_length = 1, max_length = 200)]
    name: Text,
}

/// Orders that a name means.
#[derive(Debug, Serialize, ToSchema)]
struct Found {
    /// Their ids, at most 20; none when there is no such order.
    #[schema(value_type = Vec<Uuid>)]
    orders: Vec<OrderId>,
}

/// Finds orders by a name
///
/// By id, by the shop's order number, or by the reference at the panel. Numbers are not unique
/// among tenants, so there may be several.
#[utoipa::path(get, path = "/orders/by-name", tag = "orders", params(Name),
    responses((status = 200, description = "The orders that are meant", body = Found), Reads))]
async fn find_orders(
    State(state): State<AppState>,
    Query(name): Query<Name>,
) -> Result<Json<Found>, Problem> {
    let orders = state.world()?.store.find_orders(&name.name.0).await?;
    Ok(Json(Found { orders }))
}

/// Shows an order
///
/// All that is known about it but its code, which `POST …/pin` tells.
#[utoipa::path(get, path = "/orders/{order}", tag = "orders", params(OrderPath),
    responses((status = 200, description = "The order", body = OrderDetail), ReadsOne))]
async fn show_order(
    State(state): State<AppState>,
    Path(path): Path<OrderPath>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<OrderDetail>, Problem> {
    let world = state.world()?;
    detail(&world, OrderId(path.order)).await.map(Json)
}

/// Lists the steps of an order
///
/// Oldest first. An order that is not tracked has none.
#[utoipa::path(get, path = "/orders/{order}/events", tag = "orders", params(OrderPath, Turn),
    responses((status = 200, description = "A page of steps", body = Page<StoredEvent>), ReadsOne))]
async fn list_events(
    State(state): State<AppState>,
    Path(path): Path<OrderPath>,
    Query(turn): Query<Turn>,
) -> Result<Json<Page<StoredEvent>>, Problem> {
    let world = state.world()?;
    let order = OrderId(path.order);
    // The cursor of one order is none for another.
    let list = format!("events {order}");
    let after = place(&list, turn.cursor.as_deref())?;

    let limit = Limit::asked(turn.limit);
    let events = world.store.events_after(order, after, limit).await?;
    if events.is_empty() {
        // An empty list is an answer only where there is such an order.
        detail(&world, order).await?;
    }

    Page::of(events, turn.limit, &list, |event| event.id).map(Json)
}

/// Explains an order
///
/// Why it waits or how it ended, and when it is checked next.
#[utoipa::path(get, path = "/orders/{order}/explain", tag = "orders", params(OrderPath),
    responses((status = 200, description = "The explanation", body = ExplainedOrder), ReadsOne))]
async fn explain_order(
    State(state): State<AppState>,
    Path(path): Path<OrderPath>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<ExplainedOrder>, Problem> {
    let order = OrderId(path.order);
    let facts = facts(&*state.world()?, order).await?;
    Ok(Json(ExplainedOrder::of(order, &facts)))
}
