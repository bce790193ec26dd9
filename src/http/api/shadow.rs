//! What shadow mode would have bought.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    input::Time,
    order::PlayerRow,
    page::{At, Limit, Page, place},
    responses::Reads,
};
use crate::{
    http::{AppState, Problem, extract::Query},
    order::{OrderId, PlayerRules},
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
    /// At most so many.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, default = 50)]
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The sums by panel.
#[derive(Debug, Serialize, ToSchema)]
struct ShadowReport {
    /// By name.
    panels: Vec<ShadowPanel>,
}

/// What would have happened at one panel.
#[derive(Debug, Serialize, ToSchema)]
struct ShadowPanel {
    /// The panel; null for orders that are routed to none.
    integration: Option<Uuid>,
    /// Its name; null when its row is gone.
    panel: Option<String>,
    /// Orders that would have been bought.
    would_buy: i64,
    /// Orders that would have been held.
    would_hold: i64,
    /// The sum of their prices, as far as they are known.
    expected: String,
    /// Of `expected`.
    currency: &'static str,
    /// Orders that would have been bought at a price that is not known.
    price_unknown: i64,
}

/// An order that would have been bought or held.
#[derive(Debug, Serialize, ToSchema)]
struct ShadowItem {
    /// The order.
    order: Uuid,
    /// Its number in the shop.
    number: Option<String>,
    /// The panel's name.
    panel: Option<String>,
    /// When it was found.
    at: DateTime<Utc>,
    /// The name that the purchase would have had.
    reference: Option<String>,
    /// `oyun` of the product.
    oyun: Option<String>,
    /// `kupur` of the product.
    kupur: Option<String>,
    /// What would be sent about the player; null for an order that would be held.
    player: Option<PlayerRow>,
    /// Its price in the panel's list, in TRY.
    expected: Option<String>,
    /// Why it would have been held.
    would_hold: Option<String>,
    /// What the shop itself did with it, if it sent it.
    sent_by_shop: Option<SentByShop>,
}

/// The shop sent an order itself.
#[derive(Debug, Serialize, ToSchema)]
struct SentByShop {
    /// The panel's name; `null` where the row names none.
    panel: Option<String>,
    /// Whether that is the panel at which orderwatch would have bought.
    same_panel: bool,
    /// Whether it was sent already when shadow mode first saw it.
    before_it_was_seen: bool,
}

impl From<ShadowSum> for ShadowPanel {
    fn from(sum: ShadowSum) -> Self {
        Self {
            integration: sum.integration.map(|id| id.0),
            panel: sum.panel,
            would_buy: sum.bought,
            would_hold: sum.held,
            expected: format!("{:.2}", sum.expected),
            currency: "TRY",
            price_unknown: sum.unpriced,
        }
    }
}

impl ShadowItem {
    fn of(order: ShadowEntry, rules: &PlayerRules) -> Self {
        Self {
            player: order.player(rules).map(PlayerRow::from),
            order: order.order.0,
            number: order.order_no.map(|number| number.to_string()),
            panel: order.panel,
            at: order.at,
            reference: order.reference,
            oyun: order.oyun,
            kupur: order.kupur,
            expected: order.expected.map(|money| format!("{money:.2}")),
            would_hold: order.held,
            sent_by_shop: order.shop.map(|did| SentByShop {
                panel: did.panel,
                same_panel: did.same,
                before_it_was_seen: did.before,
            }),
        }
    }
}

/// Adds up what shadow mode would have bought
#[utoipa::path(get, path = "/shadow", tag = "shadow", params(Since),
    responses((status = 200, description = "The sums by panel", body = ShadowReport), Reads))]
async fn shadow_sums(
    State(state): State<AppState>,
    Query(query): Query<Since>,
) -> Result<Json<ShadowReport>, Problem> {
    let since = query.since.map(|time| time.0);
    let sums = state.world()?.store.shadow_sums(since).await?;
    let panels = sums.into_iter().map(ShadowPanel::from).collect();
    Ok(Json(ShadowReport { panels }))
}

/// Lists what shadow mode would have bought
///
/// Newest first.
#[utoipa::path(get, path = "/shadow/orders", tag = "shadow", params(SincePage),
    responses((status = 200, description = "A page of orders", body = Page<ShadowItem>), Reads))]
async fn shadow_orders(
    State(state): State<AppState>,
    Query(query): Query<SincePage>,
) -> Result<Json<Page<ShadowItem>>, Problem> {
    let before: Option<(At, Uuid)> = place(LIST, query.cursor.as_deref())?;
    let before = before.map(|(at, order)| (at.0, OrderId(order)));
    let since = query.since.map(|time| time.0);
    let asked = Limit::asked(query.limit);
    let world = state.world()?;
    let orders = world.store.shadow_before(since, before, asked).await?;
    let key = |order: &ShadowEntry| (At(order.at), order.order.0);
    let item = |order| ShadowItem::of(order, &world.config.znet.player);
    Page::of(orders, query.limit, LIST, key, item).map(Json)
}
