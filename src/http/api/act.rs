//! What people decide about orders, and the code of one.
//!
//! What must stay true: both decisions may lead to a purchase, so each takes two steps; without
//! `confirm` it is only said what would happen, and whoever sends `seen` of that answer back can be
//! sure that exactly this happens. That a code was shown is recorded before it is shown.

use axum::{Extension, Json, extract::State};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    input::{Nothing, OrderPath, Signed, person},
    responses::Acts,
};
use crate::{
    http::{
        AppState, Problem, World,
        auth::Caller,
        decide::{carry_out, confirm, facts},
        extract::{self, Path, Query},
        problem::Code,
    },
    order::{
        EventKind, FieldRule, HoldReason, OrderId, Reference, Stage, WayOut,
        explain::Facts,
        person::{OperatorAction, Plan, Refusal, Verdict},
    },
    store::{Acted, Event, Person},
};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(retry_order))
        .routes(routes!(resolve_order))
        .routes(routes!(confirm_order))
        .routes(routes!(reveal_pin))
}

/// A held order that is to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetryBody {
    /// Who acts.
    #[schema(min_length = 1, max_length = 500)]
    by: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// Do it; otherwise it is only said what would be done.
    #[serde(default)]
    confirm: bool,
    /// `seen` of the answer that said what would be done: if that is no longer so, nothing is done.
    seen: Option<String>,
}

/// What a person says became of an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResolveBody {
    verdict: Verdict,
    /// Who acts.
    #[schema(min_length = 1, max_length = 500)]
    by: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// Do it; otherwise it is only said what would be done.
    #[serde(default)]
    confirm: bool,
    /// `seen` of the answer that said what would be done: if that is no longer so, nothing is done.
    seen: Option<String>,
}

/// A step, done or only described.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Step {
    /// Whether it was done.
    done: bool,
    /// What happens, for people.
    sentence: String,
    /// Where the order stood.
    from: Stage,
    /// Why it was held.
    held: Option<HoldReason>,
    /// Where it stands afterwards.
    to: Stage,
    /// Its reference at the panel afterwards.
    #[schema(value_type = Option<String>)]
    reference: Option<Reference>,
    /// Names this step; hand it back together with `confirm`.
    seen: String,
    /// It was done, but the shop's database refused its part: the shop's row is as it was.
    shop_row_refused: bool,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::new(Code::Refused, refusal.to_string())
    }
}

impl Step {
    fn of(plan: &Plan, facts: &Facts) -> Self {
        let from = plan.from();
        Self {
            done: false,
            sentence: plan.sentence(facts),
            from: from.stage,
            held: from.held,
            to: plan.to(),
            reference: plan.reference(facts).cloned(),
            seen: plan.seen(),
            shop_row_refused: false,
        }
    }
}

/// How a step is asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Do it; otherwise it is only said what would be done.
    pub(super) confirm: bool,
    /// What was said would be done; where nothing is handed back, it is done whatever it is by now.
    pub(super) seen: Option<&'a str>,
    /// With other orders, in one call.
    pub(super) together: bool,
}

/// Says what an action does, and does it if that was asked for.
pub(super) async fn step(
    world: &World,
    order: OrderId,
    action: OperatorAction,
    person: Person,
    asked: Asked<'_>,
) -> Result<Json<Step>, Problem> {
    let facts = facts(world, order).await?;
    let plan = action.plan(order, &facts)?;
    if asked.together {
        not_alone(&plan)?;
    }

    let mut step = Step::of(&plan, &facts);
    if !asked.confirm {
        return Ok(Json(step));
    }

    let changed = || {
        Problem::new(
            Code::Changed,
            "the order has changed meanwhile; check it again, nothing was done",
        )
    };
    if asked.seen.is_some_and(|seen| seen != step.seen) {
        return Err(changed());
    }

    match carry_out(world, order, &plan, &person).await? {
        Acted::Done => {}
        Acted::ShopRowRefused => step.shop_row_refused = true,
        Acted::Changed => return Err(changed()),
        Acted::Busy => {
            return Err(Problem::new(
                Code::Busy,
                "another process holds the shop's row of this order right now; \
                 nothing was done, try again",
            ));
        }
    }

    step.done = true;
    tracing::info!(%order, who = person.who, why = person.why, to = %step.to, "a person decided by the API");

    Ok(Json(step))
}

/// Refuses what a person has to check at the panel before each single retry.
fn not_alone(plan: &Plan) -> Result<(), Problem> {
    let held = plan.from().held;
    let Some(reason) = held.filter(|reason| reason.way_out() == WayOut::RetryAlone) else {
        return Ok(());
    };

    let detail = format!(
        "held for {reason}: somebody else may have bought it; check it at the panel, then retry this order by itself"
    );
    Err(Problem::new(Code::Refused, detail))
}

/// Releases a held order
///
/// After its cause was fixed. Two steps: without `confirm` it is only said what would happen. An
/// order whose cause is still there is held again. What may have been bought is never sent again by
/// this.
#[utoipa::path(post, path = "/orders/{order}/retry", tag = "orders", params(OrderPath),
    request_body = RetryBody,
    responses((status = 200, description = "What was done, or would be", body = Step), Acts))]
async fn retry_order(
    State(state): State<AppState>,
    Path(path): Path<OrderPath>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<RetryBody>,
) -> Result<Json<Step>, Problem> {
    let person = person(&body.by, &body.reason)?;
    let action = OperatorAction::Retry;
    let asked = Asked {
        confirm: body.confirm,
        seen: body.seen.as_deref(),
        together: false,
    };
    step(&*state.world()?, OrderId(path.order), action, person, asked).await
}

/// Says what became of an order
///
/// For orders that may have been bought, or cannot be watched any more. Two steps: without `confirm`
/// it is only said what would happen.
#[utoipa::path(post, path = "/orders/{order}/resolve", tag = "orders", params(OrderPath),
    request_body = ResolveBody,
    responses((status = 200, description = "What was done, or would be", body = Step), Acts))]
async fn resolve_order(
    State(state): State<AppState>,
    Path(path): Path<OrderPath>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<ResolveBody>,
) -> Result<Json<Step>, Problem> {
    let person = person(&body.by, &body.reason)?;
    let action = OperatorAction::Resolve(body.verdict);
    let asked = Asked {
        confirm: body.confirm,
        seen: body.seen.as_deref(),
        together: false,
    };
    step(&*state.world()?, OrderId(path.order), action, person, asked).await
}

/// A confirmation of player fields.
#[derive(Debug, Serialize, ToSchema)]
struct ConfirmedFields {
    /// The rule that counts as confirmed for the order's product, as the order's `player.fields` has it.
    #[schema(value_type = String)]
    fields: FieldRule,
    /// Whether it was not confirmed before.
    new: bool,
}

/// Says that an order reached the right account
///
/// For a delivered order that orderwatch has sent: from now on the player fields of its product count
/// as confirmed with the rule by which this order was sent.
#[utoipa::path(post, path = "/orders/{order}/confirm", tag = "orders", params(OrderPath),
    request_body = Signed,
    responses((status = 200, description = "What is confirmed", body = ConfirmedFields), Acts))]
async fn confirm_order(
    State(state): State<AppState>,
    Path(path): Path<OrderPath>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<Signed>,
) -> Result<Json<ConfirmedFields>, Problem> {
    let world = state.world()?;
    let order = OrderId(path.order);
    let person = body.person()?;

    // Says whether there is such an order.
    facts(&world, order).await?;
    let (fields, new) = confirm(&world, order, &person).await?;
    Ok(Json(ConfirmedFields { fields, new }))
}

/// A code.
#[derive(Serialize, ToSchema)]
struct Pin {
    /// The order.
    #[schema(value_type = Uuid)]
    order: OrderId,
    /// The whole code.
    pin: String,
}

/// Shows the code of an order
///
/// Needs a configured token. That it was shown, to whom and why, is written into the timeline
/// before.
#[utoipa::path(post, path = "/orders/{order}/pin", tag = "orders", params(OrderPath),
    request_body = Signed,
    responses((status = 200, description = "The code", body = Pin), Acts))]
async fn reveal_pin(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<OrderPath>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<Signed>,
) -> Result<Json<Pin>, Problem> {
    // Without a token, everybody on this machine could read codes.
    if !caller.showed_token() {
        return Err(Problem::new(
            Code::NeedsToken,
            "codes are only shown where http.token is set",
        ));
    }

    let world = state.world()?;
    let order = OrderId(path.order);
    let person = body.person()?;
    let pin = world.store.pin(order).await?;
    let pin = pin.ok_or_else(|| Problem::new(Code::NotFound, "the order has no code"))?;

    // Before it is shown: a look that nobody knows of must not happen.
    let event = Event {
        order,
        kind: EventKind::PinShown,
        detail: json!({ "where": "api", "by": person.who, "why": person.why }),
    };
    world
        .store
        .append_events(&[event], world.clock.now())
        .await?;

    Ok(Json(Pin {
        order,
        pin: pin.expose_secret().to_owned(),
    }))
}
