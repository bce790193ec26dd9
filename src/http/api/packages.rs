//! Packages of the Trendyol store, as orderwatch counts them for the stock.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    input::Text,
    page::{At, Limit, Page, place},
    responses::Reads,
};
use crate::{
    http::{AppState, Problem, extract::Query},
    store::PackageView,
};

const LIST: &str = "packages";

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_packages))
}

/// Which packages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PackagesQuery {
    /// Only those of this order, or the one with this number.
    #[param(value_type = Option<String>, min_length = 1, max_length = 200)]
    number: Option<Text>,
    /// Maximum number of rows.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, default = 50)]
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Lists the packages of the store
///
/// What changed last comes first. A package that changes while pages are read moves to the front.
#[utoipa::path(get, path = "/packages", tag = "stock", params(PackagesQuery),
    responses((status = 200, description = "A page of packages", body = Page<PackageView>), Reads))]
async fn list_packages(
    State(state): State<AppState>,
    Query(query): Query<PackagesQuery>,
) -> Result<Json<Page<PackageView>>, Problem> {
    let before: Option<(At, i64)> = place(LIST, query.cursor.as_deref())?;
    let before = before.map(|(at, id)| (at.0, id));
    let number = query.number.as_ref().map(|number| &*number.0);

    let asked = Limit::asked(query.limit);
    let store = &state.world()?.store;
    let rows = store.package_views(number, before, asked).await?;

    let key = |package: &PackageView| (At(package.changed_at), package.package);
    Page::of(rows, query.limit, LIST, key).map(Json)
}
