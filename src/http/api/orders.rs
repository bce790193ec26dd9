//! Tracked orders as a list.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    input::Text,
    page::{At, Limit, Page, place},
    responses::Reads,
};
use crate::{
    http::{AppState, Problem, extract::Query},
    order::{HoldReason, OrderId, Stage, TenantId, explain::is_late},
    store::{Direction, FoundOrder, ListedOrder, OrderFilter, Place, Search},
};

/// Its name in cursors.
const LIST: &str = "orders";

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_orders))
        .routes(routes!(search_orders))
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StageName {
    Queued,
    Dispatching,
    Unconfirmed,
    Submitted,
    Held,
    Completed,
    Failed,
    TimedOut,
    Withdrawn,
}

impl From<StageName> for Stage {
    fn from(name: StageName) -> Self {
        match name {
            StageName::Queued => Self::Queued,
            StageName::Dispatching => Self::Dispatching,
            StageName::Unconfirmed => Self::Unconfirmed,
            StageName::Submitted => Self::Submitted,
            StageName::Held => Self::Held,
            StageName::Completed => Self::Completed,
            StageName::Failed => Self::Failed,
            StageName::TimedOut => Self::TimedOut,
            StageName::Withdrawn => Self::Withdrawn,
        }
    }
}

/// From which end.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Sort {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first: who has waited longest.
    Oldest,
}

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only orders of this stage.
    #[param(inline)]
    stage: Option<StageName>,
    /// Only orders that are due for more than a minute, or past their time limit.
    late: Option<bool>,
    /// Only orders of this tenant.
    tenant: Option<Uuid>,
    /// From which end; `newest` unless it is said.
    #[param(inline)]
    sort: Option<Sort>,
    /// At most so many.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, default = 50)]
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// One order of the list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderItem {
    /// `product_orders.id`.
    order: Uuid,
    /// Its number in the shop; null when the shop's row is gone.
    number: Option<String>,
    /// Whose it is.
    tenant: Uuid,
    /// Where it stands.
    stage: &'static str,
    /// Why it is held.
    held: Option<&'static str>,
    /// Whether it should have been looked at and was not.
    late: bool,
    /// The panel's name.
    panel: Option<String>,
    /// Its name at the panel.
    reference: Option<String>,
    /// `status` of the shop's row; null when the row is gone.
    shop_status: Option<String>,
    /// Since when it is tracked.
    tracked_at: DateTime<Utc>,
    /// When it is looked at next by itself.
    due_at: Option<DateTime<Utc>>,
    /// When waiting ends.
    give_up_at: Option<DateTime<Utc>>,
    /// When it became final.
    finished_at: Option<DateTime<Utc>>,
}

impl OrderItem {
    fn of(order: ListedOrder, now: DateTime<Utc>) -> Self {
        Self {
            order: order.order.0,
            number: order.order_no.map(|number| number.to_string()),
            tenant: order.tenant.0,
            stage: order.stage.as_str(),
            held: order.held.map(HoldReason::as_str),
            late: is_late(order.stage, order.due_at, order.give_up_at, now),
            panel: order.panel,
            reference: order.reference,
            shop_status: order.shop_status,
            tracked_at: order.tracked_at,
            due_at: order.due_at,
            give_up_at: order.give_up_at,
            finished_at: order.finished_at,
        }
    }
}

/// Lists tracked orders
///
/// By the time since when they are tracked. Use `stage=held` for what waits for a person and
/// `late=true` for what nobody has taken up.
#[utoipa::path(get, path = "/orders", tag = "orders", params(Which),
    responses((status = 200, description = "A page of orders", body = Page<OrderItem>), Reads))]
async fn list_orders(
    State(state): State<AppState>,
    Query(which): Query<Which>,
) -> Result<Json<Page<OrderItem>>, Problem> {
    let world = state.world()?;
    let now = world.clock.now();
    let after: Option<(At, Uuid)> = place(LIST, which.cursor.as_deref())?;
    let filter = OrderFilter {
        stage: which.stage.map(Stage::from),
        late_at: which.late.unwrap_or_default().then_some(now),
        tenant: which.tenant.map(TenantId),
    };
    let direction = match which.sort.unwrap_or_default() {
        Sort::Newest => Direction::Newest,
        Sort::Oldest => Direction::Oldest,
    };
    let after = after.map(|(at, order)| Place {
        at: at.0,
        order: OrderId(order),
    });
    let asked = Limit::asked(which.limit);
    let orders = world
        .store
        .list_orders(filter, direction, after, asked)
        .await?;
    let key = |order: &ListedOrder| (At(order.tracked_at), order.order.0);
    let page = Page::of(orders, which.limit, LIST, key)?;
    Ok(Json(page.map(|order| OrderItem::of(order, now))))
}

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Sought {
    /// An id, number, reference or player id, or a part of a player id or message.
    #[param(value_type = String, min_length = 1, max_length = 200)]
    q: Text,
    /// Only orders of this stage.
    #[param(inline)]
    stage: Option<StageName>,
    /// At most so many, besides those that the text names exactly.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, default = 50)]
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// An order that was found.
#[derive(Debug, Serialize, ToSchema)]
struct FoundItem {
    /// `product_orders.id`.
    order: Uuid,
    /// Its number in the shop; null when the shop's row is gone.
    number: Option<String>,
    /// Where it stands; null when it is not tracked.
    stage: Option<&'static str>,
    /// Why it is held.
    held: Option<&'static str>,
    /// The panel's name.
    panel: Option<String>,
    /// Its name at the panel.
    reference: Option<String>,
    /// `status` of the shop's row.
    shop_status: Option<String>,
    /// The player.
    player: Option<String>,
    /// What the shop's row says about it.
    message: Option<String>,
    /// Since when it is tracked; when it was ordered where it is not.
    since: Option<DateTime<Utc>>,
    /// When it is looked at next by itself.
    due_at: Option<DateTime<Utc>>,
    /// When it became final.
    finished_at: Option<DateTime<Utc>>,
}

impl From<FoundOrder> for FoundItem {
    fn from(found: FoundOrder) -> Self {
        Self {
            order: found.order.0,
            number: found.order_no.map(|number| number.to_string()),
            stage: found.stage.map(Stage::as_str),
            held: found.held.map(HoldReason::as_str),
            panel: found.panel,
            reference: found.reference,
            shop_status: found.shop_status,
            player: found.player,
            message: found.message,
            since: found.since,
            due_at: found.due_at,
            finished_at: found.finished_at,
        }
    }
}

/// Searches orders
///
/// First those that the text names exactly, tracked or not; then, newest first, those whose player
/// or message holds it. A part of a text is looked for in 20,000 orders at a time, so a page may be
/// empty and still have a `next`.
#[utoipa::path(get, path = "/orders/search", tag = "orders", params(Sought),
    responses((status = 200, description = "A page of orders", body = Page<FoundItem>), Reads))]
async fn search_orders(
    State(state): State<AppState>,
    Query(sought): Query<Sought>,
) -> Result<Json<Page<FoundItem>>, Problem> {
    // The place is one in the answer to this very question.
    let list = format!("search {:?} {}", sought.stage, sought.q.0);
    let after: Option<(At, Uuid)> = place(&list, sought.cursor.as_deref())?;
    let search = Search {
        text: Some(sought.q.0),
        stage: sought.stage.map(Stage::from),
    };
    let after = after.map(|(at, order)| Place {
        at: at.0,
        order: OrderId(order),
    });
    let limit = i64::try_from(Limit::rows(sought.limit)).unwrap_or(1);
    let store = &state.world()?.store;
    let found = store.search_orders(&search, after, limit).await?;
    let key = found.next.map(|next| (At(next.at), next.order.0));
    let items = found.orders.into_iter().map(FoundItem::from).collect();
    Page::with(items, &list, key).map(Json)
}
