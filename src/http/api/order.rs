//! One order: what is known, what happened, and why it waits.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    input::{Nothing, OrderPath, Text},
    page::{Limit, Page, Turn, place},
    responses::{Reads, ReadsOne},
};
use crate::{
    http::{
        AppState, Problem,
        decide::{facts, no_such_order},
        extract::{Path, Query},
    },
    order::{HoldReason, OrderId, Player, explain::explain},
    store::{NumberedEvent, ShopView, TrackedOrder},
};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(find_orders))
        .routes(routes!(show_order))
        .routes(routes!(list_events))
        .routes(routes!(explain_order))
}

/// All that is known about an order but its code.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderDetail {
    /// `product_orders.id`.
    order: Uuid,
    /// The shop's row; null when it is gone.
    shop: Option<ShopRow>,
    /// What orderwatch knows; null when it does not track the order.
    tracked: Option<TrackedRow>,
    /// What is sent about the player, or would be; null where nothing can be.
    player: Option<Player>,
    /// Whether a person has confirmed for this product that these fields are right.
    player_confirmed: bool,
}

/// What the shop's row shows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShopRow {
    /// Its number in the shop.
    number: Option<String>,
    /// `status`.
    status: String,
    /// `externalStatus`.
    external_status: String,
    /// `lastMessage`.
    message: Option<String>,
    /// `costAmount`.
    cost: String,
    /// `costCurrency`.
    currency: String,
    /// Whether a code was delivered.
    has_pin: bool,
    /// When it was ordered.
    created_at: DateTime<Utc>,
    /// When it was completed.
    completed_at: Option<DateTime<Utc>>,
}

/// What orderwatch knows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrackedRow {
    /// Whose it is.
    tenant: Uuid,
    /// Where it stands.
    stage: &'static str,
    /// Why it is held.
    held: Option<&'static str>,
    /// Its name at the panel.
    reference: Option<String>,
    /// The panel, by its row in `integrations`.
    integration: Option<Uuid>,
    /// Since when it is tracked.
    tracked_at: DateTime<Utc>,
    /// When the panel accepted it.
    sent_at: Option<DateTime<Utc>>,
    /// When it is looked at next by itself.
    due_at: Option<DateTime<Utc>>,
    /// When waiting ends.
    give_up_at: Option<DateTime<Utc>>,
    /// When it became final.
    finished_at: Option<DateTime<Utc>>,
    /// Checks without progress.
    attempts: u32,
    /// Failures in a row when asking.
    errors: u32,
}

impl From<ShopView> for ShopRow {
    fn from(shop: ShopView) -> Self {
        Self {
            number: shop.order_no.map(|number| number.to_string()),
            status: shop.status,
            external_status: shop.external_status,
            message: shop.last_message,
            cost: shop.cost.0.to_string(),
            currency: shop.cost.1,
            has_pin: shop.has_pin,
            created_at: shop.created_at,
            completed_at: shop.completed_at,
        }
    }
}

impl From<TrackedOrder> for TrackedRow {
    fn from(tracked: TrackedOrder) -> Self {
        Self {
            tenant: tracked.tenant.0,
            stage: tracked.watched.stage.as_str(),
            held: tracked.held.map(HoldReason::as_str),
            reference: tracked.reference.as_ref().map(ToString::to_string),
            integration: tracked.integration.map(|id| id.0),
            tracked_at: tracked.tracked_at,
            sent_at: tracked.watched.sent_at,
            due_at: tracked.due_at,
            give_up_at: tracked.watched.give_up_at,
            finished_at: tracked.finished_at,
            attempts: tracked.watched.attempts,
            errors: tracked.watched.errors,
        }
    }
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
    orders: Vec<Uuid>,
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
    let found = state.world()?.store.find_orders(&name.name.0).await?;
    let orders = found.into_iter().map(|order| order.0).collect();
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
    let (store, rules) = (&world.store, &world.config.znet.player);
    let order = OrderId(path.order);
    let shop = store.shop_view(order).await?;
    let tracked = store.tracked(order).await?;
    if shop.is_none() && tracked.is_none() {
        return Err(no_such_order());
    }
    let player = store.player_view(order).await?;
    Ok(Json(OrderDetail {
        order: order.0,
        shop: shop.map(ShopRow::from),
        tracked: tracked.map(TrackedRow::from),
        player_confirmed: player.as_ref().is_some_and(|view| view.is_confirmed(rules)),
        player: player.and_then(|view| view.player(rules)),
    }))
}

/// A step of an order.
#[derive(Debug, Serialize, ToSchema)]
struct EventItem {
    /// Its number; ascends with time.
    id: String,
    /// When.
    at: DateTime<Utc>,
    /// What happened.
    kind: String,
    /// Facts.
    detail: Value,
}

impl From<NumberedEvent> for EventItem {
    fn from(event: NumberedEvent) -> Self {
        Self {
            id: event.id.to_string(),
            at: event.event.at,
            kind: event.event.kind,
            detail: event.event.detail,
        }
    }
}

/// Lists the steps of an order
///
/// Oldest first. An order that is not tracked has none.
#[utoipa::path(get, path = "/orders/{order}/events", tag = "orders", params(OrderPath, Turn),
    responses((status = 200, description = "A page of steps", body = Page<EventItem>), ReadsOne))]
async fn list_events(
    State(state): State<AppState>,
    Path(path): Path<OrderPath>,
    Query(turn): Query<Turn>,
) -> Result<Json<Page<EventItem>>, Problem> {
    let store = &state.world()?.store;
    let order = OrderId(path.order);
    let list = format!("events {}", path.order);
    let after = place(&list, turn.cursor.as_deref())?;
    let events = store
        .events_after(order, after, Limit::asked(turn.limit))
        .await?;
    let unknown = events.is_empty() && store.tracked(order).await?.is_none();
    if unknown && store.shop_view(order).await?.is_none() {
        return Err(no_such_order());
    }
    let page = Page::of(events, turn.limit, &list, |event| event.id)?;
    Ok(Json(page.map(EventItem::from)))
}

/// Why an order waits, or how it ended.
#[derive(Debug, Serialize, ToSchema)]
struct Explained {
    /// The order.
    order: Uuid,
    /// Where it stands; null when it is not tracked.
    stage: Option<&'static str>,
    /// Why it is held.
    held: Option<&'static str>,
    /// Why, for programs.
    why: &'static str,
    /// Why, for people.
    sentence: String,
    /// What to do.
    remedy: Option<String>,
    /// When it is looked at next, where that is a known time.
    next_look: Option<DateTime<Utc>>,
}

/// Explains an order
///
/// Why it waits or how it ended, and when it is looked at next.
#[utoipa::path(get, path = "/orders/{order}/explain", tag = "orders", params(OrderPath),
    responses((status = 200, description = "The explanation", body = Explained), ReadsOne))]
async fn explain_order(
    State(state): State<AppState>,
    Path(path): Path<OrderPath>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<Explained>, Problem> {
    let world = state.world()?;
    let facts = facts(&world, OrderId(path.order)).await?;
    let explanation = explain(&facts);
    let tracked = facts.tracked.as_ref();
    Ok(Json(Explained {
        order: path.order,
        stage: tracked.map(|known| known.watched.stage.as_str()),
        held: tracked.and_then(|known| known.held).map(HoldReason::as_str),
        why: explanation.why.as_str(),
        sentence: explanation.to_string(),
        remedy: explanation.why.remedy().map(ToString::to_string),
        next_look: explanation.next_look(),
    }))
}
