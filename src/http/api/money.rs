//! Money at the panels: what a day's purchases did to their accounts, and what else moved them.

use axum::{Json, extract::State};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    page::{Limit, Page, place},
    responses::ReadsOne,
};
use crate::{
    http::{
        AppState, Problem,
        extract::Query,
        problem::{Code, Problem as Refused},
    },
    order::{
        IntegrationId,
        money::{MoneyLink, PanelMoney},
    },
    worker::money::{day_of, money_of, today},
};

const LIST: &str = "money";

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_money))
}

/// Which day, where, and which page of its chain.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MoneyQuery {
    /// A day of `http.time_zone`; today if none is given.
    #[param(value_type = Option<String>, format = Date)]
    day: Option<NaiveDate>,
    /// Only this panel.
    integration: Option<Uuid>,
    /// Maximum number of links.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, default = 50)]
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A day's money, with a page of its chain.
#[derive(Debug, Serialize, ToSchema)]
struct MoneyPage {
    /// The day.
    #[schema(value_type = String, format = Date)]
    day: NaiveDate,
    /// Its zone.
    time_zone: &'static str,
    /// The sums of each panel, by name.
    panels: Vec<PanelMoney>,
    /// What moved the accounts, panel by panel, each in the order in which it moved.
    chain: Page<MoneyLink>,
}

/// Shows what a day did to the accounts at the panels
///
/// Each link: before + movement − charge = after, by the panel's own answers. A movement is money that no
/// purchase of orderwatch explains. All sums are in TRY.
#[utoipa::path(get, path = "/money", tag = "money", params(MoneyQuery),
    responses((status = 200, description = "The sums, and a page of the chain", body = MoneyPage), ReadsOne))]
async fn read_money(
    State(state): State<AppState>,
    Query(query): Query<MoneyQuery>,
) -> Result<Json<MoneyPage>, Problem> {
    let world = state.world()?;
    let zone = world.config.http.time_zone;
    let date = query.day.unwrap_or_else(|| today(world.clock.now(), zone));
    let day = day_of(date, zone).ok_or_else(|| Refused {
        parameter: Some("day".into()),
        ..Refused::new(
            Code::BadRequest,
            "day must lie between the years 1970 and 9999",
        )
    })?;
    let shown: Option<usize> = place(LIST, query.cursor.as_deref())?;

    let only = query.integration.map(IntegrationId);
    let money = money_of(&world.store, day, only).await?;
    let money = money.ok_or_else(Refused::no_such_panel)?;
    let shown = shown.unwrap_or_default();
    let rows = Limit::rows(query.limit);
    let more = money.links.len().saturating_sub(shown) > rows;
    let links = money.links.into_iter().skip(shown).take(rows).collect();

    Ok(Json(MoneyPage {
        day: money.day,
        time_zone: money.time_zone,
        panels: money.panels,
        chain: Page::with(links, LIST, more.then_some(shown.saturating_add(rows)))?,
    }))
}
