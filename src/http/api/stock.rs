//! The stock side: the plan, pushes, requests, refusals.

use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    input::{Nothing, Signed, Text, person},
    jobs::{self, Passed},
    page::{Limit, Page, Turn, place},
    responses::{Acts, Reads, ReadsOne},
};
use crate::{
    http::{
        AppState, Problem, World,
        extract::{self, Path, Query},
        problem::Code,
    },
    overview::StockPause,
    stock::{Barcode, plan::PlannedItem, rule::Verdict},
    store::{Person, RefusedItem, SentItem, StockBatch, StockPush},
    worker::{
        brakes::BrakeAction,
        jobs::push_stock,
        trendyol::{Forecast, ProductHistory},
    },
};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(stock_plan))
        .routes(routes!(stock_history))
        .routes(routes!(push_stock))
        .routes(routes!(pause_stock))
        .routes(routes!(resume_stock))
        .routes(routes!(push_log))
        .routes(routes!(list_batches))
        .routes(routes!(list_batch_items))
        .routes(routes!(list_refused))
}

/// Which products of the plan.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PlanQuery {
    /// Only this barcode.
    #[param(value_type = Option<String>, min_length = 1, max_length = 200)]
    barcode: Option<Text>,
    /// Also products that are in sync.
    settled: Option<bool>,
    /// Maximum number of rows.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, default = 50)]
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// What would be sent now.
#[derive(Debug, Serialize, ToSchema)]
struct StockPlan {
    /// Whether the orders were read too long ago: then stock is only lowered.
    stale: bool,
    /// Why nothing will be sent at all.
    stopped: Option<String>,
    /// Records that could not be read, or not as they stand; the first 100.
    data_warnings: Vec<String>,
    /// By barcode.
    products: Page<PlannedItem>,
}

/// Shows what would be sent
///
/// What is available of each product, what would be sent, and why not. Nothing is sent, and nobody
/// is asked.
#[utoipa::path(get, path = "/stock/plan", tag = "stock", params(PlanQuery),
    responses((status = 200, description = "The plan", body = StockPlan), Reads))]
async fn stock_plan(
    State(state): State<AppState>,
    Query(query): Query<PlanQuery>,
) -> Result<Json<StockPlan>, Problem> {
    const DATA_WARNINGS: usize = 100;
    const HOLDERS: usize = 20;

    let after: Option<Text> = place("plan", query.cursor.as_deref())?;
    let wanted = query.barcode.as_ref().map(barcode).transpose()?;
    // Whoever names a product wants to see it, also when nothing is to be done.
    let settled = query.settled.unwrap_or_default() || wanted.is_some();

    let world = state.world()?;
    let now = world.clock.now();
    let forecast = Forecast::read(&world.store, world.config.trendyol.stock, now).await?;

    // By barcode, so the last one of a page is the place at which the next begins.
    let mut products: Vec<PlannedItem> = forecast
        .products()
        .filter(|row| settled || row.entry.verdict != Verdict::InSync)
        .filter(|row| {
            wanted
                .as_ref()
                .is_none_or(|name| name.as_str() == row.barcode)
        })
        .filter(|row| after.as_ref().is_none_or(|after| row.barcode > after.0))
        .take(Limit::rows(query.limit) + 1)
        .collect();
    for product in &mut products {
        product.holders.truncate(HOLDERS);
    }

    let warnings = forecast.data_warnings().iter().take(DATA_WARNINGS);
    Ok(Json(StockPlan {
        stale: forecast.is_stale(),
        stopped: forecast.guard().err().map(|zeroing| zeroing.to_string()),
        data_warnings: warnings.map(ToString::to_string).collect(),
        products: Page::of(products, query.limit, "plan", |row| row.barcode.clone())?,
    }))
}

/// Which product's history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    /// Which product.
    #[param(value_type = String, min_length = 1, max_length = 200)]
    barcode: Text,
    /// Maximum number of pushes.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, default = 50)]
    limit: Option<Limit>,
}

/// Shows one product and what was sent of it
///
/// Why it is on sale with as many as it is: what was sent, why, and what came back.
#[utoipa::path(get, path = "/stock/history", tag = "stock", params(HistoryQuery),
    responses((status = 200, description = "The product", body = ProductHistory), Reads))]
async fn stock_history(
    State(state): State<AppState>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<ProductHistory>, Problem> {
    let barcode = barcode(&query.barcode)?;
    let limit = i64::try_from(Limit::rows(query.limit)).unwrap_or(i64::MAX);
    let world = state.world()?;
    let (store, now) = (&world.store, world.clock.now());
    Ok(Json(
        ProductHistory::read(store, &barcode, world.config.trendyol.stock, limit, now).await?,
    ))
}

fn barcode(text: &Text) -> Result<Barcode, Problem> {
    Barcode::parse(&text.0).map_err(|_| Problem {
        parameter: Some("barcode".into()),
        ..Problem::new(Code::BadRequest, "barcode is not a valid barcode")
    })
}

/// A push that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PushBody {
    /// Who acts.
    #[schema(min_length = 1, max_length = 500)]
    by: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// Go ahead also when more than half of what is on sale would be set to zero.
    #[serde(default)]
    force: bool,
}

/// Sends stock now
///
/// Reads the orders and sends what has changed. Waits up to 20 seconds for its end.
#[utoipa::path(post, path = "/stock/push", tag = "stock", request_body = PushBody,
    responses((status = 200, description = "It is done", body = Passed),
              (status = 202, description = "It is running", body = Passed), Acts))]
async fn push_stock(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<PushBody>,
) -> Result<Response, Problem> {
    let person = person(&body.by, &body.reason)?;
    jobs::run(&*state.world()?, &push_stock::JOB, body.force, &person).await
}

/// Whether stock is sent.
#[derive(Debug, Serialize, ToSchema)]
struct Sending {
    /// Whether this request changed something.
    changed: bool,
    /// The pause that is in force; null while stock is sent.
    paused: Option<StockPause>,
}

/// Sends no stock
///
/// Until it is resumed. Orders are read all the same. A pause that is on already stays as it is; one that orderwatch
/// set itself, which still lowers stock, is replaced.
#[utoipa::path(post, path = "/stock/pause", tag = "stock", request_body = Signed,
    responses((status = 200, description = "What is in force now", body = Sending), Acts))]
async fn pause_stock(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<Signed>,
) -> Result<Json<Sending>, Problem> {
    set_sending(&*state.world()?, BrakeAction::Pause, &body.person()?).await
}

/// Sends stock again
///
/// After a pause by a person, or by orderwatch itself because somebody else sent stock, too.
#[utoipa::path(post, path = "/stock/resume", tag = "stock", request_body = Signed,
    responses((status = 200, description = "What is in force now", body = Sending), Acts))]
async fn resume_stock(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<Signed>,
) -> Result<Json<Sending>, Problem> {
    set_sending(&*state.world()?, BrakeAction::Resume, &body.person()?).await
}

async fn set_sending(
    world: &World,
    action: BrakeAction,
    person: &Person,
) -> Result<Json<Sending>, Problem> {
    let store = &world.store;
    let changed = action
        .apply_to_stock(store, person, world.clock.now())
        .await?;
    tracing::info!(
        ?action,
        who = person.who,
        why = person.why,
        changed,
        "a person paused or resumed stock pushes"
    );

    // Read rather than concluded: somebody else may have acted meanwhile.
    let paused = store.stock_pause().await?;
    Ok(Json(Sending { changed, paused }))
}

/// Lists the passes that sent stock
///
/// Newest first.
#[utoipa::path(get, path = "/stock/log", tag = "stock", params(Turn),
    responses((status = 200, description = "A page of passes", body = Page<StockPush>), Reads))]
async fn push_log(
    State(state): State<AppState>,
    Query(turn): Query<Turn>,
) -> Result<Json<Page<StockPush>>, Problem> {
    let before = place("pushes", turn.cursor.as_deref())?;
    let store = &state.world()?.store;
    let rows = store
        .stock_pushes(None, before, Limit::asked(turn.limit))
        .await?;
    Page::of(rows, turn.limit, "pushes", |push| push.id).map(Json)
}

/// Lists the requests that sent stock
///
/// Newest first.
#[utoipa::path(get, path = "/stock/batches", tag = "stock", params(Turn),
    responses((status = 200, description = "A page of requests", body = Page<StockBatch>), Reads))]
async fn list_batches(
    State(state): State<AppState>,
    Query(turn): Query<Turn>,
) -> Result<Json<Page<StockBatch>>, Problem> {
    let before = place("batches", turn.cursor.as_deref())?;
    let store = &state.world()?.store;
    let rows = store
        .batches_before(before, Limit::asked(turn.limit))
        .await?;
    Page::of(rows, turn.limit, "batches", |batch| batch.id).map(Json)
}

/// A request of the path.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct BatchPath {
    /// The request's number.
    #[param(minimum = 1)]
    batch: i64,
}

/// Lists the barcodes of a request
///
/// By barcode.
#[utoipa::path(get, path = "/stock/batches/{batch}/items", tag = "stock", params(BatchPath, Turn),
    responses((status = 200, description = "A page of barcodes", body = Page<SentItem>), ReadsOne))]
async fn list_batch_items(
    State(state): State<AppState>,
    Path(path): Path<BatchPath>,
    Query(turn): Query<Turn>,
) -> Result<Json<Page<SentItem>>, Problem> {
    // The cursor of one request is none for another.
    let list = format!("batch {}", path.batch);
    let after: Option<Text> = place(&list, turn.cursor.as_deref())?;
    let after = after.as_ref().map(|text| &*text.0);
    let store = &state.world()?.store;
    let rows = store
        .batch_items_after(path.batch, after, Limit::asked(turn.limit))
        .await?
        .ok_or_else(|| Problem::new(Code::NotFound, "there is no such request"))?;

    Page::of(rows, turn.limit, &list, |item| item.barcode.clone()).map(Json)
}

/// Lists the products that the store refuses
///
/// By barcode.
#[utoipa::path(get, path = "/stock/refused", tag = "stock", params(Turn),
    responses((status = 200, description = "A page of products", body = Page<RefusedItem>), Reads))]
async fn list_refused(
    State(state): State<AppState>,
    Query(turn): Query<Turn>,
) -> Result<Json<Page<RefusedItem>>, Problem> {
    let after: Option<Text> = place("refused", turn.cursor.as_deref())?;
    let after = after.as_ref().map(|text| &*text.0);
    let store = &state.world()?.store;
    let rows = store.refused_after(after, Limit::asked(turn.limit)).await?;
    Page::of(rows, turn.limit, "refused", |item| item.barcode.clone()).map(Json)
}
