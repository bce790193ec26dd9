//! The pages for people: written on the server, read without JavaScript, live with it.
//!
//! What must stay true:
//!
//! * a text from outside is escaped, by the templates alone,
//! * nothing changes by GET, and what can spend money asks first ([`act`], [`decide`], [`brake`], [`run`]),
//! * a code is shown only to who has shown the token, and each view is written down ([`order`]),
//! * however many look, the database is asked as if a few did ([`live`], [`shared`]).

pub(crate) mod act;
pub(crate) mod assets;
pub(crate) mod brake;
pub(crate) mod chart;
pub(crate) mod charts;
pub(crate) mod decide;
pub(crate) mod done;
pub(crate) mod inbox;
pub(crate) mod jobs;
pub(crate) mod lang;
pub(crate) mod live;
pub(crate) mod money;
pub(crate) mod order;
pub(crate) mod orders;
pub(crate) mod overview;
pub(crate) mod packages;
pub(crate) mod panels;
pub(crate) mod product;
pub(crate) mod reader;
pub(crate) mod retry_all;
pub(crate) mod run;
pub(crate) mod shared;
pub(crate) mod sign;
pub(crate) mod stock;
pub(crate) mod timeline;
pub(crate) mod view;
pub mod words;

use askama::Template;
use axum::{
    Extension, Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::get,
};

use self::reader::{Chrome, html};
use super::{AppState, problem::MEDIA_TYPE, shop};
use crate::{
    config::BasePath,
    text::{Lang, format},
};

pub(super) fn routes(state: &AppState) -> Router<AppState> {
    let pages: Router<AppState> = Router::new()
        .route("/", get(overview::page))
        .route("/inbox", get(inbox::page))
        .route("/inbox/retry", get(retry_all::ask).post(retry_all::retry))
        .route("/orders", get(orders::page))
        .route("/orders/{id}", get(order::page))
        .route(
            "/orders/{id}/code",
            get(order::code_again).post(order::code),
        )
        .route(
            "/orders/{id}/retry",
            get(decide::ask_retry).post(decide::retry),
        )
        .route(
            "/orders/{id}/resolve",
            get(decide::ask_resolve).post(decide::resolve),
        )
        .route(
            "/orders/{id}/confirm",
            get(decide::ask_confirm).post(decide::confirm),
        )
        .route("/brakes/{action}", get(brake::ask).post(brake::act))
        .route("/panels", get(panels::page))
        .route("/money", get(money::page))
        .route("/money.csv", get(money::table))
        .route("/jobs", get(jobs::page))
        .route("/jobs/{job}/run", get(run::ask_job).post(run::run_job))
        .route("/stock/push", get(run::ask_push).post(run::push))
        .route("/charts", get(charts::page))
        .route("/stock", get(stock::page))
        .route("/stock/product", get(product::page))
        .route("/packages", get(packages::page))
        .route("/live", get(live::stream));

    pages
        .layer(middleware::from_fn_with_state(state.clone(), shop::guard))
        .layer(middleware::from_fn_with_state(state.clone(), dress))
        .layer(Extension(live::Live::default()))
        .layer(Extension(shared::Pages::default()))
        // After the layers, which are about pages: a file is the same in every language.
        .route("/static/{file}", get(assets::file))
}

/// Keeps the language that was chosen, and makes pages of problems where a page is wanted.
pub(super) async fn dress(State(state): State<AppState>, request: Request, next: Next) -> Response {
    // The handler takes the request, so what is needed of it afterwards is read before.
    let uri = request.uri().clone();
    let lang = reader::lang_of(&uri, request.headers());
    let wants_page = wants_page(&request);
    let chosen = reader::asked(&uri).as_deref().and_then(Lang::parse);
    let acts = !request.method().is_safe();
    let pages = request.extensions().get::<shared::Pages>().cloned();

    let mut response = next.run(request).await;
    // Whoever has done something sees it at once.
    if acts && let Some(pages) = pages {
        pages.forget().await;
    }

    if wants_page && is_problem(&response) {
        let problem = Problem::of(response.status(), lang, &uri, state.base());
        response = problem.page(response);
    }

    // Only what a link asked for is kept, not what the browser prefers.
    if let Some(lang) = chosen
        && let Ok(cookie) = HeaderValue::from_str(&choice(lang))
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }

    response
}

fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT);
    let html = accept
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    // Whoever asks the API gets the API's answers.
    html && !request.uri().path().starts_with("/api/")
}

fn choice(lang: Lang) -> String {
    let (name, code) = (lang::COOKIE, lang.code());
    format!("{name}={code}; Max-Age=31536000; SameSite=Lax")
}

fn is_problem(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind == MEDIA_TYPE)
}

/// What went wrong, for a person.
#[derive(Template)]
#[template(path = "error.html")]
struct Problem {
    c: Chrome,
    text: &'static str,
    back: &'static str,
}

impl Problem {
    fn of(status: StatusCode, lang: Lang, uri: &axum::http::Uri, base: &BasePath) -> Self {
        let page = &lang.words().page;
        // Not the problem's own detail: that is in English only.
        let text = match status {
            StatusCode::NOT_FOUND => page.not_found,
            StatusCode::SERVICE_UNAVAILABLE => page.error_database,
            StatusCode::FORBIDDEN => page.error_forbidden,
            status if status.is_client_error() => page.error_request,
            _ => page.error_internal,
        };

        Self {
            c: Chrome::new(lang, page.error.to_owned(), uri, base),
            text,
            back: "/",
        }
    }

    /// The page in the place of the answer, with its status and headers.
    fn page(&self, answer: Response) -> Response {
        let (mut parts, body) = answer.into_parts();
        match html(self) {
            Ok(Html(text)) => {
                // It is the length of the answer that is replaced.
                parts.headers.remove(header::CONTENT_LENGTH);
                let kind = HeaderValue::from_static("text/html; charset=utf-8");
                parts.headers.insert(header::CONTENT_TYPE, kind);
                Response::from_parts(parts, text.into())
            }
            // The answer of the API says more than none.
            Err(_) => Response::from_parts(parts, body).into_response(),
        }
    }
}
