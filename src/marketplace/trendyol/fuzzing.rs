//! Any answer of Trendyol's, against its JSON read in a second way.

mod numbers;
mod packages;

use std::{sync::LazyLock, time::Duration};

use serde_json::Value;

use super::*;
use crate::{
    marketplace::{Next, StreamPage},
    oracle::{self, Head, hides},
    outbound::Answer,
    stock::rule::Answer as OnSale,
};

const SECRETS: [&str; 2] = ["anahtar-4711", "gizli-sifre9"];
/// Characters kept of Trendyol's text.
const TEXT_CHARS: usize = 300;

static ACCOUNT: LazyLock<Option<Account>> = LazyLock::new(|| {
    let account = Account::new(&AccountSettings {
        seller_id: "2738".into(),
        api_key: SECRETS[0].into(),
        api_secret: SECRETS[1].into(),
        base_url: "https://apigw.trendyol.com".into(),
        integrator: "SelfIntegration".into(),
        store_front_code: None,
    });
    account.ok()
});

fn account() -> &'static Account {
    let Some(account) = ACCOUNT.as_ref() else {
        unreachable!("such an account can be used")
    };
    account
}

/// A page of packages or of returns.
pub(crate) fn pages(data: &[u8]) {
    let (head, body) = oracle::head(data);
    let text = text(body);
    let json: Value = serde_json::from_str(&text).unwrap_or_default();

    match head.word(0) {
        "claims" => returns(&claims::page(&text, number(&head)), &json, &text),
        "page" => match orders::page(&text, number(&head)) {
            Ok(page) => {
                packages::are_all_there(&page.records, &page.unreadable, &json);
                assert!(!page.records.is_empty() || !page.unreadable.is_empty() || page.last);
            }
            Err(fault) => quotes_no_record(fault, &text),
        },
        _ => {
            let cursor = head.rest(1).first().cloned().map(Cursor);
            match orders::stream(&text, cursor.as_ref()) {
                Ok(page) => goes_on(&page, cursor.as_ref(), &json),
                Err(fault) => quotes_no_record(fault, &text),
            }
        }
    }
    numbers::are_exact(&text);
}

/// As the client decodes a body.
fn text(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
        .to_owned()
}

fn number(head: &Head) -> u32 {
    head.word(1).parse().unwrap_or_default()
}

/// Nothing is the end of a stream that says that it goes on, and nothing has it go round.
fn goes_on(page: &StreamPage, cursor: Option<&Cursor>, json: &Value) {
    packages::are_all_there(&page.packages, &page.unreadable, json);
    if json["hasMore"] == Value::Bool(true) {
        assert_ne!(page.next, Next::End);
    }
    if let Next::More(next) = &page.next {
        assert!(Some(next) != cursor && !next.0.trim().is_empty());
    }
}

fn returns(page: &Result<Page<Claim>, MarketError>, json: &Value, text: &str) {
    let page = match page {
        Ok(page) => page,
        Err(fault) => return quotes_no_record(fault.clone(), text),
    };
    let elements = list(&json["content"]);
    if !json.is_null() {
        assert_eq!(page.records.len() + page.unreadable.len(), elements.len());
    }

    // Each piece is there or named, whatever stands beside it.
    let read = page
        .records
        .iter()
        .map(|claim| claim.items.len() + claim.unreadable.len());
    let pieces = elements
        .iter()
        .filter(|claim| claim.is_object())
        .map(|claim| pieces(claim));
    if page.unreadable.is_empty() && !json.is_null() {
        assert_eq!(read.sum::<usize>(), pieces.sum::<usize>());
    }
    assert!(!page.records.is_empty() || !page.unreadable.is_empty() || page.last);
}

/// Pieces of a claim; a product without a list of them, and a claim without products, count as one.
fn pieces(claim: &Value) -> usize {
    if claim["items"].is_null() {
        return 1;
    }
    let of = |product: &&Value| match &product["claimItems"] {
        Value::Null => 1,
        pieces => list(pieces).len(),
    };
    list(&claim["items"]).iter().map(of).sum()
}

/// A single value is a list of one.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().collect(),
        single => vec![single],
    }
}

/// What may hold records is not repeated, nor is a secret.
fn quotes_no_record(fault: MarketError, text: &str) {
    let shown = match fault {
        MarketError::Unreadable { detail } => {
            assert!(detail.chars().count() < 120, "{detail}");
            error::unreadable(&detail, text, account()).to_string()
        }
        other => other.to_string(),
    };
    hides(&shown, &SECRETS);
    if text.starts_with('{') && !text.ends_with('}') {
        hides(&shown, &["canary"]);
    }
}

/// Answers about stock.
pub(crate) fn stock(data: &[u8]) {
    let (head, body) = oracle::head(data);
    let text = text(body);
    let json: Value = serde_json::from_str(&text).unwrap_or_default();

    match head.word(0) {
        "push" => pushed(&text, &json),
        "batch" => match stock::batch(&text) {
            Ok(result) if json.is_null() => drop(result),
            Ok(result) => {
                let items = list(&json["items"]).len();
                assert_eq!(result.items.len() + result.unreadable.len(), items);
            }
            Err(fault) => quotes_no_record(fault, &text),
        },
        _ => {
            let asked = head
                .rest(1)
                .iter()
                .filter_map(|name| Barcode::parse(name).ok());
            let asked: Vec<Barcode> = asked.collect();
            match stock::listed(&text, &asked) {
                Ok(found) => answers_what_was_asked(&found, &asked, &json),
                Err(fault) => quotes_no_record(fault, &text),
            }
        }
    }
    numbers::are_exact(&text);
}

fn pushed(text: &str, json: &Value) {
    match stock::pushed(text) {
        PushOutcome::Accepted { batch } => {
            assert!(!batch.0.trim().is_empty());
            assert!(json.is_null() || !json["batchRequestId"].is_null());
        }
        PushOutcome::DuplicateWindow | PushOutcome::Unknown { .. } => {}
        other => unreachable!("a success became {other:?}"),
    }
}

/// A quantity is on sale only if some entry says so of that barcode and none says otherwise.
fn answers_what_was_asked(found: &ReadBack, asked: &[Barcode], json: &Value) {
    assert!(
        asked
            .iter()
            .all(|barcode| found.answers.contains_key(barcode))
    );
    assert!(found.answers.keys().all(|barcode| asked.contains(barcode)));
    if json.is_null() {
        return;
    }

    let entries = list(&json["content"]);
    let variants: Vec<&Value> = entries
        .iter()
        .flat_map(|entry| list(&entry["variants"]))
        .collect();
    for (barcode, answer) in &found.answers {
        let OnSale::Units(units) = answer else {
            continue;
        };
        assert!(*units >= 0);
        let named = variants.iter().filter(|entry| {
            let name = entry["barcode"].as_str();
            name.is_some_and(|name| Barcode::parse(name).as_ref() == Ok(barcode))
        });
        for entry in named {
            assert!(
                numbers::is(&entry["quantity"], *units),
                "{barcode}: {units} and {entry}"
            );
        }
    }
}

/// Answers that are no success.
pub(crate) fn errors(data: &[u8]) {
    let (head, body) = oracle::head(data);
    let (status, text) = (head.word(0).parse().unwrap_or(400), text(body));
    let Some(answer) = answer(status, &head.rest(1).join(" ")) else {
        return;
    };

    let failure = error::failure(&answer, &text, account());
    let says_duplicate = text.to_lowercase().contains("15 dakika");
    if let Failure::Answer(complaint) = &failure {
        assert_eq!(complaint.status, status);
        assert!(complaint.text.chars().count() <= TEXT_CHARS);
        assert!(!says_duplicate || complaint.class == Class::Duplicate);
    }

    let paused = Duration::from_secs(1);
    let outcome = failure.clone().into_outcome(paused);
    assert!(!matches!(
        outcome,
        PushOutcome::Accepted { .. } | PushOutcome::NotSent(_)
    ));
    // A gateway may fail after the push was queued.
    if status >= 500 && !says_duplicate && status != 503 {
        assert!(
            !matches!(
                outcome,
                PushOutcome::Rejected { .. } | PushOutcome::Auth { .. }
            ),
            "{status}"
        );
    }
    hides(&format!("{outcome:?}"), &SECRETS);
    let error = failure.into_error(paused);
    hides(&error.to_string(), &SECRETS);
    hides(&format!("{error:?}"), &SECRETS);
}

fn answer(status: u16, retry_after: &str) -> Option<Answer> {
    let status = reqwest::StatusCode::from_u16(status)
        .ok()
        .filter(|status| !status.is_success())?;
    let date = HeaderValue::from_static("Fri, 20 Nov 2026 08:00:00 GMT");
    let wait = HeaderValue::from_str(retry_after).ok()?;
    let headers = [
        (reqwest::header::DATE, date),
        (reqwest::header::RETRY_AFTER, wait),
    ];
    Some(Answer {
        status,
        headers: headers.into_iter().collect(),
        body: Vec::new(),
        cut: None,
    })
}
