//! Tracked orders as a list, and the search for orders.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    input::Text,
    page::{Limit, Page, place},
    responses::Reads,
};
use crate::{
    http::{AppState, Problem, extract::Query},
    order::{HoldReason, Stage, TenantId},
    store::{Direction, FoundOrder, ListedOrder, OrderFilter, Search},
};

/// Its name in cursors.
const LIST: &str = "orders";

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_orders))
        .routes(routes!(search_orders))
}

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only orders of this stage.
    #[param(inline)]
    stage: Option<Stage>,
    /// Only orders that are held for this reason.
    #[param(inline)]
    reason: Option<HoldReason>,
    /// Only orders that are due for more than a minute, or past their time limit.
    late: Option<bool>,
    /// Only finished orders that the shop has neither approved nor rejected.
    unsettled: Option<bool>,
    /// Only orders of this tenant.
    tenant: Option<Uuid>,
    /// From which end; `newest` unless it is said.
    #[param(inline)]
    sort: Option<Direction>,
    /// Maximum number of orders.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, default = 50)]
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Lists tracked orders
///
/// By the time since when they are tracked. Use `stage=held` for what needs review, `reason=no_mapping` for what
/// is held for that alone, and `late=true` for what should have been checked and was not.
#[utoipa::path(get, path = "/orders", tag = "orders", params(Which),
    responses((status = 200, description = "A page of orders", body = Page<ListedOrder>), Reads))]
async fn list_orders(
    State(state): State<AppState>,
    Query(which): Query<Which>,
) -> Result<Json<Page<ListedOrder>>, Problem> {
    let world = state.world()?;
    let after = place(LIST, which.cursor.as_deref())?;
    let filter = OrderFilter {
        // Whatever has a reason is held, and held orders have an index of their own.
        stage: which.stage.or(which.reason.map(|_| Stage::Held)),
        held: which.reason,
        late: which.late.unwrap_or_default(),
        unsettled: which.unsettled.unwrap_or_default(),
        tenant: which.tenant.map(TenantId),
    };

    let sort = which.sort.unwrap_or_default();
    let limit = Limit::asked(which.limit);
    let orders = world
        .store
        .list_orders(filter, sort, world.clock.now(), after, limit)
        .await?;
    Page::of(orders, which.limit, LIST, ListedOrder::cursor).map(Json)
}

/// What is searched for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Sought {
    /// An id, number, reference or player id, or a part of a player id or message.
    #[param(value_type = String, min_length = 1, max_length = 200)]
    q: Text,
    /// Only orders of this stage.
    #[param(inline)]
    stage: Option<Stage>,
    /// Maximum number of orders, besides those that the text names exactly.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, default = 50)]
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Searches orders
///
/// First those that the text names exactly, tracked or not; then, newest first, those whose player
/// or message holds it. A part of a text is searched for in 20,000 orders at a time, so a page may be
/// empty and still have a `next`.
#[utoipa::path(get, path = "/orders/search", tag = "orders", params(Sought),
    responses((status = 200, description = "A page of orders", body = Page<FoundOrder>), Reads))]
async fn search_orders(
    State(state): State<AppState>,
    Query(sought): Query<Sought>,
) -> Result<Json<Page<FoundOrder>>, Problem> {
    // A cursor is one of the answer to this very question.
    let list = format!("search {:?} {}", sought.stage, sought.q.0);
    let after = place(&list, sought.cursor.as_deref())?;
    let search = Search {
        text: Some(sought.q.0),
        stage: sought.stage,
    };

    let limit = i64::try_from(Limit::rows(sought.limit)).unwrap_or(1);
    let store = &state.world()?.store;
    let found = store.search_orders(&search, after, limit).await?;
    Page::with(found.orders, &list, found.next).map(Json)
}
