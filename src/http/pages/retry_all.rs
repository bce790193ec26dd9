//! Retrying all orders of one hold reason, in two steps, with a result for each.
//!
//! The second step retries the orders that the first one showed, and no other: it hands their ids back. What one
//! order is refused, or a failure on the way, says nothing about the others.

use std::collections::HashSet;

use axum::{http::header, response::Response};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    act::{Confirm, Hidden, Signature},
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
    #[serde(default)]
    reason: String,
}

/// What the second step says.
#[derive(Deserialize)]
pub(super) struct Signed {
    #[serde(flatten)]
    signature: Signature,
    #[serde(default)]
    reason: String,
    /// The orders that were shown, parted by commas.
    #[serde(default)]
    orders: String,
}

fn reason_of(name: &str) -> Result<HoldReason, Problem> {
    HoldReason::parse(name)
        .filter(|reason| reason.way_out() == WayOut::Retry)
        .ok_or_else(|| Problem::invalid("reason", "must be a hold reason that a retry can fix"))
}

/// `GET /inbox/retry?reason=`
pub(super) async fn ask(reader: Reader, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let reason = reason_of(&asked.reason)?;
    show(&reader, reason, None, &Signature::default()).await
}

/// `POST /inbox/retry`
pub(super) async fn retry(reader: Reader, Form(signed): Form<Signed>) -> Result<Response, Problem> {
    let words = &reader.words().act;
    let reason = reason_of(&signed.reason)?;
    let Some(person) = signed.signature.person() else {
        return show(&reader, reason, Some(words.incomplete), &signed.signature).await;
    };
    let shown = ids(&signed.orders)?;

    let store = &reader.world.store;
    let held = store.held_for(reason, reader.now()).await?;
    let held: Vec<&ListedOrder> = held
        .iter()
        .filter(|order| shown.contains(&order.order))
        .collect();

    let (results, released) = retry_each(&reader, &held, &person).await;
    tracing::info!(
        reason = reason.as_str(),
        who = person.who,
        why = person.why,
        orders = held.len(),
        released,
        "a person retried held orders on the page"
    );

    let count = |number: usize| reader.format.count(number);
    let said = words.did_retry_all(&count(released), &count(held.len()));
    let tone = if released == held.len() {
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

/// What became of each, and how many were released.
async fn retry_each(reader: &Reader, held: &[&ListedOrder], person: &Person) -> (Facts, usize) {
    let mut results = Facts::default();
    let mut released = 0;
    for listed in held {
        let (done, said) = match retry_one(reader, listed.order, person).await {
            Ok(result) => result,
            // Those before it are released, and have to be seen.
            Err(problem) => (false, problem.detail.into_owned()),
        };
        released += usize::from(done);
        let title = order::title(listed.order, listed.number.as_deref(), &reader.format);
        results = results.with(title, Show::Text(said));
    }
    (results, released)
}

/// The orders of a page: those that have waited longest.
async fn held(reader: &Reader, reason: HoldReason) -> Result<Vec<ListedOrder>, Problem> {
    let now = reader.now();
    let mut held = reader.world.store.held_for(reason, now).await?;
    held.truncate(AT_ONCE);
    Ok(held)
}

fn ids(text: &str) -> Result<HashSet<OrderId>, Problem> {
    let ids = text.split(',').map(|id| Uuid::try_parse(id).map(OrderId));
    ids.collect::<Result<_, _>>()
        .map_err(|_| Problem::invalid("orders", "must be what the page had there"))
}

/// Whether it was released, and what is said of it.
async fn retry_one(
    reader: &Reader,
    order: OrderId,
    person: &Person,
) -> Result<(bool, String), Problem> {
    let words = &reader.words().act;
    let facts = facts(&reader.world, order).await?;
    let plan = match OperatorAction::Retry.plan(order, &facts) {
        Ok(plan) => plan,
        Err(why) => return Ok((false, why.sentence(&reader.format))),
    };

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
async fn show(
    reader: &Reader,
    reason: HoldReason,
    note: Option<&'static str>,
    signature: &Signature,
) -> Result<Response, Problem> {
    let format = &reader.format;
    let (page, act) = (&format.words().page, &format.words().act);
    let held = held(reader, reason).await?;
    let ids: Vec<String> = held.iter().map(|held| held.order.to_string()).collect();
    let hidden = |name, value: String| Hidden { name, value };

    let mut facts = Facts::default()
        .with(page.why, Show::Text(reason.clause(format.lang).to_owned()))
        .with(
            page.what_to_do,
            Show::Text(reason.fix(format.lang).to_owned()),
        )
        .with(page.orders, Show::Num(format.count(held.len())));
    for listed in &held {
        let title = order::title(listed.order, listed.number.as_deref(), format);
        facts = facts.with(title, Show::Time(format.moment(listed.tracked_at)));
    }

    Confirm {
        c: reader.chrome(Tab::Inbox, act.retry_all),
        note: note.map(|text| Note::new(text.to_owned(), "bad")),
        facts: facts.all(),
        will: (!held.is_empty()).then(|| act.will_retry_all.to_owned()),
        hidden: vec![
            hidden("reason", reason.to_string()),
            hidden("orders", ids.join(",")),
        ],
        path: PATH.to_owned(),
        signature: signature.or_last(reader),
        button: act.confirm,
        back: "/inbox".to_owned(),
    }
    .respond(note.is_some())
}
