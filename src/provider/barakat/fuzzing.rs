//! Any answer of a barakat panel, from its bytes to the reply, against its JSON read in a second way.

mod json;
mod list;

use std::{
    collections::BTreeSet,
    sync::LazyLock,
    time::{Duration, Instant},
};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use self::{
    json::{CODES, entry, is_code, is_same, scalar, speaks_of_an_order, strings, word},
    list::is_listed,
};
use super::*;
use crate::{
    oracle::{self, hides_code, hides_in_any_case, printable},
    order::{IntegrationId, OrderId},
    provider::{HttpSettings, Product},
};

const SECRETS: [&str; 1] = ["jeton-4711-gizli"];

static BARAKAT: LazyLock<Option<Barakat>> = LazyLock::new(|| {
    let account = Account::new(Some("https://panel.example/"), Some(SECRETS[0]));
    let settings = HttpSettings {
        connect_timeout: Duration::ZERO,
        request_timeout: Duration::ZERO,
    };
    Some(Barakat::new(account.ok()?, Http::new(&settings).ok()?))
});

fn barakat() -> &'static Barakat {
    let Some(barakat) = BARAKAT.as_ref() else {
        unreachable!("such an account can be used")
    };
    barakat
}

/// An answer to a purchase, a question by our name (`status`) or the panel's (`by_id`), or about the balance.
pub(crate) fn answers(data: &[u8]) {
    let (head, body) = oracle::head(data);
    let came = Ok(oracle::answer(&head, body));

    match head.word(0) {
        "purchase" => purchase(&came),
        "balance" => balance(&came),
        "by_id" => status(&came, &panel_name()),
        _ => status(&came, &our_name()),
    }
    a_code_comes_back(body);
    what_is_masked_holds_no_code(body);
}

/// A price list.
pub(crate) fn list(body: &[u8]) {
    let (head, _) = oracle::head(b"list 200");
    let came = Ok(oracle::answer(&head, body));
    match barakat().list(&came) {
        Ok(list) => is_listed(&list, &json_of(&came)),
        Err(error) => hides_in_any_case(&error.to_string(), &SECRETS),
    }
}

/// The address of a purchase; `None` for goods that no panel of this kind has.
pub(crate) fn request(purchase: &Purchase) -> Option<Url> {
    let request = barakat().account.purchase(purchase)?;
    Some(request.url().clone())
}

/// A product with these parameters and quantities, if the list would have it sold.
pub(crate) fn listed(id: &str, params: &Value, quantities: &Value) -> Option<Product> {
    let list = json!([{ "id": id, "params": params, "qty_values": quantities }]);
    let (head, _) = oracle::head(b"list 200");
    let came = Ok(oracle::answer(&head, list.to_string().as_bytes()));
    barakat().list(&came).ok()?.products.remove(id)
}

fn purchase(came: &Came) {
    let reply = barakat().bought(came, Instant::now());
    is_fit_to_be_seen(&reply.evidence);
    let (json, status) = (json_of(came), reply.evidence.http_status);

    match reply.outcome {
        PurchaseOutcome::Unsure => {}
        PurchaseOutcome::NotSent(_) => unreachable!("an answer came"),
        PurchaseOutcome::Accepted { cost, balance, .. } => {
            assert!(status == Some(200) && balance.is_none());
            assert!(word(&json["status"]) == "ok" && json["data"].is_object());
            if let Some(cost) = cost {
                let price = scalar(&json["data"]["price"]).unwrap_or_default();
                assert!(
                    cost >= Decimal::ZERO && is_same(&price, cost),
                    "{price} became {cost}"
                );
            }
        }
        PurchaseOutcome::Refused(text) => {
            let not_on_the_way = |status| status == 200 || (400..500).contains(&status);
            assert!(status.is_some_and(not_on_the_way));
            assert_ne!(word(&json["status"]), "ok");
            assert!(!speaks_of_an_order(&json, true), "refused: {json}");
            hides_in_any_case(&text, &SECRETS);
        }
        PurchaseOutcome::SentBefore => assert_eq!(status, Some(200)),
    }
    is_seen_nowhere_else(reply.pin.as_ref(), &reply.evidence, "");
}

fn status(came: &Came, reference: &Reference) {
    let reply = barakat().became(came, reference, Instant::now());
    is_fit_to_be_seen(&reply.evidence);
    let json = json_of(came);
    let says = |words: &[&str]| {
        strings(&json).any(|text| words.contains(&&*text.trim().to_ascii_lowercase()))
    };

    let (pin, text) = match reply.answer {
        StatusAnswer::Unclear => return,
        StatusAnswer::Done { pin, text } => {
            assert!(says(&[
                "success",
                "ok",
                "done",
                "complete",
                "completed",
                "accept"
            ]));
            // A single entry cannot have its code elsewhere.
            let one = entry(&json).filter(|entry| CODES.iter().any(|key| is_code(&entry[*key])));
            assert!(pin.is_some() || one.is_none(), "the code is lost: {json}");
            (pin, text)
        }
        StatusAnswer::DoneWithoutCode { text } => (None, text),
        StatusAnswer::Waiting { pin, text } => (pin, text),
        StatusAnswer::Cancelled { text } => {
            let one = entry(&json).filter(|entry| CODES.iter().any(|key| is_code(&entry[*key])));
            assert!(one.is_none(), "cancelled with a code: {json}");
            (None, text)
        }
        StatusAnswer::NotKnown { text } => {
            assert!(!speaks_of_an_order(&json, true), "not known: {json}");
            (None, text)
        }
    };
    assert!(matches!(reply.evidence.http_status, Some(200 | 404)));
    hides_in_any_case(&text, &SECRETS);
    is_seen_nowhere_else(pin.as_ref(), &reply.evidence, &text);
}

fn is_seen_nowhere_else(pin: Option<&SecretString>, evidence: &Evidence, text: &str) {
    let Some(pin) = pin.map(ExposeSecret::expose_secret) else {
        return;
    };
    assert!(!pin.trim().is_empty() && !pin.contains(char::REPLACEMENT_CHARACTER));
    hides_code(text, pin);
    hides_code(&evidence.body, pin);
}

fn balance(came: &Came) {
    match barakat().sum(came) {
        Ok(sum) => {
            let json = json_of(came);
            let mut said = [&json["balance"], &json["data"]["balance"]]
                .into_iter()
                .filter_map(scalar);
            assert!(said.any(|text| is_same(&text, sum)), "{json} became {sum}");
        }
        Err(error) => hides_in_any_case(&error.to_string(), &SECRETS),
    }
}

/// Whatever stands under the key of a code comes back as it is.
fn a_code_comes_back(body: &[u8]) {
    let (code, note) = oracle::first_line(body);
    let (code, note) = (printable(code.as_bytes()), printable(note));
    let code = code.trim();
    if code.chars().all(|c| c.is_whitespace() || "-–—".contains(c)) {
        return;
    }

    let entry = json!({ "order_uuid": our_name().as_str(), "status": "success", "pin": code, "note": note });
    let sent = json!({ "status": "OK", "data": [entry] }).to_string();
    let (head, _) = oracle::head(b"status 200");
    let came = Ok(oracle::answer(&head, sent.as_bytes()));

    let reply = barakat().became(&came, &our_name(), Instant::now());
    let StatusAnswer::Done {
        pin: Some(pin),
        text,
    } = reply.answer
    else {
        unreachable!("{sent} became {:?}", reply.answer)
    };
    assert_eq!(pin.expose_secret(), code);
    hides_code(&text, code);
    hides_code(&reply.evidence.body, code);
}

/// What stands under a key of codes, at any depth, is masked, and what is masked stays as it is.
fn what_is_masked_holds_no_code(body: &[u8]) {
    let text = String::from_utf8_lossy(body);
    let masked = wire::masked(&text);
    let Ok(json) = serde_json::from_str::<Value>(&masked) else {
        return;
    };
    let mut shown = BTreeSet::new();
    under_secret_keys(&json, false, &mut shown);
    shown.retain(|text| {
        text != "****" && !text.chars().all(|c| c.is_whitespace() || "-–—".contains(c))
    });
    assert!(shown.is_empty(), "{shown:?} in {masked}");
    assert_eq!(wire::masked(&masked), masked);
}

fn under_secret_keys(json: &Value, secret: bool, found: &mut BTreeSet<String>) {
    match json {
        Value::Object(object) => {
            for (key, value) in object {
                let key = key.trim().to_ascii_lowercase();
                let secret = secret || key == "replay_api" || CODES.contains(&&*key);
                under_secret_keys(value, secret, found);
            }
        }
        Value::Array(list) => list
            .iter()
            .for_each(|value| under_secret_keys(value, secret, found)),
        Value::String(text) if secret => drop(found.insert(text.clone())),
        _ => {}
    }
}

fn json_of(came: &Came) -> Value {
    serde_json::from_str(&Seen::of(came).text).unwrap_or_default()
}

fn is_fit_to_be_seen(evidence: &Evidence) {
    hides_in_any_case(&evidence.body, &SECRETS);
    assert!(evidence.body.chars().count() <= Evidence::MAX_CHARS);
    assert!(!evidence.body.contains('\0'));
}

/// `00000000-0000-0000-0000-000000000000`.
fn our_name() -> Reference {
    Naming::OrderId.reference(OrderId(Uuid::nil()), IntegrationId(Uuid::nil()), 0)
}

/// A panel's own number.
fn panel_name() -> Reference {
    Naming::Digits.reference(OrderId(Uuid::nil()), IntegrationId(Uuid::nil()), 0)
}
