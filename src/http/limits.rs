//! What one request may take in bytes and time. What must stay true: a request that goes wrong ends alone.

use std::{any::Any, time::Duration};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};

use super::problem::{Code, Problem};

/// The largest body, in bytes.
pub(crate) const BODY: usize = 64 * 1024;
/// From the first byte of a request's head to the answer's head. A stream of events may go on.
pub(crate) const REQUEST: Duration = Duration::from_secs(30);

pub(super) async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(
            Code::TimedOut,
            format!("not answered within {} s", REQUEST.as_secs()),
        )
        .into_response(),
    }
}

/// A panic ends one request; the log has its place.
pub(super) fn panics() -> CatchPanicLayer<Panicked> {
    CatchPanicLayer::custom(Panicked)
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Panicked;

impl ResponseForPanic for Panicked {
    type ResponseBody = axum::body::Body;

    fn response_for_panic(&mut self, _: Box<dyn Any + Send + 'static>) -> Response {
        Problem::new(Code::Internal, "the log of orderwatch says what went wrong").into_response()
    }
}
