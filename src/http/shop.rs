//! What belongs to the shop is not found where the shop is switched off.
//!
//! What must stay true: with a store alone, no request reaches the shop's tables, which may not exist.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    AppState,
    problem::{Code, Problem},
};

/// Pages and operations about orders, panels and purchases.
const OF_THE_SHOP: [&str; 7] = [
    "/inbox",
    "/orders",
    "/panels",
    "/money",
    "/money.csv",
    "/brakes",
    "/shadow",
];

/// Lets nothing of the shop through without one: its tables may not even exist.
pub(super) async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    // Before there is a world, the handler itself says so.
    if is_of_the_shop(path) && state.world().is_ok_and(|world| !world.config.shop.enabled) {
        let text = "the shop is switched off (shop.enabled = false)";
        return Problem::new(Code::NotFound, text).into_response();
    }
    next.run(request).await
}

fn is_of_the_shop(path: &str) -> bool {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    // Not every address that begins alike: `/orders` and `/orders/…` only.
    let below = |start: &&str| {
        let rest = path.strip_prefix(*start);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    OF_THE_SHOP.iter().any(below)
}

#[cfg(test)]
mod tests {
    use super::is_of_the_shop;

    #[test]
    fn what_is_of_the_shop_is_known_by_its_address() {
        for path in [
            "/inbox",
            "/orders/1/retry",
            "/api/v1/orders",
            "/api/v1/brakes/pause",
        ] {
            assert!(is_of_the_shop(path), "{path}");
        }
        for path in [
            "/",
            "/stock",
            "/packages",
            "/ordersx",
            "/api/v1/overview",
            "/api/v1/stock/plan",
        ] {
            assert!(!is_of_the_shop(path), "{path}");
        }
    }
}
