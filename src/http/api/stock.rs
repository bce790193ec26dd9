//! The stock side: the plan, pushes, requests, refusals.

use axum::{Json, extract::State, response::Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    input::{Nothing, Text, person},
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
    marketplace::Barcode,
    overview::StockPause,
    stock::{plan::Explained, rule::Verdict},
    store::{self, BatchView, PushLog, SentFigure, SentItem},
    worker::{jobs::push_stock, trendyol::Forecast},
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
    /// Only this bar code.
    #[param(value_type = Option<String>, min_length = 1, max_length = 200)]
    barcode: Option<Text>,
    /// Also products that are in sync.
    settled: Option<bool>,
    /// At most so many.
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
    oddities: Vec<String>,
    /// The products, by bar code.
    products: Page<PlannedItem>,
}

/// A product with everything that led to what is done.
#[derive(Debug, Serialize, ToSchema)]
struct PlannedItem {
    /// Which.
    barcode: String,
    /// Units in the warehouse; null when `central_stock` does not have it any more.
    qty: Option<i32>,
    /// Units that are held for orders.
    reserved: u64,
    /// Units that are kept back: those of every product, and `extra_buffer`.
    safety: u32,
    /// Units that the warehouse keeps back of this product (`stock_listing_policy`).
    extra_buffer: u32,
    /// Units on its shelves, where they are fewer than `qty`: the others are not sold. Otherwise null.
    shelved: Option<i32>,
    /// Whether it is made to order: always on sale, whatever the shelves hold.
    made_to_order: bool,
    /// Units that should be on sale.
    desired: i32,
    /// Units on sale when it was last looked at; null when it never was, or is not listed.
    on_sale: Option<i32>,
    /// When it was last looked at.
    observed_at: Option<DateTime<Utc>>,
    /// Since when fewer are on sale than should be.
    deficit_since: Option<DateTime<Utc>>,
    /// The last quantity that was sent.
    sent: Option<i32>,
    /// When it went out.
    sent_at: Option<DateTime<Utc>>,
    /// The store's words, where it refuses the product.
    refused: Option<String>,
    /// `in_sync`, `send` or `wait`.
    verdict: &'static str,
    /// What will be sent.
    quantity: Option<i32>,
    /// Why nothing is sent now.
    waits: Option<String>,
    /// Who holds units; the first 20.
    holders: Vec<HolderItem>,
}

/// Units held by one order.
#[derive(Debug, Serialize, ToSchema)]
struct HolderItem {
    /// The order's number.
    order: String,
    /// Its package; null for a row that no package stands behind.
    package: Option<String>,
    /// Where the package stands.
    status: String,
    /// How many.
    units: u32,
    /// Whether they were shipped although nobody has taken them from the shelves.
    shipped: bool,
}

impl PlannedItem {
    fn of(explained: &Explained<'_>) -> Self {
        const HOLDERS: usize = 20;
        let entry = explained.entry;
        let (verdict, quantity, waits) = match entry.verdict {
            Verdict::InSync => ("in_sync", None, None),
            Verdict::Send { quantity, .. } => ("send", Some(quantity), None),
            Verdict::Wait(wait) => ("wait", None, Some(wait.sentence())),
        };
        let holders = explained.holders.iter().take(HOLDERS);
        Self {
            barcode: explained.barcode.to_owned(),
            qty: entry.qty,
            reserved: entry.reserved,
            safety: explained.safety,
            extra_buffer: entry.extra_buffer,
            shelved: entry.shelved,
            made_to_order: entry.made_to_order,
            desired: entry.desired,
            on_sale: entry.on_sale,
            observed_at: explained.observed_at,
            deficit_since: explained.deficit_since,
            sent: explained.sent,
            sent_at: explained.sent_at,
            refused: explained.refused.map(ToOwned::to_owned),
            verdict,
            quantity,
            waits,
            holders: holders
                .map(|holder| HolderItem {
                    order: holder.order.clone(),
                    package: holder.package.map(|id| id.to_string()),
                    status: holder.status.clone(),
                    units: holder.units,
                    shipped: holder.shipped,
                })
                .collect(),
        }
    }
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
    const ODDITIES: usize = 100;
    let after: Option<Text> = place("plan", query.cursor.as_deref())?;
    let wanted = wanted(query.barcode.as_ref())?;
    let forecast = forecast(&*state.world()?).await?;
    let settled = query.settled.unwrap_or_default() || wanted.is_some();
    let rows: Vec<Explained<'_>> = forecast
        .explained()
        .filter(|row| settled || row.entry.verdict != Verdict::InSync)
        .filter(|row| {
            wanted
                .as_ref()
                .is_none_or(|name| name.as_str() == row.barcode)
        })
        .filter(|row| after.as_ref().is_none_or(|after| row.barcode > &*after.0))
        .take(Limit::rows(query.limit) + 1)
        .collect();
    let key = |row: &Explained<'_>| row.barcode.to_owned();
    let products = Page::of(rows, query.limit, "plan", key, |row| PlannedItem::of(&row))?;
    let oddities = forecast.oddities().iter().take(ODDITIES);
    Ok(Json(StockPlan {
        stale: forecast.is_stale(),
        stopped: forecast.guard().err().map(|zeroing| zeroing.to_string()),
        oddities: oddities.map(ToString::to_string).collect(),
        products,
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
    /// At most so many pushes.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, default = 50)]
    limit: Option<Limit>,
}

/// A product now, and what was sent of it.
#[derive(Debug, Serialize, ToSchema)]
struct ProductHistory {
    /// The plan; null for a product that is neither in the warehouse nor on sale.
    now: Option<PlannedItem>,
    /// What was sent within the last days, the newest first.
    sent: Vec<SentFigure>,
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
    let world = state.world()?;
    let wanted = wanted(Some(&query.barcode))?;
    let barcodes: Vec<Barcode> = wanted.into_iter().collect();
    let (store, now) = (&world.store, world.clock.now());
    let catalogue = store.catalogue().await?;
    let forecast = Forecast::of(store, &catalogue, Some(&barcodes), world.push_rules, now).await?;
    let mut sent = Vec::new();
    for barcode in &barcodes {
        let limit = i64::try_from(Limit::rows(query.limit)).unwrap_or(i64::MAX);
        sent = store.sent_figures(barcode.as_str(), limit).await?;
    }
    let shown = |row: &Explained<'_>| barcodes.iter().any(|name| name.as_str() == row.barcode);
    let now = forecast.explained().find(shown);
    Ok(Json(ProductHistory {
        now: now.map(|row| PlannedItem::of(&row)),
        sent,
    }))
}

fn wanted(text: Option<&Text>) -> Result<Option<Barcode>, Problem> {
    let barcode = text.map(|text| {
        Barcode::parse(&text.0).map_err(|_| Problem {
            parameter: Some("barcode".into()),
            ..Problem::new(Code::BadRequest, "barcode is no bar code")
        })
    });
    barcode.transpose()
}

async fn forecast(world: &World) -> Result<Forecast, Problem> {
    let now = world.clock.now();
    Ok(Forecast::read(&world.store, world.push_rules, now).await?)
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

/// Who pauses or resumes, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PauseBody {
    /// Who acts.
    #[schema(min_length = 1, max_length = 500)]
    by: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
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
/// Until it is resumed. Orders are read all the same. A pause that is on already stays as it is.
#[utoipa::path(post, path = "/stock/pause", tag = "stock", request_body = PauseBody,
    responses((status = 200, description = "What is in force now", body = Sending), Acts))]
async fn pause_stock(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<PauseBody>,
) -> Result<Json<Sending>, Problem> {
    let world = state.world()?;
    let person = person(&body.by, &body.reason)?;
    let changed = world.store.pause_stock(&person, world.clock.now()).await?;
    tracing::info!(
        who = person.who,
        why = person.why,
        changed,
        "stock paused by the API"
    );
    sending(&world, changed).await
}

/// Sends stock again
///
/// After a pause by a person, or by orderwatch itself because somebody else sent stock, too.
#[utoipa::path(post, path = "/stock/resume", tag = "stock", request_body = PauseBody,
    responses((status = 200, description = "What is in force now", body = Sending), Acts))]
async fn resume_stock(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<PauseBody>,
) -> Result<Json<Sending>, Problem> {
    let world = state.world()?;
    let person = person(&body.by, &body.reason)?;
    let changed = world.store.resume_stock(&person, world.clock.now()).await?;
    tracing::info!(
        who = person.who,
        why = person.why,
        changed,
        "stock resumed by the API"
    );
    sending(&world, changed).await
}

async fn sending(world: &World, changed: bool) -> Result<Json<Sending>, Problem> {
    let paused = world.store.stock_pause().await?;
    Ok(Json(Sending { changed, paused }))
}

/// A pass that sent stock.
#[derive(Debug, Serialize, ToSchema)]
struct PushItem {
    /// Its number.
    id: String,
    /// When it ended.
    at: DateTime<Utc>,
    /// Items that were taken.
    items: i32,
    /// Their units.
    units: i32,
    /// Units that were held back for orders.
    reserved: i32,
    /// Requests that were taken.
    requests: i32,
    /// Whether everything went well.
    success: bool,
    /// What did not.
    error: Option<String>,
    /// How long it took, in seconds.
    seconds: Option<f64>,
}

/// Lists the passes that sent stock
///
/// Newest first.
#[utoipa::path(get, path = "/stock/log", tag = "stock", params(Turn),
    responses((status = 200, description = "A page of passes", body = Page<PushItem>), Reads))]
async fn push_log(
    State(state): State<AppState>,
    Query(turn): Query<Turn>,
) -> Result<Json<Page<PushItem>>, Problem> {
    let before = place("pushes", turn.cursor.as_deref())?;
    let store = &state.world()?.store;
    let rows = store
        .push_log_before(before, Limit::asked(turn.limit))
        .await?;
    let show = |(id, pass): (i32, PushLog)| PushItem {
        id: id.to_string(),
        at: pass.push_time,
        items: pass.total_items,
        units: pass.total_quantity,
        reserved: pass.reserved_quantity,
        requests: pass.batch_count,
        success: pass.success,
        error: pass.error_message,
        seconds: pass.duration_seconds,
    };
    Page::of(rows, turn.limit, "pushes", |(id, _)| *id, show).map(Json)
}

/// A request that sent stock.
#[derive(Debug, Serialize, ToSchema)]
struct BatchItem {
    /// Its number.
    id: String,
    /// When it was sent.
    sent_at: DateTime<Utc>,
    /// `sending`, `queued`, `unknown`, `refused`, `settled` or `expired`.
    state: String,
    /// `batchRequestId`.
    name: Option<String>,
    /// Bar codes in it.
    items: i32,
    /// Of those, the ones that were refused.
    failed: i32,
    /// What else is known.
    note: Option<String>,
}

impl From<BatchView> for BatchItem {
    fn from(batch: BatchView) -> Self {
        Self {
            id: batch.id.to_string(),
            sent_at: batch.sent_at,
            state: batch.state,
            name: batch.name,
            items: batch.items,
            failed: batch.failed,
            note: batch.note,
        }
    }
}

/// Lists the requests that sent stock
///
/// Newest first.
#[utoipa::path(get, path = "/stock/batches", tag = "stock", params(Turn),
    responses((status = 200, description = "A page of requests", body = Page<BatchItem>), Reads))]
async fn list_batches(
    State(state): State<AppState>,
    Query(turn): Query<Turn>,
) -> Result<Json<Page<BatchItem>>, Problem> {
    let before = place("batches", turn.cursor.as_deref())?;
    let store = &state.world()?.store;
    let rows = store
        .batches_before(before, Limit::asked(turn.limit))
        .await?;
    Page::of(
        rows,
        turn.limit,
        "batches",
        |batch| batch.id,
        BatchItem::from,
    )
    .map(Json)
}

/// A request of the path.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct BatchPath {
    /// The request's number.
    #[param(minimum = 1)]
    batch: i64,
}

/// A bar code of a request.
#[derive(Debug, Serialize, ToSchema)]
struct BatchLine {
    /// Which.
    barcode: String,
    /// Units that were sent.
    quantity: i32,
    /// `success`, `failed` or `repeated`; null while there is no result.
    result: Option<String>,
}

/// Lists the bar codes of a request
///
/// By bar code.
#[utoipa::path(get, path = "/stock/batches/{batch}/items", tag = "stock", params(BatchPath, Turn),
    responses((status = 200, description = "A page of bar codes", body = Page<BatchLine>), ReadsOne))]
async fn list_batch_items(
    State(state): State<AppState>,
    Path(path): Path<BatchPath>,
    Query(turn): Query<Turn>,
) -> Result<Json<Page<BatchLine>>, Problem> {
    let list = format!("batch {}", path.batch);
    let after: Option<Text> = place(&list, turn.cursor.as_deref())?;
    let after = after.as_ref().map(|text| &*text.0);
    let store = &state.world()?.store;
    let rows = store
        .batch_items_after(path.batch, after, Limit::asked(turn.limit))
        .await?;
    let rows = rows.ok_or_else(|| Problem::new(Code::NotFound, "there is no such request"))?;
    let show = |item: SentItem| BatchLine {
        barcode: item.barcode,
        quantity: item.quantity,
        result: item.result,
    };
    let key = |item: &SentItem| item.barcode.clone();
    Page::of(rows, turn.limit, &list, key, show).map(Json)
}

/// A product that the store refuses.
#[derive(Debug, Serialize, ToSchema)]
struct RefusedItem {
    /// Which.
    barcode: String,
    /// Units on sale, as the store last said.
    on_sale: Option<i32>,
    /// Refusals in a row.
    failures: i32,
    /// Not sent before.
    rests_until: Option<DateTime<Utc>>,
    /// The store's words.
    refused: Option<String>,
}

/// Lists the products that the store refuses
///
/// By bar code.
#[utoipa::path(get, path = "/stock/refused", tag = "stock", params(Turn),
    responses((status = 200, description = "A page of products", body = Page<RefusedItem>), Reads))]
async fn list_refused(
    State(state): State<AppState>,
    Query(turn): Query<Turn>,
) -> Result<Json<Page<RefusedItem>>, Problem> {
    let after: Option<Text> = place("refused", turn.cursor.as_deref())?;
    let after = after.as_ref().map(|text| &*text.0);
    let store = &state.world()?.store;
    let rows = store.resting_after(after, Limit::asked(turn.limit)).await?;
    let show = |item: store::RefusedItem| RefusedItem {
        barcode: item.barcode,
        on_sale: item.observed,
        failures: item.failures,
        rests_until: item.rests_until,
        refused: item.refused,
    };
    let key = |item: &store::RefusedItem| item.barcode.clone();
    Page::of(rows, turn.limit, "refused", key, show).map(Json)
}
