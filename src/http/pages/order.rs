//! One order: what it is, why it waits, what has happened, and what can be done about it.

use askama::Template;
use axum::{
    extract::State,
    response::{Html, IntoResponse, Redirect, Response},
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{
    done::Done,
    format::Format,
    reader::{Chrome, Reader, Tab, html},
    timeline::{self, Step},
    view::{Fact, Facts, Link, Show, Tag},
    words,
};
use crate::{
    http::{
        AppState,
        extract::{Path, Query},
        problem::{Code as ProblemCode, Problem},
    },
    order::{
        EventKind, HoldReason, OrderId, PlayerRules, Stage, WayOut,
        explain::{self, Explanation},
    },
    store::{Event, OrderSheet, PlacedEvent, PlayerView, TrackedOrder},
};

/// Steps on one page of the timeline.
const STEPS: i64 = 50;

#[derive(Deserialize)]
pub(super) struct Part {
    before: Option<i64>,
}

/// What is shown of the code.
enum Code {
    None,
    Masked,
    NeedsToken,
    Shown(String),
}

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    c: Chrome,
    path: String,
    stage: Option<Tag>,
    state: String,
    fix: Option<&'static str>,
    actions: Vec<Link>,
    facts: Vec<Fact>,
    shop: Vec<Fact>,
    code: Code,
    steps: Vec<Step>,
    pages: Vec<Link>,
    first_page: bool,
}

/// `GET /orders/{id}`
pub(super) async fn page(
    reader: Reader,
    Path(id): Path<Uuid>,
    Query(part): Query<Part>,
) -> Result<Html<String>, Problem> {
    show(&reader, OrderId(id), part.before, None).await
}

/// `POST /orders/{id}/code`: shows the code once, after writing down that it was.
pub(super) async fn code(
    State(state): State<AppState>,
    reader: Reader,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    if !reader.caller.showed_token() {
        return Err(Problem::new(
            ProblemCode::NeedsToken,
            "codes are shown only to who has shown the token",
        ));
    }
    let order = OrderId(id);
    let store = &reader.world.store;
    let Some(pin) = store.pin(order).await? else {
        return Ok(Redirect::to(&Done::NoCode.told_at(&path_of(order))).into_response());
    };
    let event = Event {
        order,
        kind: EventKind::PinShown,
        detail: json!({ "where": "page" }),
    };
    store.append_events(&[event], state.clock().now()).await?;
    let shown = pin.expose_secret().to_owned();
    let page = show(&reader, order, None, Some(shown)).await?;
    Ok(page.into_response())
}

/// `GET /orders/{id}/code`: somebody has loaded the page with the code anew.
pub(super) async fn code_again(Path(id): Path<Uuid>) -> Redirect {
    Redirect::to(&path_of(OrderId(id)))
}

/// The address of an order's page.
pub(super) fn path_of(order: OrderId) -> String {
    format!("/orders/{order}")
}

/// What an order is called: by its number, otherwise by its id.
pub(super) fn title(order: OrderId, number: Option<i32>, format: &Format) -> String {
    let number = number.map_or_else(|| order.to_string(), |number| number.to_string());
    format.words().page.order_of(&number)
}

async fn show(
    reader: &Reader,
    order: OrderId,
    before: Option<i64>,
    pin: Option<String>,
) -> Result<Html<String>, Problem> {
    let store = &reader.world.store;
    let format = &reader.format;
    let facts = store
        .facts(order, reader.world.config.explaining(), reader.now())
        .await?;
    let sheet = store.order_sheet(order).await?;
    let tracked = store.tracked(order).await?;
    if sheet.is_none() && tracked.is_none() {
        return Err(Problem::new(
            ProblemCode::NotFound,
            "there is no such order",
        ));
    }
    let events = store.events_before(order, before, STEPS + 1).await?;
    let explanation = explain::explain(&facts);
    let panel = facts
        .tracked
        .as_ref()
        .and_then(|known| known.panel.as_ref());
    let panel = panel.map(|panel| panel.name.clone());
    let mut chrome = reader.chrome(
        Tab::Orders,
        title(
            order,
            sheet.as_ref().and_then(|sheet| sheet.order_no),
            format,
        ),
    );
    chrome.address = pin.is_some().then(|| path_of(order));
    let code = match pin {
        Some(pin) => Code::Shown(pin),
        None if !store.has_pin(order).await? => Code::None,
        None if reader.caller.showed_token() => Code::Masked,
        None => Code::NeedsToken,
    };
    let player = store.player_view(order).await?;
    let rules = &reader.world.config.znet.player;
    let may_confirm = player.as_ref().is_some_and(PlayerView::may_confirm);
    let confirms = may_confirm.then(|| {
        let href = format!("{}/confirm", path_of(order));
        Link::new(href, format.words().act.confirm_fields)
    });
    let (steps, pages) = steps(order, &events, before, format);
    html(&OrderPage {
        c: chrome,
        path: path_of(order),
        stage: tracked
            .as_ref()
            .map(|known| timeline::stage_tag(known.watched.stage, format)),
        state: explanation.sentence(format),
        fix: explanation.why.fix(format.lang),
        actions: tracked
            .as_ref()
            .map_or_else(Vec::new, |known| actions(known, format))
            .into_iter()
            .chain(confirms)
            .collect(),
        facts: our_facts(order, tracked.as_ref(), panel, &explanation, format)
            .into_iter()
            .chain(player_facts(player.as_ref(), rules, format))
            .collect(),
        shop: sheet.map_or_else(Vec::new, |sheet| shop_facts(&sheet, format)),
        code,
        steps,
        pages,
        first_page: before.is_none(),
    })
}

fn steps(
    order: OrderId,
    events: &[PlacedEvent],
    before: Option<i64>,
    format: &Format,
) -> (Vec<Step>, Vec<Link>) {
    let words = format.words();
    let size = usize::try_from(STEPS).unwrap_or(usize::MAX);
    let shown = &events[..events.len().min(size)];
    let mut pages = Vec::new();
    if before.is_some() {
        pages.push(Link::new(path_of(order), words.page.newest));
    }
    if let Some(last) = shown.last().filter(|_| events.len() > size) {
        let href = format!("{}?before={}#steps", path_of(order), last.id);
        pages.push(Link::new(href, words.page.older));
    }
    let steps = shown
        .iter()
        .map(|placed| timeline::step(&placed.event, format))
        .collect();
    (steps, pages)
}

/// What a person may do, each beginning with a page that says what would happen.
pub(super) fn actions(tracked: &TrackedOrder, format: &Format) -> Vec<Link> {
    ways(tracked.order, tracked.watched.stage, tracked.held, format)
}

/// The same by where the order stands.
pub(super) fn ways(
    order: OrderId,
    stage: Stage,
    held: Option<HoldReason>,
    format: &Format,
) -> Vec<Link> {
    let act = &format.words().act;
    let path = path_of(order);
    let retry = || Link::new(format!("{path}/retry"), act.retry);
    let resolve =
        |verdict: &str, text: &str| Link::new(format!("{path}/resolve?verdict={verdict}"), text);
    match (stage, held.map(HoldReason::way_out)) {
        (Stage::Held, Some(WayOut::Retry)) => vec![retry()],
        (Stage::Held, Some(WayOut::Confirm)) | (Stage::Unconfirmed, _) => vec![
            resolve("bought", act.bought),
            resolve("not-bought", act.not_bought),
            resolve("send-again", act.send_again),
        ],
        (Stage::Held, Some(WayOut::Settle)) => vec![
            resolve("bought", act.bought),
            resolve("not-bought", act.not_bought),
        ],
        (Stage::Held, Some(WayOut::Decide)) if held == Some(HoldReason::DecidedThenDelivered) => {
            vec![
                resolve("give-code", act.give_code),
                resolve("keep-back", act.keep_back),
            ]
        }
        (Stage::Held, Some(WayOut::Decide)) => vec![resolve("keep-back", act.keep_back)],
        _ => Vec::new(),
    }
}

fn our_facts(
    order: OrderId,
    tracked: Option<&TrackedOrder>,
    panel: Option<String>,
    explanation: &Explanation,
    format: &Format,
) -> Vec<Fact> {
    let page = &format.words().page;
    let time = |at| Show::Time(format.moment(at));
    let facts = Facts::default();
    let Some(tracked) = tracked else {
        return facts
            .with(page.stage, Show::Text(page.not_tracked.to_owned()))
            .with(page.order_id, Show::Code(order.to_string()))
            .all();
    };
    let watched = &tracked.watched;
    let reference = tracked.reference.as_ref();
    facts
        .maybe(page.reference, reference, |name| {
            Show::Code(name.to_string())
        })
        .maybe(page.panel, panel, Show::Text)
        .maybe(page.next_look, explanation.next_look(), time)
        .with(page.tracked, time(tracked.tracked_at))
        .maybe(page.sent, watched.sent_at, time)
        .maybe(page.gives_up, watched.give_up_at, time)
        .maybe(page.final_at, tracked.finished_at, time)
        .with(page.check_count, Show::Num(format.count(watched.attempts)))
        .with(page.order_id, Show::Code(order.to_string()))
        .with(page.tenant, Show::Code(tracked.tenant.to_string()))
        .all()
}

/// What is sent about the player, and whether that is known to be right.
fn player_facts(view: Option<&PlayerView>, rules: &PlayerRules, format: &Format) -> Vec<Fact> {
    let page = &format.words().page;
    let Some((view, player)) = view.and_then(|view| Some((view, view.player(rules)?))) else {
        return Vec::new();
    };
    let confirmed = if view.is_confirmed(rules) {
        page.fields_confirmed
    } else {
        page.fields_not_confirmed
    };
    Facts::default()
        .with(page.player_fields, Show::Code(player.to_string()))
        .with(
            page.fields_rule,
            Show::Text(format!("{}, {confirmed}", player.fields)),
        )
        .all()
}

fn shop_facts(sheet: &OrderSheet, format: &Format) -> Vec<Fact> {
    let page = &format.words().page;
    let time = |at| Show::Time(format.moment(at));
    let (cost, currency) = &sheet.cost;
    Facts::default()
        .maybe(page.number, sheet.order_no, |number| {
            Show::Code(number.to_string())
        })
        .with(page.shop_status, shop_status(&sheet.status, format))
        .with(
            page.external_status,
            external_status(&sheet.external_status, format),
        )
        .text(page.package, sheet.package.as_deref())
        .with(page.quantity, Show::Num(format.count(sheet.quantity)))
        .text(page.player, sheet.player.as_deref())
        .text(page.extra, sheet.extra.as_deref())
        .with(page.cost, Show::Said(format.money(*cost, currency)))
        .maybe(page.message, sheet.message.as_deref(), |text| {
            Show::Text(words::shop_message(text, format.lang))
        })
        .maybe(
            page.panel_says,
            sheet
                .provider_message
                .clone()
                .filter(|text| !text.trim().is_empty()),
            Show::Long,
        )
        .with(page.created, time(sheet.created_at))
        .maybe(page.sent, sheet.sent_at, time)
        .maybe(page.completed, sheet.completed_at, time)
        .all()
}

/// `product_orders.status` in words, or as it stands.
pub(super) fn shop_status(status: &str, format: &Format) -> Show {
    Show::Said(format.named(words::shop_status(status), status))
}

/// `"externalStatus"` in words, or as it stands.
pub(super) fn external_status(status: &str, format: &Format) -> Show {
    Show::Said(format.named(words::external_status(status), status))
}
