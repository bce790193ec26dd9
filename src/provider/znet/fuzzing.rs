//! Any answer of a znet panel, from its bytes to the reply, against the protocol sheet read in a second way.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::{
    oracle::{self, Exact, hides_code, hides_in_any_case, is_written, printable},
    order::{IntegrationId, OrderId},
    provider::{HttpSettings, Product},
};

const SECRETS: [&str; 2] = ["bayi-4711", "gizli+sifre9"];

static ZNET: LazyLock<Option<Znet>> = LazyLock::new(|| {
    let account = Account::new(
        Some("https://panel.example/"),
        Some(SECRETS[0]),
        Some(SECRETS[1]),
    );
    let settings = HttpSettings {
        connect_timeout: Duration::ZERO,
        request_timeout: Duration::ZERO,
    };
    Some(Znet::new(account.ok()?, Http::new(&settings).ok()?))
});

fn znet() -> &'static Znet {
    let Some(znet) = ZNET.as_ref() else {
        unreachable!("such an account can be used")
    };
    znet
}

/// An answer to a purchase, a question, or a question about the balance.
pub(crate) fn answers(data: &[u8]) {
    let (head, body) = oracle::head(data);
    let answer = oracle::answer(&head, body);
    let came = Ok(answer);
    let wire = Wire::of(&came);

    match head.word(0) {
        "purchase" => purchase(&came, &wire),
        "balance" => balance(&came, &wire),
        _ => status(&came, &wire),
    }
    a_code_comes_back(body);
}

/// A price list.
pub(crate) fn list(body: &[u8]) {
    let (head, _) = oracle::head(b"list 200");
    let came = Ok(oracle::answer(&head, body));
    match znet().list(&came) {
        Ok(list) => is_listed(&list, &Seen::of(&came).text),
        Err(error) => hides_in_any_case(&error.to_string(), &SECRETS),
    }
}

/// The address of a purchase.
pub(crate) fn request(purchase: &Purchase) -> Url {
    znet().account.purchase(purchase)
}

pub(crate) fn product(oyun: String, kupur: String) -> Product {
    fill::product(oyun, kupur)
}

/// The decoded answer in the fields that the sheet has.
struct Wire {
    may_mean_something: bool,
    text: String,
    fields: Vec<String>,
    /// Whether the first field is `OK`.
    ok: bool,
}

impl Wire {
    fn of(came: &Came) -> Self {
        let seen = Seen::of(came);
        let text = seen.text.into_owned();
        let fields: Vec<String> = text
            .split('|')
            .map(|field| field.trim().to_owned())
            .collect();
        Self {
            may_mean_something: seen.http_status == Some(200)
                && !text.is_empty()
                && !text.starts_with('<'),
            ok: fields.len() > 1 && fields[0].eq_ignore_ascii_case("ok"),
            fields,
            text,
        }
    }

    fn field(&self, at: usize) -> &str {
        self.fields.get(at).map_or("", String::as_str)
    }

    /// The digit that says what became of an order, with or without `OK` before it.
    fn code(&self) -> &str {
        self.field(usize::from(self.ok))
    }
}

fn purchase(came: &Came, wire: &Wire) {
    let reference = reference();
    let reply = znet().bought(came, &reference, Instant::now());
    is_fit_to_be_seen(&reply.evidence, &wire.text);
    assert!(reply.pin.is_none(), "this kind has no code with a purchase");

    match reply.outcome {
        PurchaseOutcome::Unsure => return,
        PurchaseOutcome::NotSent(_) => unreachable!("an answer came"),
        PurchaseOutcome::Accepted {
            cost,
            balance,
            ready,
        } => {
            assert!(wire.ok && !ready);
            for sum in [(wire.field(1), cost), (wire.field(2), balance)] {
                let (text, Some(sum)) = sum else { continue };
                assert!(is_written(text, sum), "{text} became {sum}");
            }
            assert!(cost.is_none_or(|cost| cost >= Decimal::ZERO));
        }
        PurchaseOutcome::Refused(text) => {
            assert_eq!(wire.field(0), "3");
            // What says both was perhaps bought.
            let bought = |line: &str| {
                line.split_once('|')
                    .is_some_and(|(first, _)| first.trim().eq_ignore_ascii_case("ok"))
            };
            assert!(
                !wire.text.lines().skip(1).any(bought),
                "refused: {}",
                wire.text
            );
            hides_in_any_case(&text, &SECRETS);
        }
        PurchaseOutcome::SentBefore => assert_eq!(wire.field(0), "4"),
    }
    assert!(wire.may_mean_something, "understood: {}", wire.text);
}

fn status(came: &Came, wire: &Wire) {
    let reply = znet().became(came, &reference(), Instant::now());
    is_fit_to_be_seen(&reply.evidence, &wire.text);
    let slot = wire.field(usize::from(wire.ok) + 1);

    let text = match reply.answer {
        StatusAnswer::Unclear => return,
        StatusAnswer::DoneWithoutCode { .. } => unreachable!("no answer of this kind says so"),
        StatusAnswer::Done { pin, text } => {
            assert_eq!(wire.code(), "2");
            is_the_slot(pin.as_ref(), slot, &reply.evidence, &text);
            // The field of its own cannot be anything else.
            let has_one = wire.fields.len() > usize::from(wire.ok) + 2
                && slot.contains(|c: char| c.is_ascii_digit());
            assert!(pin.is_some() || !has_one, "{slot} is lost");
            text
        }
        StatusAnswer::Waiting { pin, text } => {
            assert_eq!(wire.code(), "1");
            is_the_slot(pin.as_ref(), slot, &reply.evidence, &text);
            text
        }
        StatusAnswer::Cancelled { text } => {
            assert!(wire.ok && wire.code() == "3");
            text
        }
        StatusAnswer::NotKnown { text } => {
            assert!(!wire.ok && wire.code() == "3");
            text
        }
    };
    assert!(wire.may_mean_something, "understood: {}", wire.text);
    hides_in_any_case(&text, &SECRETS);
}

/// A code is the field as it was sent, and is seen nowhere else.
fn is_the_slot(pin: Option<&SecretString>, slot: &str, evidence: &Evidence, text: &str) {
    let Some(pin) = pin.map(ExposeSecret::expose_secret) else {
        return;
    };
    assert_eq!(pin, slot);
    assert!(!pin.contains(char::REPLACEMENT_CHARACTER));
    hides_code(text, pin);
    hides_code(&evidence.body, pin);
}

fn balance(came: &Came, wire: &Wire) {
    match znet().sum(came) {
        Ok(sum) if wire.ok => assert!(
            is_written(wire.field(1), sum),
            "{} became {sum}",
            wire.field(1)
        ),
        Ok(sum) => {
            let json: Value = serde_json::from_str(&wire.text).unwrap_or_default();
            assert!(
                numbers(&json).any(|text| is_same(&text, sum)),
                "{} became {sum}",
                wire.text
            );
        }
        Err(error) => hides_in_any_case(&error.to_string(), &SECRETS),
    }
}

/// The values that the JSON of a proxy may hold a balance in.
fn numbers(json: &Value) -> impl Iterator<Item = String> {
    let places = [Some(json), json.get("data")].into_iter().flatten();
    let values = places
        .filter_map(Value::as_object)
        .flat_map(|object| object.values());
    values.filter_map(scalar)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn is_same(text: &str, sum: Decimal) -> bool {
    is_written(text, sum) || Exact::of(text) == Some(sum.into())
}

/// Whatever stands in the field of a code comes back as it is.
fn a_code_comes_back(body: &[u8]) {
    let (code, text) = oracle::first_line(body);
    let code = printable(code.as_bytes()).replace('|', "");
    let code = code.trim();
    if code.chars().all(|c| c.is_whitespace() || c == '-') {
        return;
    }

    let sent = format!("OK|2|{code}|{}", printable(text));
    let (head, _) = oracle::head(b"status 200");
    let came = Ok(oracle::answer(&head, sent.as_bytes()));
    let reply = znet().became(&came, &reference(), Instant::now());
    let StatusAnswer::Done { pin: Some(pin), .. } = reply.answer else {
        unreachable!("{sent} became {:?}", reply.answer)
    };
    assert_eq!(pin.expose_secret(), code);
}

/// An entry is sold as the list has it, and as all of its entries have it.
fn is_listed(list: &Catalogue, text: &str) {
    let json: Value = serde_json::from_str(text).unwrap_or_default();
    let entries: Vec<&Value> = match &json["result"] {
        Value::Array(entries) => entries.iter().collect(),
        Value::Object(entries) => entries.values().collect(),
        _ => Vec::new(),
    };
    let of = |id: &str| {
        let id = id.to_owned();
        entries
            .iter()
            .filter(move |entry| scalar(&entry["id"]).as_ref() == Some(&id))
    };

    for (id, product) in &list.products {
        assert!(!id.is_empty() && !list.incomplete.contains_key(id));
        let [(_, oyun), (_, kupur)] = &product.numbers[..] else {
            unreachable!("{product:?}")
        };
        assert!(of(id).next().is_some());
        for entry in of(id) {
            assert_eq!(scalar(&entry["oyun_bilgi_id"]).as_ref(), Some(oyun));
            assert_eq!(scalar(&entry["kupur"]).as_ref(), Some(kupur));
        }
    }
    for (id, price) in &list.prices {
        let mut prices = of(id).filter_map(|entry| scalar(&entry["fiyat"]));
        assert!(prices.any(|text| is_same(&text, *price)), "{id}: {price}");
    }
}

/// Without secrets, short, and nothing that the database does not take.
fn is_fit_to_be_seen(evidence: &Evidence, text: &str) {
    hides_in_any_case(&evidence.body, &SECRETS);
    assert!(evidence.body.chars().count() <= Evidence::MAX_CHARS);
    assert!(!evidence.body.contains('\0') && !text.contains('\0'));
}

fn reference() -> Reference {
    Naming::Digits.reference(OrderId(Uuid::nil()), IntegrationId(Uuid::nil()), 0)
}
