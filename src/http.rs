//! The page, the API, the metrics and the health checks, over HTTP.
//!
//! What must stay true:
//!
//! * nothing but the health checks, the log-in and static files is answered without the token, where
//!   one is configured; without one, nothing but this machine is answered ([`auth`]); a marketplace that
//!   calls shows a password of its own (`hooks`),
//! * nothing changes by GET, and no other site can make a browser change anything,
//! * no request takes for ever, and none can fill the memory ([`server`], [`limits`]),
//! * a request never keeps a part of the daemon from ending ([`state`]).
//!
//! Everything here goes through the same functions as the command line: reads are the store's,
//! steps are those of [`worker`](crate::worker).

pub(crate) mod api;
pub(crate) mod auth;
mod base;
mod decide;
pub(crate) mod extract;
pub(crate) mod headers;
pub(crate) mod health;
mod hooks;
pub(crate) mod limits;
pub(crate) mod login;
mod metrics;
pub mod pages;
pub(crate) mod problem;
pub(crate) mod server;
pub(crate) mod session;
mod shop;
pub(crate) mod state;
mod tries;

use axum::{Router, extract::DefaultBodyLimit, handler::Handler as _, middleware};

#[cfg(any(test, fuzzing))]
pub(crate) use hooks::fuzzing;
pub(crate) use problem::Problem;
pub(crate) use server::{BindError, Listening, Server};
pub(crate) use state::{AppState, World};

pub(crate) fn router(state: AppState) -> Router {
    let base = state.base().clone();
    let dress = middleware::from_fn_with_state(state.clone(), pages::dress);

    let app = Router::new()
        .merge(health::routes())
        .merge(login::routes().layer(dress.clone()))
        .merge(metrics::routes())
        .merge(pages::routes(&state))
        .merge(api::routes(&base).layer(middleware::from_fn_with_state(state.clone(), shop::guard)))
        .fallback(problem::not_found.layer(dress))
        .method_not_allowed_fallback(problem::method_not_allowed)
        // The last layer sees a request first.
        .layer(DefaultBodyLimit::max(limits::BODY))
        .layer(middleware::from_fn_with_state(state.clone(), auth::guard))
        // After the guard: a marketplace shows a password of its own, and its calls may be larger.
        .merge(hooks::routes())
        .layer(middleware::from_fn(limits::in_time))
        // Around the layers above, so that a panic in one of them also ends one request only.
        .layer(limits::panics())
        // Outermost: no answer goes without the headers or the log, not even that of a panic.
        .layer(middleware::from_fn(headers::add))
        .layer(middleware::from_fn(headers::log))
        .with_state(state);
    base::mount(app, &base)
}
