//! The stock side: what will be sent and why not, what was sent and what became of it.

use askama::Template;
use axum::{Extension, response::Html};

use super::{
    format::Format,
    overview::or_nothing,
    product,
    reader::{Chrome, Reader, Tab, html},
    shared::Pages,
    view::{Fact, Facts, Figure, Link, Note, Show, Table, Tag},
    words,
};
use crate::{
    attention::trouble,
    config::TrendyolStock,
    http::problem::Problem,
    overview::StockPause,
    stock::{
        guard::Zeroing,
        plan::{Entry, PlannedItem},
        reserve::Holder,
        rule::Verdict,
    },
    store::{RefusedItem, StockBatch, StockPush, Store, StoreError},
    worker::trendyol::Forecast,
};

/// Products of the plan that are shown.
const PLANNED: usize = 100;
/// Passes, requests and refused products that are shown.
const PUSHES: i64 = 20;
const BATCHES: i64 = 20;
const REFUSED: i64 = 100;

/// Everything that the page shows, in no language yet.
#[derive(Debug)]
pub(crate) struct StockPicture {
    plan: Vec<PlannedItem>,
    counts: Counts,
    stale: bool,
    zeroing: Option<Zeroing>,
    pause: Option<StockPause>,
    data_warnings: Vec<String>,
    pushes: Vec<StockPush>,
    batches: Vec<StockBatch>,
    refused: Vec<RefusedItem>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    settled: usize,
    send: usize,
    wait: usize,
}

struct TablePart {
    table: Table,
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "stock.html")]
struct StockPage {
    c: Chrome,
    notes: Vec<Note>,
    figures: Vec<Figure>,
    actions: Vec<Link>,
    tables: Vec<TablePart>,
}

/// `GET /stock`
pub(super) async fn page(
    reader: Reader,
    Extension(pages): Extension<Pages>,
) -> Result<Html<String>, Problem> {
    let picture = pages.stock(&reader.world).await?;
    let format = &reader.format;
    let words = format.words();
    let enabled = reader.world.config.trendyol.enabled;

    html(&StockPage {
        c: reader.chrome_of(Tab::Stock, words.page.stock, picture.at),
        notes: notes(&picture.value, enabled, format),
        figures: figures(&picture.value, format),
        // Without a store there is nothing to send to.
        actions: if enabled {
            actions(&picture.value, format)
        } else {
            Vec::new()
        },
        tables: tables(&picture.value, format),
    })
}

impl StockPicture {
    /// Reads it all. The plan is that of a pass that begins now.
    pub(super) async fn read(
        store: &Store,
        rules: TrendyolStock,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Self, StoreError> {
        let forecast = Forecast::read(store, rules, now).await?;

        let mut counts = Counts::default();
        for entry in forecast.entries().values() {
            match entry.verdict {
                Verdict::InSync => counts.settled += 1,
                Verdict::Send { .. } => counts.send += 1,
                Verdict::Wait(_) => counts.wait += 1,
            }
        }

        // Only what is shown is copied: there may be a hundred thousand products.
        let differs = |row: &PlannedItem| row.entry.verdict != Verdict::InSync;
        let plan = forecast.products().filter(differs).take(PLANNED);
        let data_warnings = forecast.data_warnings().iter().take(PLANNED);

        Ok(Self {
            plan: plan.collect(),
            counts,
            stale: forecast.is_stale(),
            zeroing: forecast.guard().err(),
            pause: store.stock_pause().await?,
            data_warnings: data_warnings.map(ToString::to_string).collect(),
            pushes: store.stock_pushes(None, None, PUSHES).await?,
            batches: store.batches_before(None, BATCHES).await?,
            refused: store.refused_items(REFUSED).await?,
        })
    }
}

fn notes(picture: &StockPicture, enabled: bool, format: &Format) -> Vec<Note> {
    let page = &format.words().page;
    let mut notes = Vec::new();
    // The other notes would be about a store that nobody asks.
    if !enabled {
        notes.push(Note::new(page.stock_off, "info"));
        return notes;
    }

    if let Some(pause) = &picture.pause {
        let (who, why) = (format.outside(&pause.who), format.outside(&pause.why));
        let text = if pause.lets_lower() {
            page.stock_only_lowered(&who, &why)
        } else {
            page.stock_paused(&who, &why)
        };
        notes.push(Note::new(text, "bad"));
    }
    if let Some(zeroing) = &picture.zeroing {
        let (zeroed, on_sale) = (format.count(zeroing.zeroed), format.count(zeroing.on_sale));
        let text = page.zeroing(&zeroed, &on_sale);
        notes.push(Note::new(text, "bad"));
    }
    if picture.stale {
        notes.push(Note::new(page.orders_stale, "warn"));
    }
    notes
}

fn figures(picture: &StockPicture, format: &Format) -> Vec<Figure> {
    let page = &format.words().page;
    let refused = picture.refused.len();
    let counts = picture.counts;
    let figure = |name, count: usize| Figure::new(name, format.count(count));
    vec![
        figure(page.settled, counts.settled),
        figure(page.to_send, counts.send),
        figure(page.waiting, counts.wait),
        figure(page.quarantine, refused).tone(if refused > 0 { "warn" } else { "" }),
    ]
}

fn actions(picture: &StockPicture, format: &Format) -> Vec<Link> {
    let act = &format.words().act;
    let find = format.words().page.find_product;
    let mut actions = vec![
        Link::new("/stock/push", act.push_now),
        Link::new("/stock/product", find),
    ];
    // Offered only where the guard stops a push: it sets more than half of the store to zero.
    if picture.zeroing.is_some() {
        actions.push(Link::new("/stock/push?force=yes", act.push_force));
    }
    actions
}

fn tables(picture: &StockPicture, format: &Format) -> Vec<TablePart> {
    let page = &format.words().page;
    let alone = |table| TablePart { table, more: None };
    // The plan holds the first products only; the counts hold all of them.
    let hidden = (picture.counts.send + picture.counts.wait).saturating_sub(picture.plan.len());
    let mut tables = vec![
        TablePart {
            table: plan_table(&picture.plan, format),
            more: (hidden > 0).then(|| page.plan_more(&format.count(hidden))),
        },
        TablePart {
            table: refused_table(&picture.refused, format),
            more: (!picture.refused.is_empty()).then(|| page.quarantine_note.to_owned()),
        },
        alone(push_table(&picture.pushes, format)),
        alone(batch_table(&picture.batches, format)),
    ];

    if !picture.data_warnings.is_empty() {
        tables.push(alone(Table {
            caption: page.data_warnings,
            heads: vec![page.what],
            rows: picture
                .data_warnings
                .iter()
                .map(|text| vec![Show::Text(text.clone())])
                .collect(),
            empty: page.none,
        }));
    }
    tables
}

fn number(count: Option<i32>, format: &Format) -> Show {
    or_nothing(count, format, |count| Show::Num(format.count(count)))
}

fn plan_table(plan: &[PlannedItem], format: &Format) -> Table {
    let page = &format.words().page;
    let rows = plan.iter().map(|item| {
        let entry = &item.entry;
        vec![
            Show::Barcode(Link::new(
                product::href(&item.barcode),
                item.barcode.clone(),
            )),
            number(entry.qty, format),
            reserved(item, format, |holder| {
                format!("{} × {}", holder.units, holder.order)
            }),
            desired(entry, format),
            number(entry.on_sale, format),
            Show::Said(entry.verdict.sentence(format)),
        ]
    });

    Table {
        caption: page.plan_note,
        heads: vec![
            page.barcode,
            page.in_stock,
            page.reserved,
            page.desired,
            page.on_sale,
            page.what,
        ],
        rows: rows.collect(),
        empty: page.plan_settled,
    }
}

/// How many may be on sale, and which rule of the warehouse that follows.
fn desired(entry: &Entry, format: &Format) -> Show {
    let page = &format.words().page;
    let mut lines = vec![format.count(entry.desired)];
    if entry.extra_buffer > 0 {
        let units = format.count(entry.extra_buffer);
        lines.push(page.kept_back(&units));
    }

    if let Some(there) = entry.shelved {
        lines.push(page.on_shelves(&format.count(there)));
    }

    if entry.made_to_order {
        lines.push(page.made_to_order.to_owned());
    }
    number_with(lines)
}

/// How many are reserved, and for which orders.
pub(super) fn reserved(item: &PlannedItem, format: &Format, order: fn(&Holder) -> String) -> Show {
    let mut lines = vec![format.count(item.entry.reserved)];
    lines.extend(item.holders.iter().map(order));
    number_with(lines)
}

/// A number, and what belongs to it below.
fn number_with(mut lines: Vec<String>) -> Show {
    match lines.len() {
        1 => Show::Num(lines.remove(0)),
        _ => Show::Long(lines.join("\n")),
    }
}

fn refused_table(refused: &[RefusedItem], format: &Format) -> Table {
    let page = &format.words().page;
    let rows = refused.iter().map(|item| {
        vec![
            Show::Code(item.barcode.clone()),
            Show::Num(format.count(item.failures)),
            or_nothing(item.rests_until, format, |until| {
                Show::Time(format.moment(until))
            }),
            number(item.on_sale, format),
            Show::text_or(item.refused.clone(), page.nothing),
        ]
    });

    Table {
        caption: page.quarantine,
        heads: vec![
            page.barcode,
            page.failures,
            page.rests_until,
            page.on_sale,
            page.refused_why,
        ],
        rows: rows.collect(),
        empty: page.quarantine_none,
    }
}

fn push_table(pushes: &[StockPush], format: &Format) -> Table {
    let page = &format.words().page;
    let rows = pushes.iter().map(|push| {
        let (outcome, tone) = if push.success {
            ("done", "good")
        } else {
            ("failed", "bad")
        };

        vec![
            Show::Time(format.moment(push.at)),
            Show::Tag(Tag::new(
                words::job_outcome(Some(outcome), format.lang),
                tone,
            )),
            Show::Num(format.count(push.items)),
            Show::Num(format.count(push.units)),
            Show::Num(format.count(push.reserved)),
            Show::Num(format.count(push.requests)),
            Show::Brief(format.millis(push.seconds.unwrap_or(0.0) * 1000.0)),
            or_nothing(push.error.as_deref(), format, |error| {
                Show::Text(trouble(error, format.lang))
            }),
        ]
    });

    Table {
        caption: page.pushes,
        heads: vec![
            page.time,
            page.state,
            page.items,
            page.units,
            page.reserved,
            page.requests,
            page.took,
            page.error,
        ],
        rows: rows.collect(),
        empty: page.never_run,
    }
}

fn batch_table(batches: &[StockBatch], format: &Format) -> Table {
    let page = &format.words().page;
    let rows = batches.iter().map(|batch| {
        let state = words::batch_state(&batch.state);
        // A state that only a later version knows is shown by its name.
        let state = state.map_or(batch.state.as_str(), |say| format.lang.pick(say));
        let tone = match batch.state.as_str() {
            "settled" if batch.failed == 0 => "good",
            "queued" | "sending" => "info",
            "refused" => "bad",
            _ => "warn",
        };

        vec![
            Show::Time(format.moment(batch.sent_at)),
            Show::Tag(Tag::new(state, tone)),
            Show::Num(format.count(batch.items)),
            Show::Num(format.count(batch.failed)),
            Show::Facts(batch_facts(batch, format)),
        ]
    });

    Table {
        caption: page.batches,
        heads: vec![
            page.sent,
            page.state,
            page.items,
            page.failed_items,
            page.batch,
        ],
        rows: rows.collect(),
        empty: page.none,
    }
}

fn batch_facts(batch: &StockBatch, format: &Format) -> Vec<Fact> {
    let page = &format.words().page;
    let name = batch.name.clone();
    Facts::default()
        .with(page.number, Show::Code(batch.id.to_string()))
        .maybe(page.batch, name, Show::Code)
        .text(page.message, batch.note.as_deref())
        .all()
}
