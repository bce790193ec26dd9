//! Retrying held orders together, those that were selected or all of one hold reason: in two steps, with a result
//! for each.
//!
//! The second step retries the orders that the first one showed, each for the reason that it showed, and no other: it
//! hands both back. What one order is refused, or a failure on the way, says nothing about the others.

mod selection;

use std::collections::HashMap;

use axum::{
    Extension,
    extract::RawQuery,
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use self::selection::{Selection, Shown, ids, reason_of, shown};
use super::{
    act::{Confirm, Hidden, Signature},
    decide::sold_for,
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
        limits::{Deadline, OutOfTime},
        problem::Problem,
    },
    order::{HoldReason, OrderId, WayOut, money::Loss, person::OperatorAction},
    store::{Acted, ListedOrder, Person},
};

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
    /// What was shown: `ORDER:REASON:LOSS` of each, parted by commas.
    #[serde(default)]
    orders: String,
    /// How many there were in all. A text, since what is flattened beside it reads no numbers.
    #[serde(default)]
    total: String,
}

impl Signed {
    fn total(&self) -> usize {
        self.total.parse().unwrap_or_default()
    }
}

/// `GET /inbox/retry?reason=`, or `?order=&order=`
pub(super) async fn ask(
    reader: Reader,
    Query(asked): Query<Asked>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let store = &reader.world.store;
    let selection = if let Some(reason) = asked.reason {
        let reason = reason_of(&reason)?;
        let held = store.held_for(|held| held == reason, reader.now()).await?;
        Selection::all(held)
    } else {
        // A form names each of them.
        let query = query.unwrap_or_default();
        let ids = ids(query
            .split('&')
            .filter_map(|pair| pair.strip_prefix("order=")))?;
        if ids.is_empty() {
            return Ok(Redirect::to(&Done::NoneSelected.shown_at("/inbox")).into_response());
        }
        Selection::of(chosen(&reader, &ids).await?, ids.len())
    };

    show(&reader, &selection, None, &Signature::default()).await
}

/// `POST /inbox/retry`
pub(super) async fn retry(
    reader: Reader,
    Extension(deadline): Extension<Deadline>,
    Form(signed): Form<Signed>,
) -> Result<Response, Problem> {
    let words = &reader.words().act;
    let shown = shown(&signed.orders)?;
    let ids: Vec<OrderId> = shown.iter().map(|shown| shown.order).collect();
    let held = chosen(&reader, &ids).await?;
    let Some(person) = signed.signature.person() else {
        let selection = Selection::of(held, ids.len()).among(signed.total());
        return show(
            &reader,
            &selection,
            Some(words.incomplete),
            &signed.signature,
        )
        .await;
    };

    let (results, released) = retry_each(&reader, &shown, &held, &person, deadline).await;
    tracing::info!(
        who = person.who,
        why = person.why,
        orders = ids.len(),
        released,
        "a person retried held orders on the page"
    );

    let rest = signed.total().saturating_sub(ids.len());
    let mut response = Confirm {
        c: reader.chrome(Tab::Inbox, words.retry_all),
        note: Some(result(&reader, released, ids.len(), rest)),
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

/// How many were released, and how many are left for another step.
fn result(reader: &Reader, released: usize, orders: usize, rest: usize) -> Note {
    let words = &reader.words().act;
    let count = |number: usize| reader.format.count(number);

    let mut said = words.did_retry_all(&count(released), &count(orders));
    if rest > 0 {
        said = format!("{said} {}", words.retry_rest(&count(rest)));
    }
    let all = released == orders && rest == 0;
    Note::new(said, if all { "good" } else { "warn" })
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
    deadline: Deadline,
) -> (Facts, usize) {
    let words = &reader.words().act;
    let numbers = held.iter().map(|held| (held.order, held.number.as_deref()));
    let numbers: HashMap<_, _> = numbers.collect();

    let mut results = Facts::default();
    let mut released = 0;
    for shown in shown {
        let (done, said) = match deadline.step(retry_one(reader, shown, person)).await {
            Ok(Ok(result)) => result,
            // Those before it are released, and have to be seen.
            Ok(Err(problem)) => (false, problem.detail.into_owned()),
            Err(OutOfTime::NotTried) => (false, words.not_tried.to_owned()),
            Err(OutOfTime::NotAnswered) => (false, words.not_answered.to_owned()),
        };
        released += usize::from(done);
        let number = numbers.get(&shown.order).copied().flatten();
        let title = order::title(shown.order, number, &reader.format);
        results = results.with(title, Show::Text(said));
    }
    (results, released)
}

/// Whether it was released, and what is said of it.
async fn retry_one(
    reader: &Reader,
    shown: &Shown,
    person: &Person,
) -> Result<(bool, String), Problem> {
    let words = &reader.words().act;
    let order = shown.order;
    let facts = facts(&reader.world, order).await?;
    let plan = match OperatorAction::Retry.plan(order, &facts) {
        Ok(plan) => plan,
        Err(why) => return Ok((false, why.sentence(&reader.format))),
    };
    // The person has decided about the reason and the loss that were shown: it may be held for another by now.
    if plan.from().held != Some(shown.reason) || seen(plan.loss()) != shown.loss {
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

fn seen(loss: Option<Loss>) -> String {
    loss.map_or_else(String::new, Loss::seen)
}

/// What those lose that are held for it.
async fn losses(reader: &Reader, held: &[ListedOrder]) -> Result<HashMap<OrderId, Loss>, Problem> {
    let at_a_loss = held
        .iter()
        .filter(|order| order.held == Some(HoldReason::SoldAtALoss));
    let orders: Vec<OrderId> = at_a_loss.map(|order| order.order).collect();
    Ok(reader.world.store.losses(&orders).await?)
}

/// Says which orders would be retried, and why nothing has happened yet.
async fn show(
    reader: &Reader,
    selection: &Selection,
    incomplete: Option<&'static str>,
    signature: &Signature,
) -> Result<Response, Problem> {
    let act = &reader.words().act;
    let held = &selection.held;
    let losses = losses(reader, held).await?;
    let shown = held.iter().filter_map(|held| {
        let shown = Shown {
            order: held.order,
            reason: held.held?,
            loss: seen(losses.get(&held.order).copied()),
        };
        Some(shown.to_string())
    });
    let shown: Vec<String> = shown.collect();

    Confirm {
        c: reader.chrome(Tab::Inbox, act.retry_all),
        note: note(reader, selection, incomplete),
        facts: listed(reader, held, &losses).all(),
        will: (!held.is_empty()).then(|| act.will_retry_all.to_owned()),
        hidden: vec![
            Hidden {
                name: "orders",
                value: shown.join(","),
            },
            Hidden {
                name: "total",
                value: selection.total.to_string(),
            },
        ],
        path: PATH.to_owned(),
        signature: signature.or_last(reader),
        button: act.confirm,
        back: "/inbox".to_owned(),
    }
    .respond(incomplete.is_some())
}

/// What the reader has to know beside the orders: what is missing, and which are not there.
fn note(reader: &Reader, selection: &Selection, incomplete: Option<&str>) -> Option<Note> {
    let act = &reader.words().act;
    let count = |number: usize| reader.format.count(number);
    let shown = selection.held.len();

    let mut parts: Vec<String> = incomplete.map(str::to_owned).into_iter().collect();
    if selection.total > shown {
        parts.push(act.retry_part(&count(shown), &count(selection.total)));
    }
    if selection.gone > 0 {
        parts.push(act.retry_left_out(&count(selection.gone)));
    }

    let tone = if incomplete.is_some() { "bad" } else { "warn" };
    (!parts.is_empty()).then(|| Note::new(parts.join(" "), tone))
}

/// The reasons with what to do about each, then the orders.
fn listed(reader: &Reader, held: &[ListedOrder], losses: &HashMap<OrderId, Loss>) -> Facts {
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
        let show = match losses.get(&listed.order) {
            // What it costs has to be seen before it is released.
            Some(loss) => sold_for(*loss, format),
            None => Show::Time(format.moment(listed.tracked_at)),
        };
        facts = facts.with(title, show);
    }
    facts
}
