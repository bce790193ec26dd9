//! The queue before the exporter, counted: the library tells of spans that find it full once, and of
//! how many they were only when the process ends.
//!
//! What must stay true: a span that ends costs a count and never waits, and nothing is logged there,
//! in the middle of whatever ended it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

/// Who comes to the queue and who leaves it. Clones count the same one.
#[derive(Clone, Debug)]
pub(super) struct Queue(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    room: usize,
    waiting: AtomicUsize,
    /// Since it was asked for.
    turned_away: AtomicUsize,
    /// Spans that no collector has got, whatever the reason.
    lost: AtomicU64,
}

impl Queue {
    pub(super) fn new(room: usize) -> Self {
        Self(Arc::new(Counts {
            room,
            waiting: AtomicUsize::new(0),
            turned_away: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
        }))
    }

    /// Whether there is room for one more, which waits from here on.
    fn enter(&self) -> bool {
        if self.0.waiting.fetch_add(1, Ordering::Relaxed) < self.0.room {
            return true;
        }
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        self.0.turned_away.fetch_add(1, Ordering::Relaxed);
        self.lose(1);
        false
    }

    /// So many wait no longer.
    pub(super) fn leave(&self, spans: usize) {
        self.0.waiting.fetch_sub(spans, Ordering::Relaxed);
    }

    /// So many are lost.
    pub(super) fn lose(&self, spans: usize) {
        let spans = u64::try_from(spans).unwrap_or(u64::MAX);
        self.0.lost.fetch_add(spans, Ordering::Relaxed);
    }

    /// Those that found it full since this was asked last.
    pub(super) fn turned_away(&self) -> usize {
        self.0.turned_away.swap(0, Ordering::Relaxed)
    }

    /// All that are lost.
    pub(super) fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }
}

/// Lets spans into the queue of another one while there is room.
#[derive(Debug)]
pub(super) struct Counted<P> {
    pub(super) queue: Queue,
    pub(super) inner: P,
}

impl<P: SpanProcessor> SpanProcessor for Counted<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        // Those that are not sampled are none of the queue's.
        if span.span_context.is_sampled() && self.queue.enter() {
            self.inner.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_the_queue_full_is_counted_and_told_once() {
        let queue = Queue::new(3);
        let entered = (0..5).filter(|_| queue.enter()).count();
        assert_eq!((entered, queue.lost()), (3, 2));
        assert_eq!((queue.turned_away(), queue.turned_away()), (2, 0));
        queue.leave(2);
        assert!(queue.enter() && queue.enter() && !queue.enter());
        queue.lose(2);
        assert_eq!((queue.turned_away(), queue.lost()), (1, 5));
    }
}
