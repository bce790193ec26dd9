//! Releasing many held orders in one call, as the inbox does for one reason.
//!
//! What must stay true: only the orders that the call names are released, each by the same step as a single
//! one, and what becomes of one says nothing about the others.

use axum::{Extension, Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    act::{Asked, Step, step},
    input::{Nothing, person},
    responses::Acts,
};
use crate::{
    http::{
        AppState, Problem,
        extract::{self, Query},
        limits::{Deadline, OutOfTime},
    },
    order::{OrderId, person::OperatorAction},
};

/// As many as the inbox retries at once.
const AT_ONCE: usize = 200;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(retry_orders))
}

/// Held orders that are to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetryManyBody {
    /// `GET /orders?reason=no_mapping` lists those of one reason.
    #[schema(min_items = 1, max_items = 200)]
    orders: Vec<Uuid>,
    /// Who acts.
    #[schema(min_length = 1, max_length = 500)]
    by: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// Do it; otherwise it is only said what would be done.
    #[serde(default)]
    confirm: bool,
    /// `step.seen` of each, in the same order, as the call without `confirm` said it: an order that stands elsewhere by
    /// now is refused. Null, or none at all, retries it whatever it is held for.
    #[schema(max_items = 200)]
    seen: Option<Vec<Option<String>>>,
}

/// What became of one order, or would.
#[derive(Debug, Serialize, ToSchema)]
struct Retried {
    order: Uuid,
    /// Null when it is not released.
    step: Option<Step>,
    /// Why it is not released.
    refused: Option<String>,
    /// False when the time of the call was over before it: repeat the call for those.
    tried: bool,
}

impl Retried {
    fn of(order: Uuid, result: Result<Result<Json<Step>, Problem>, OutOfTime>) -> Self {
        let tried = !matches!(result, Err(OutOfTime::NotTried));
        let (step, refused) = match result {
            Ok(Ok(Json(step))) => (Some(step), None),
            // Those before it are released, and have to be seen.
            Ok(Err(problem)) => (None, Some(problem.detail.into_owned())),
            Err(OutOfTime::NotTried) => (
                None,
                Some("not tried: the time of this call was over; repeat it".to_owned()),
            ),
            Err(OutOfTime::NotAnswered) => (
                None,
                Some("not answered in time: it may be released; check the order".to_owned()),
            ),
        };

        Self {
            order,
            step,
            refused,
            tried,
        }
    }
}

/// Releases held orders
///
/// Each by the same step as a single one, with one reason for all. One that cannot be released says why
/// and keeps none of the others back. One that is held for `foreign_reference` is not released by this:
/// somebody else may have bought it, and it has to be checked first. At most 200 at once. When the time of the call runs out, the rest
/// is answered as not `tried`.
#[utoipa::path(post, path = "/orders/retry", tag = "orders", request_body = RetryManyBody,
    responses((status = 200, description = "What became of each, or would", body = Vec<Retried>), Acts))]
async fn retry_orders(
    State(state): State<AppState>,
    Extension(deadline): Extension<Deadline>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<RetryManyBody>,
) -> Result<Json<Vec<Retried>>, Problem> {
    if !(1..=AT_ONCE).contains(&body.orders.len()) {
        let text = "must name between 1 and 200 orders";
        return Err(Problem::invalid("orders", text));
    }

    let seen = body.seen.unwrap_or_else(|| vec![None; body.orders.len()]);
    if seen.len() != body.orders.len() {
        return Err(Problem::invalid(
            "seen",
            "must have one entry for each order",
        ));
    }

    let world = state.world()?;
    let mut all = Vec::with_capacity(body.orders.len());
    for (order, seen) in body.orders.into_iter().zip(seen) {
        let person = person(&body.by, &body.reason)?;
        let asked = Asked {
            confirm: body.confirm,
            seen: seen.as_deref(),
            together: true,
        };
        let step = step(&world, OrderId(order), OperatorAction::Retry, person, asked);
        all.push(Retried::of(order, deadline.step(step).await));
    }
    Ok(Json(all))
}
