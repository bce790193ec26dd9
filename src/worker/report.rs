//! A panel's answer as the timeline keeps it.

use serde_json::{Value, json};

use crate::{order::Decision, provider::Evidence};

/// The facts of an event that an answer caused.
pub(super) fn detail(evidence: &Evidence, decision: &Decision) -> Value {
    let mut detail = json!({
        "answer": evidence.class.as_str(),
        "took_ms": u64::try_from(evidence.took.as_millis()).unwrap_or(u64::MAX),
    });
    let mut add = |key: &str, value: Value| {
        if let Some(facts) = detail.as_object_mut() {
            facts.insert(key.to_owned(), value);
        }
    };

    if let Some(status) = evidence.http_status {
        add("http_status", json!(status));
    }
    if !evidence.body.is_empty() {
        add("body", json!(evidence.body));
    }
    if !evidence.trouble.is_empty() {
        add("trouble", json!(evidence.trouble));
    }

    if let Some(due) = decision.due_at {
        add("next_check", json!(due));
    }
    if let Some(reason) = decision.held {
        add("reason", json!(reason.as_str()));
    }
    if let Some(refusal) = decision.refusal {
        add("refusal", json!(refusal.as_str()));
    }
    if let Some(cost) = decision.cost {
        // As text: JSON numbers are floats to many readers, and money is exact.
        add("cost", json!(cost.to_string()));
    }
    detail
}
