//! What keeps orders from flowing, as `orderwatch doctor` reports it.
//!
//! It asks the panels, so it is an action, although nothing is changed: no other site may make a
//! browser do it, and one at a time is enough.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{input::Nothing, responses::Acts};
use crate::{
    doctor::{Diagnosis, Pace, Patient, examine},
    http::{
        AppState, Problem,
        extract::{self, Query},
        problem::Code,
    },
};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(look_for_faults))
}

/// Nothing needs to be said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DoctorBody {}

/// Looks for what keeps orders from flowing
///
/// With what to do about it. Nothing is bought or changed; panels are asked for balance and price
/// list, the store for its orders of the last minute. Answers in half a minute at most, whatever
/// hangs; one check at a time.
#[utoipa::path(post, path = "/doctor", tag = "whole", request_body = DoctorBody,
    responses((status = 200, description = "What was found", body = Diagnosis), Acts))]
async fn look_for_faults(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(DoctorBody {}): extract::Json<DoctorBody>,
) -> Result<Json<Diagnosis>, Problem> {
    // Refused rather than queued: the panels are not asked twice in a row.
    let Ok(_alone) = state.doctor().try_lock() else {
        return Err(Problem::new(
            Code::Busy,
            "a check is already running; try again in a moment",
        ));
    };

    let world = state.world()?;
    let findings = examine(Patient {
        config: &world.config,
        store: &world.store,
        means: world.means,
        seller: world.seller.as_ref().map(Ok),
        pace: Pace::QUICK,
    })
    .await;

    Ok(Json(findings.into()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        clock::DatabaseClock,
        config::{Config, Sources},
    };

    #[tokio::test]
    async fn whoever_comes_while_somebody_looks_is_told_so() {
        let url = ("DATABASE_URL", "postgres://shop:one@localhost/shop");
        let loaded = Config::load(&Sources::new(None, [url], Vec::new())).unwrap();
        let clock = Arc::new(DatabaseClock::new());
        let state = AppState::new(&loaded.config.http, clock);
        let ask = || {
            let body = extract::Json(DoctorBody {});
            look_for_faults(State(state.clone()), Query(Nothing {}), body)
        };

        let code = |answer: Result<_, Problem>| answer.err().map(|problem| problem.code);
        let looking = state.doctor().lock().await;
        assert_eq!(code(ask().await), Some(Code::Busy));
        drop(looking);
        // There is no world yet; and what failed leaves nothing locked.
        for _ in 0..2 {
            assert_eq!(code(ask().await), Some(Code::Unavailable));
        }
    }
}
