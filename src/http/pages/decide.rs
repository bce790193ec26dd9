//! What people decide about orders: held ones are sent, unconfirmed ones are resolved.
//!
//! The second step carries what the first one showed (`Plan::seen`); where the order stands elsewhere
//! by then, nothing is done and the reader sees what would happen now.

use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    act::{self, Confirm, Hidden, Signature},
    done::Done,
    format::Format,
    order,
    reader::{Reader, Tab},
    view::{Fact, Facts, Note, Show},
};
use crate::{
    http::{
        decide::{carry_out, confirm as confirm_fields, facts},
        extract::{Form, Path, Query},
        problem::Problem,
    },
    order::{
        OrderId, WayOut,
        explain::Facts as OrderFacts,
        money::Loss,
        person::{OperatorAction, Plan, Verdict},
    },
    store::Acted,
};

/// What the second step says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Signed {
    #[serde(flatten)]
    signature: Signature,
    #[serde(default)]
    seen: String,
    #[serde(default)]
    verdict: String,
}

fn action_of(verdict: &str) -> Result<OperatorAction, Problem> {
    let verdict = Verdict::parse(verdict).ok_or_else(|| {
        Problem::invalid(
            "verdict",
            "must be bought, not-bought, send-again, give-code or keep-back",
        )
    })?;
    Ok(OperatorAction::Resolve(verdict))
}

const fn title(action: OperatorAction, format: &Format) -> &'static str {
    match action {
        OperatorAction::Retry => format.words().act.retry,
        OperatorAction::Resolve(verdict) => order::verdict_label(verdict, format),
    }
}

const fn path(action: OperatorAction) -> &'static str {
    match action {
        OperatorAction::Retry => "retry",
        OperatorAction::Resolve(_) => "resolve",
    }
}

fn will(plan: &Plan, facts: &OrderFacts, format: &Format) -> String {
    match plan {
        Plan::Release(release) => format.words().act.will_retry(
            &format.outside(&release.panel_name),
            release.reference.as_str(),
        ),
        Plan::Resolve(_, resolution) => resolution.sentence(facts, format),
    }
}

/// `GET /orders/{id}/retry`
pub(super) async fn ask_retry(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    ask(
        &reader,
        OrderId(id),
        OperatorAction::Retry,
        None,
        &Signed::default(),
    )
    .await
}

/// `POST /orders/{id}/retry`
pub(super) async fn retry(
    reader: Reader,
    Path(id): Path<Uuid>,
    Form(signed): Form<Signed>,
) -> Result<Response, Problem> {
    act(&reader, OrderId(id), OperatorAction::Retry, &signed).await
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    verdict: String,
}

/// `GET /orders/{id}/resolve?verdict=`
pub(super) async fn ask_resolve(
    reader: Reader,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let action = action_of(&asked.verdict)?;
    ask(&reader, OrderId(id), action, None, &Signed::default()).await
}

/// `POST /orders/{id}/resolve`
pub(super) async fn resolve(
    reader: Reader,
    Path(id): Path<Uuid>,
    Form(signed): Form<Signed>,
) -> Result<Response, Problem> {
    let action = action_of(&signed.verdict)?;
    act(&reader, OrderId(id), action, &signed).await
}

/// `GET /orders/{id}/confirm`
pub(super) async fn ask_confirm(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    asked_confirm(&reader, OrderId(id), None, &Signature::default()).await
}

/// `POST /orders/{id}/confirm`
pub(super) async fn confirm(
    reader: Reader,
    Path(id): Path<Uuid>,
    Form(signed): Form<Signature>,
) -> Result<Response, Problem> {
    let order = OrderId(id);
    let Some(person) = signed.person() else {
        let note = reader.words().act.incomplete;
        return asked_confirm(&reader, order, Some(note), &signed).await;
    };

    let (_, new) = confirm_fields(&reader.world, order, &person).await?;
    let done = if new {
        Done::Confirmed
    } else {
        Done::ConfirmedBefore
    };
    Ok(act::done(done, &order::path_of(order), Some(&person)))
}

/// Says what a confirmation means.
async fn asked_confirm(
    reader: &Reader,
    order: OrderId,
    note: Option<&'static str>,
    signature: &Signature,
) -> Result<Response, Problem> {
    let act = &reader.words().act;
    let facts = facts(&reader.world, order).await?;
    Confirm {
        c: reader.chrome(Tab::Orders, act.confirm_fields),
        note: note.map(|text| Note::new(text.to_owned(), "bad")),
        facts: order_facts(reader, order, &facts).await?,
        hidden: Vec::new(),
        will: Some(act.will_confirm.to_owned()),
        path: format!("{}/confirm", order::path_of(order)),
        signature: signature.or_last(reader),
        button: act.confirm,
        back: order::path_of(order),
    }
    .respond(note.is_some())
}

/// What the form hands back.
fn hidden(action: OperatorAction, plan: Option<&Plan>) -> Vec<Hidden> {
    // With it only what was shown is done: the second step compares.
    let seen = plan.map(|plan| Hidden {
        name: "seen",
        value: plan.seen(),
    });
    let verdict = match action {
        OperatorAction::Retry => None,
        OperatorAction::Resolve(verdict) => Some(Hidden {
            name: "verdict",
            value: verdict.to_string(),
        }),
    };
    seen.into_iter().chain(verdict).collect()
}

/// Says what would happen, and why nothing has happened yet.
async fn ask(
    reader: &Reader,
    order: OrderId,
    action: OperatorAction,
    note: Option<&'static str>,
    signed: &Signed,
) -> Result<Response, Problem> {
    let format = &reader.format;
    let facts = facts(&reader.world, order).await?;
    let plan = action.plan(order, &facts);

    // Why it cannot be done at all comes before why it was not done just now.
    let refused = plan.as_ref().err();
    let refused = refused.map(|why| why.sentence(format));
    let bad = refused.is_some() || note.is_some();
    let plan = plan.ok();

    Confirm {
        c: reader.chrome(Tab::Orders, title(action, format)),
        note: refused
            .or_else(|| note.map(ToOwned::to_owned))
            .map(|text| Note::new(text, "bad")),
        facts: order_facts(reader, order, &facts).await?,
        hidden: hidden(action, plan.as_ref()),
        will: plan.map(|plan| will(&plan, &facts, format)),
        path: format!("{}/{}", order::path_of(order), path(action)),
        signature: signed.signature.or_last(reader),
        button: format.words().act.confirm,
        back: order::path_of(order),
    }
    .respond(bad)
}

/// What the decision is about.
async fn order_facts(
    reader: &Reader,
    order: OrderId,
    facts: &OrderFacts,
) -> Result<Vec<Fact>, Problem> {
    let format = &reader.format;
    let page = &format.words().page;
    let shop = reader.world.store.shop_row(order).await?;
    let shop = shop.as_ref();
    let known = facts.tracked.as_ref();
    let reference = known.and_then(|known| known.reference.as_ref());
    let number = shop.and_then(|shop| shop.number.as_deref());
    // Where staff and the panel contradict each other, what staff decided is part of the question.
    let decided = facts.shop.as_ref().filter(|_| {
        let held = known.and_then(|known| known.held);
        held.is_some_and(|held| held.way_out() == WayOut::Decide)
    });
    let loss = known.and_then(|known| known.loss);
    let package = shop.and_then(|shop| shop.package.clone());
    let player = shop.and_then(|shop| shop.player.clone());

    Ok(Facts::default()
        .with(page.order, Show::Text(order::title(order, number, format)))
        .maybe(page.reference, reference, |name| {
            Show::Code(name.to_string())
        })
        .maybe(page.package, package, Show::Text)
        .maybe(page.player, player, Show::Text)
        .maybe(page.why, known.and_then(|known| known.held), |held| {
            Show::Text(held.clause(format.lang).to_owned())
        })
        .maybe(page.expected, loss, |loss| {
            Show::Num(format.money(loss.cost, "TRY"))
        })
        .maybe(page.money_sold_for, loss, |loss| sold_for(loss, format))
        .maybe(page.shop_status, decided, |shop| {
            order::shop_status(&shop.status, format)
        })
        .all())
}

/// What the customer paid, and how much of the cost that leaves open.
pub(super) fn sold_for(loss: Loss, format: &Format) -> Show {
    let money = |amount| format.money(amount, "TRY");
    let page = &format.words().page;
    Show::Said(page.money_is_loss(&money(loss.sold_for), &money(loss.amount())))
}

/// Does it, if things stand as they were shown.
async fn act(
    reader: &Reader,
    order: OrderId,
    action: OperatorAction,
    signed: &Signed,
) -> Result<Response, Problem> {
    let words = &reader.words().act;
    let Some(person) = signed.signature.person() else {
        return ask(reader, order, action, Some(words.incomplete), signed).await;
    };

    let facts = facts(&reader.world, order).await?;
    let plan = match action.plan(order, &facts) {
        Ok(plan) if plan.seen() == signed.seen => plan,
        // Nobody has confirmed what would happen now.
        Ok(_) => return ask(reader, order, action, Some(words.changed), signed).await,
        // The page itself says why it cannot be done.
        Err(_) => return ask(reader, order, action, None, signed).await,
    };

    let acted = carry_out(&reader.world, order, &plan, &person).await?;
    tracing::info!(
        %order,
        who = person.who,
        why = person.why,
        what = path(action),
        ?acted,
        "a person decided on the page"
    );

    let done = match (acted, plan) {
        (Acted::Done, Plan::Release(_)) => Done::Released,
        (Acted::Done, Plan::Resolve(..)) => Done::Resolved,
        (Acted::ShopRowRefused, _) => Done::ResolvedInPart,
        (Acted::Changed, _) => {
            return ask(reader, order, action, Some(words.changed), signed).await;
        }
        (Acted::Busy, _) => return ask(reader, order, action, Some(words.busy), signed).await,
    };

    Ok(act::done(done, &order::path_of(order), Some(&person)))
}
