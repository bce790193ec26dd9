//! Packages of the Trendyol store.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
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
    /// Only those of this order, or the one with this number; they come in one page.
    #[param(value_type = Option<String>, min_length = 1, max_length = 200)]
    number: Option<Text>,
    /// At most so many.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, default = 50)]
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A package.
#[derive(Debug, Serialize, ToSchema)]
struct PackageItem {
    /// `shipmentPackageId`.
    package: String,
    /// The order's number.
    order: String,
    /// The store's status.
    status: String,
    /// What it means for the stock.
    effect: String,
    /// When it changed.
    changed_at: DateTime<Utc>,
    /// When its units were taken from the shelves.
    taken_at: Option<DateTime<Utc>>,
    /// What is in it.
    lines: Vec<PackageLine>,
    /// Parts that could not be read.
    unreadable: Vec<String>,
    /// The warehouse's table that its order was put in.
    place: Option<String>,
}

/// Units of one product in a package.
#[derive(Debug, Serialize, ToSchema)]
struct PackageLine {
    /// Which.
    barcode: String,
    /// How many.
    quantity: i64,
}

impl From<PackageView> for PackageItem {
    fn from(package: PackageView) -> Self {
        Self {
            package: package.id.to_string(),
            order: package.order_number,
            status: package.status,
            effect: package.effect,
            changed_at: package.changed_at,
            taken_at: package.taken_at,
            lines: list(&package.lines).filter_map(line).collect(),
            unreadable: list(&package.unreadable)
                .filter_map(|part| part.as_str().map(ToOwned::to_owned))
                .collect(),
            place: package.place,
        }
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn line(value: &Value) -> Option<PackageLine> {
    Some(PackageLine {
        barcode: value.get("barcode")?.as_str()?.to_owned(),
        quantity: value.get("quantity")?.as_i64()?,
    })
}

/// Lists the packages of the store
///
/// What changed last comes first. A package that changes while pages are read moves to the front.
#[utoipa::path(get, path = "/packages", tag = "stock", params(PackagesQuery),
    responses((status = 200, description = "A page of packages", body = Page<PackageItem>), Reads))]
async fn list_packages(
    State(state): State<AppState>,
    Query(query): Query<PackagesQuery>,
) -> Result<Json<Page<PackageItem>>, Problem> {
    let before: Option<(At, i64)> = place(LIST, query.cursor.as_deref())?;
    let before = before.map(|(at, id)| (at.0, id));
    let number = query.number.as_ref().map(|number| &*number.0);
    let asked = Limit::asked(query.limit);
    let store = &state.world()?.store;
    let mut rows = store.package_views(number, before, asked).await?;
    if number.is_some() {
        rows.truncate(Limit::rows(query.limit));
    }
    let key = |package: &PackageView| (At(package.changed_at), package.id);
    Page::of(rows, query.limit, LIST, key, PackageItem::from).map(Json)
}
