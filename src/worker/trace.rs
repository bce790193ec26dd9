//! The spans of a trace: what the workers do, in the few places where time is spent.
//!
//! They are for an OpenTelemetry collector alone. Where none is configured they are disabled: making
//! one looks at one number. Fields hold ids, kinds and outcomes, never an address or what a panel
//! said.

use tracing::{Span, field::Empty, info_span};

use crate::{
    meter::label::{Answered, Label},
    order::{Decision, IntegrationId, OrderId},
    telemetry::SPANS,
};

/// A purchase, from its claim to its written result.
pub(super) fn dispatch(order: OrderId, integration: IntegrationId) -> Span {
    info_span!(target: SPANS, parent: None, "order.dispatch", %order, %integration, outcome = Empty)
}

/// A check, from its claim to its written result.
pub(super) fn check(order: OrderId, integration: IntegrationId) -> Span {
    info_span!(target: SPANS, parent: None, "order.check", %order, %integration, outcome = Empty)
}

/// What came of the purchase or check that this is a part of.
pub(super) fn decided(decision: &Decision) {
    Span::current().record("outcome", decision.event.as_str());
}

/// One call to a panel.
pub(super) fn call(integration: IntegrationId) -> Span {
    info_span!(target: SPANS, "panel.call", %integration, call = Empty, outcome = Empty)
}

/// What came of a call.
pub(super) fn answered(span: &Span, answer: Answered) {
    if span.is_disabled() {
        return;
    }
    for (name, value) in answer.pairs() {
        span.record(name, value);
    }
}

/// Results that are written together, linked to the work that they end.
pub(super) fn record<'a>(results: usize, works: impl Iterator<Item = &'a Span>) -> Span {
    let span = info_span!(target: SPANS, parent: None, "results.record", results);
    if !span.is_disabled() {
        for work in works.filter(|work| !work.is_disabled()) {
            span.follows_from(work);
        }
    }
    span
}

/// One pass of a periodic job.
pub(super) fn pass(job: &'static str) -> Span {
    info_span!(target: SPANS, parent: None, "job.pass", job, outcome = Empty)
}

/// What came of a pass.
pub(super) fn passed(span: &Span, done: bool) {
    span.record("outcome", if done { "done" } else { "failed" });
}
