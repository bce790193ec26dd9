//! Retrying held orders together, those that were selected or all of one hold reason: in two steps, with a result
//! for each.
//!
//! The second step retries the orders that the first one showed, each for the reason that it showed, and no other: it
//! hands both back. What one order is refused, or a failure on the way, says nothing about the others.

use std::collections::HashMap;

use axum::{
    extract::RawQuery,
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    act::{Confirm, Hidden, Signature},
    done::Done,
    order,
    reader::{Reader, Tab},
    sign,
    view::{Facts, Note, Show},
};
use crate::{
    http::{
        decide::{carry_out, facts},
        extract::{Form, Query},
        problem::Problem,
    },
    order::{HoldReason, OrderId, WayOut, person::OperatorAction},
    store::{Acted, ListedOrder, Person},
};

/// Orders that are retried at once, the ones that have waited longest: a request must end, and its form has room
/// for so many ids.
const AT_ONCE: usize = 200;
/// The page's address.
const PATH: &str = "/inbox/retry";

/// The address at which all orders of a reason are retried; `None` where each is decided on its own.
pub(super) fn path_of(reason: HoldReason) -> Option<String> {
    (reason.way_out() == WayOut::Retry).then(|| format!("{PATH}?reason={reason}"))
}

#[derive(Deserialize)]
pub(super) struct Asked {
    reason: Option<String>,
}

/// What the second step says.
#[derive(Deserialize)]
pub(super) struct Signed {
    #[serde(flatten)]
    signature: Signature,
    /// What was shown: `ORDER.REASON` of each, parted by commas.
    #[serde(default)]
    orders: String,
}

/// An order as the first step showed it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shown {
    order: OrderId,
    reason: HoldReason,
}

fn reason_of(name: &str) -> Result<HoldReason, Problem> {
    HoldReason::parse(name)
        .filter(|reason| reason.way_out() == WayOut::Retry)
        .ok_or_else(|| Problem::invalid("reason", "must be a hold reason that a retry can fix"))
}

/// `GET /inbox/retry?reason=`, or `?order=&order=`
pub(super) async fn ask(
    reader: Reader,
    Query(asked): Query<Asked>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let store = &reader.world.store;
    let mut held = if let Some(reason) = asked.reason {
        let reason = reason_of(&reason)?;
        store.held_for(|held| held == reason, reader.now()).await?
    } else {
        // A form names each of them.
        let query = query.unwrap_or_default();
        let ids = ids(query
            .split('&')
            .filter_map(|pair| pair.strip_prefix("order=")))?;
        if ids.is_empty() {
            return Ok(Redirect::to(&Done::NoneSelected.shown_at("/inbox")).into_response());
        }
        chosen(&reader, &ids).await?
    };

    held.truncate(AT_ONCE);
    show(&reader, &held, None, &Signature::default())
}

/// `POST /inbox/retry`
pub(super) async fn retry(reader: Reader, Form(signed): Form<Signed>) -> Result<Response, Problem> {
    let words = &reader.words().act;
    let shown = shown(&signed.orders)?;
    let ids: Vec<OrderId> = shown.iter().map(|shown| shown.order).collect();
    let held = chosen(&reader, &ids).await?;
    let Some(person) = signed.signature.person() else {
        return show(&reader, &held, Some(words.incomplete), &signed.signature);
    };

    let (results, released) = retry_each(&reader, &shown, &held, &person).await;
    tracing::info!(
        who = person.who,
        why = person.why,
        orders = ids.len(),
        released,
        "a person retried held orders on the page"
    );

    let count = |number: usize| reader.format.count(number);
    let said = words.did_retry_all(&count(released), &count(ids.len()));
    let tone = if released == ids.len() {
        "good"
    } else {
        "warn"
    };
    let mut response = Confirm {
        c: reader.chrome(Tab::Inbox, words.retry_all),
        note: Some(Note::new(said, tone)),
        facts: results.all(),
        hidden: Vec::new(),
        will: None,
        path: PATH.to_owned(),
        signature: Signature::default(),
        button: words.confirm,
        back: "/inbox".to_owned(),
    }
    .respond(false)?;
    if let Some(cookie) = sign::remember(&person) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Those of the orders that a retry can still fix.
async fn chosen(reader: &Reader, ids: &[OrderId]) -> Result<Vec<ListedOrder>, Problem> {
    let can = |reason: HoldReason| reason.way_out() == WayOut::Retry;
    let mut held = reader.world.store.held_for(can, reader.now()).await?;
    held.retain(|order| ids.contains(&order.order));
    Ok(held)
}

/// What became of each, and how many were released.
async fn retry_each(
    reader: &Reader,
    shown: &[Shown],
    held: &[ListedOrder],
    person: &Person,
) -> (Facts, usize) {
    let numbers = held.iter().map(|held| (held.order, held.number.as_deref()));
    let numbers: HashMap<_, _> = numbers.collect();

    let mut results = Facts::default();
    let mut released = 0;
    for shown in shown {
        let (done, said) = match retry_one(reader, *shown, person).await {
            Ok(result) => result,
            // Those before it are released, and have to be seen.
            Err(problem) => (false, problem.detail.into_owned()),
        };
        released += usize::from(done);
        let number = numbers.get(&shown.order).copied().flatten();
        let title = order::title(shown.order, number, &reader.format);
        results = results.with(title, Show::Text(said));
    }
    (results, released)
}

fn changed() -> Problem {
    Problem::invalid("orders", "must be what the page had there")
}

fn id(text: &str) -> Result<OrderId, Problem> {
    Uuid::try_parse(text).map(OrderId).map_err(|_| changed())
}

/// Each order once, in the order in which they are named.
fn ids<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<OrderId>, Problem> {
    let mut ids = Vec::new();
    for text in texts {
        let id = id(text)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// What the first step handed out, each order once.
fn shown(text: &str) -> Result<Vec<Shown>, Problem> {
    let mut all: Vec<Shown> = Vec::new();
    for text in text.split(',').take(AT_ONCE) {
        let (order, reason) = text.split_once('.').ok_or_else(changed)?;
        let (order, reason) = (id(order)?, reason_of(reason)?);
        if !all.iter().any(|shown| shown.order == order) {
            all.push(Shown { order, reason });
        }
    }
    Ok(all)
}

/// Whether it was released, and what is said of it.
async fn retry_one(
    reader: &Reader,
    Shown { order, reason }: Shown,
    person: &Person,
) -> Result<(bool, String), Problem> {
    let words = &reader.words().act;
    let facts = facts(&reader.world, order).await?;
    let plan = match OperatorAction::Retry.plan(order, &facts) {
        Ok(plan) => plan,
        Err(why) => return Ok((false, why.sentence(&reader.format))),
    };
    // The person has decided about the reason that was shown: it may be held for its price by now.
    if plan.from().held != Some(reason) {
        return Ok((false, words.changed.to_owned()));
    }

    Ok(
        match carry_out(&reader.world, order, &plan, person).await? {
            Acted::Done => (true, words.did_retry.to_owned()),
            Acted::ShopRowRefused => (true, words.did_resolve_part.to_owned()),
            Acted::Changed => (false, words.changed.to_owned()),
            Acted::Busy => (false, words.busy.to_owned()),
        },
    )
}

/// Says which orders would be retried, and why nothing has happened yet.
fn show(
    reader: &Reader,
    held: &[ListedOrder],
    note: Option<&'static str>,
    signature: &Signature,
) -> Result<Response, Problem> {
    let act = &reader.words().act;
    let shown = held.iter().filter_map(|held| {
        let reason = held.held?;
        Some(format!("{}.{reason}", held.order))
    });
    let shown: Vec<String> = shown.collect();

    Confirm {
        c: reader.chrome(Tab::Inbox, act.retry_all),
        note: note.map(|text| Note::new(text, "bad")),
        facts: listed(reader, held).all(),
        will: (!held.is_empty()).then(|| act.will_retry_all.to_owned()),
        hidden: vec![Hidden {
            name: "orders",
            value: shown.join(","),
        }],
        path: PATH.to_owned(),
        signature: signature.or_last(reader),
        button: act.confirm,
        back: "/inbox".to_owned(),
    }
    .respond(note.is_some())
}

/// The reasons with what to do about each, then the orders.
fn listed(reader: &Reader, held: &[ListedOrder]) -> Facts {
    let format = &reader.format;
    let page = &format.words().page;
    let reasons = HoldReason::ALL.into_iter();
    let reasons = reasons.filter(|reason| held.iter().any(|order| order.held == Some(*reason)));

    let mut facts = Facts::default().with(page.orders, Show::Num(format.count(held.len())));
    for reason in reasons {
        facts = facts
            .with(page.why, Show::Text(reason.clause(format.lang).to_owned()))
            .with(
                page.what_to_do,
                Show::Text(reason.fix(format.lang).to_owned()),
            );
    }
    for listed in held {
        let title = order::title(listed.order, listed.number.as_deref(), format);
        facts = facts.with(title, Show::Time(format.moment(listed.tracked_at)));
    }
    facts
}
