//! What one request may take in bytes and time. What must stay true: a request that goes wrong ends alone.

use std::{any::Any, time::Duration};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::time::Instant;
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};

use super::problem::{Code, Problem};

/// The largest body, in bytes.
pub(crate) const BODY: usize = 64 * 1024;
/// From the first byte of a request's head to the answer's head. A stream of events may go on.
pub(crate) const REQUEST: Duration = Duration::from_secs(30);

/// Of a request with many steps: none starts later than this, ...
const STEPS_BEGIN: Duration = Duration::from_secs(20);
/// ... and none is waited for longer, so that what became of the others is answered.
const STEPS_END: Duration = Duration::from_secs(27);

/// The time that a request has for its steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    started: Instant,
}

/// Why nothing is known of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutOfTime {
    /// It was not started.
    NotTried,
    /// It was, and may have been done.
    NotAnswered,
}

impl Deadline {
    pub(super) fn begin() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    pub(crate) async fn step<T>(&self, step: impl Future<Output = T>) -> Result<T, OutOfTime> {
        if self.started.elapsed() >= STEPS_BEGIN {
            return Err(OutOfTime::NotTried);
        }

        tokio::time::timeout_at(self.started + STEPS_END, step)
            .await
            .map_err(|_| OutOfTime::NotAnswered)
    }
}

pub(super) async fn in_time(mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Deadline::begin());
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

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn steps_end_before_the_request_does() {
        let deadline = Deadline::begin();
        assert_eq!(deadline.step(async { 1 }).await, Ok(1));
        let slow = sleep(STEPS_BEGIN.saturating_sub(Duration::from_secs(1)));
        assert_eq!(deadline.step(slow).await, Ok(()));
        let hangs = std::future::pending::<()>();
        assert_eq!(deadline.step(hangs).await, Err(OutOfTime::NotAnswered));
        assert!(deadline.started.elapsed() < REQUEST);
        assert_eq!(deadline.step(async {}).await, Err(OutOfTime::NotTried));
    }
}
