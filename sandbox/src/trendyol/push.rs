//! A stock report: what it may look like, and what of it is refused before it is queued.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Number;

use super::{answer::Problem, quirks::Repeats};

/// Most items of one report.
pub(super) const MOST_ITEMS: usize = 1000;
/// Most pieces that can be on sale.
pub(super) const MOST_PIECES: i64 = 20_000;
/// How long a report must not be repeated.
const REPEAT_WINDOW: TimeDelta = TimeDelta::minutes(15);
/// The one text that clients know it by.
pub(super) const REPEATED: &str = "15 dakika boyunca aynı isteği tekrarlı olarak atamazsınız!";

/// What one item asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Change {
    pub(super) barcode: String,
    pub(super) quantity: Option<i64>,
    pub(super) sale_price: Option<Decimal>,
    pub(super) list_price: Option<Decimal>,
    /// Why it will fail, where that is known before it is worked off.
    pub(super) refused: Option<&'static str>,
}

#[derive(Deserialize)]
struct Report {
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    barcode: Option<String>,
    quantity: Option<Number>,
    sale_price: Option<Number>,
    list_price: Option<Number>,
}

/// Reads a report. What makes no sense as a whole is a problem of the request, what makes none
/// for one product is a failure of its item.
pub(super) fn read(body: &[u8]) -> Result<Vec<Change>, Problem> {
    let report: Report =
        serde_json::from_slice(body).map_err(|_| bad("Request body is not readable"))?;
    match report.items.len() {
        0 => return Err(bad("Items boş olamaz")),
        1..=MOST_ITEMS => {}
        _ => return Err(bad("En fazla 1000 item gönderilebilir")),
    }
    let items = report.items.into_iter();
    let mut changes = items.map(change).collect::<Result<Vec<_>, _>>()?;
    refuse_twins(&mut changes);
    Ok(changes)
}

fn bad(message: &str) -> Problem {
    Problem::new(400, "bad.request", message)
}

fn change(item: Item) -> Result<Change, Problem> {
    let barcode = item.barcode.filter(|barcode| !barcode.is_empty());
    let barcode = barcode.ok_or_else(|| bad("Barkod boş olamaz"))?;
    let whole = |n: &Number| n.as_i64().ok_or_else(|| bad("Stok tam sayı olmalıdır"));
    let quantity = item.quantity.as_ref().map(whole).transpose()?;
    let sale_price = item.sale_price.as_ref().map(amount).transpose()?;
    let list_price = item.list_price.as_ref().map(amount).transpose()?;
    if sale_price.is_some() != list_price.is_some() {
        return Err(bad("salePrice ve listPrice birlikte gönderilmelidir"));
    }
    if quantity.is_none() && sale_price.is_none() {
        return Err(bad("Stok veya fiyat gönderilmelidir"));
    }
    Ok(Change {
        refused: refusal(&barcode, quantity, sale_price, list_price),
        barcode,
        quantity,
        sale_price,
        list_price,
    })
}

fn amount(number: &Number) -> Result<Decimal, Problem> {
    let text = number.to_string();
    let read = text.parse().or_else(|_| Decimal::from_scientific(&text));
    read.map_err(|_| bad("Fiyat okunamadı"))
}

fn refusal(
    barcode: &str,
    quantity: Option<i64>,
    sale_price: Option<Decimal>,
    list_price: Option<Decimal>,
) -> Option<&'static str> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if barcode.chars().count() > 40 || !barcode.chars().all(allowed) {
        return Some("Barkod formatı geçersiz");
    }
    if quantity.is_some_and(|q| !(0..=MOST_PIECES).contains(&q)) {
        return Some("Stok adedi 0 ile 20000 arasında olmalıdır");
    }
    let too_dear = sale_price.is_some() && sale_price > list_price;
    too_dear.then_some("TSF PSF'den Büyük olamaz")
}

/// A barcode that comes twice fails from its second item on.
fn refuse_twins(changes: &mut [Change]) {
    let mut seen = HashSet::new();
    let mut twins = Vec::new();
    for (place, change) in changes.iter().enumerate() {
        if !seen.insert(change.barcode.as_str()) {
            twins.push(place);
        }
    }
    for place in twins {
        if let Some(twin) = changes.get_mut(place) {
            twin.refused = Some("Aynı barkod birden fazla kez gönderilemez");
        }
    }
}

/// What was reported in the last 15 minutes.
#[derive(Debug, Default)]
pub(super) struct Repetitions {
    wholes: HashMap<u64, DateTime<Utc>>,
    items: HashMap<String, (u64, DateTime<Utc>)>,
}

impl Repetitions {
    /// Notes a report, unless it repeats an earlier one. Items that repeat are marked.
    pub(super) fn note(
        &mut self,
        rule: Repeats,
        body: &[u8],
        changes: &mut [Change],
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let whole = match rule {
            Repeats::Allowed => return Ok(()),
            Repeats::Item => {
                self.note_items(changes, now);
                return Ok(());
            }
            Repeats::Body => print(body),
            Repeats::Content => content(changes),
        };
        let fresh = |at: &DateTime<Utc>| now - *at < REPEAT_WINDOW;
        if self.wholes.get(&whole).is_some_and(fresh) {
            return Err(bad(REPEATED));
        }
        self.wholes.retain(|_, at| fresh(at));
        self.wholes.insert(whole, now);
        Ok(())
    }

    fn note_items(&mut self, changes: &mut [Change], now: DateTime<Utc>) {
        for change in changes.iter_mut().filter(|c| c.refused.is_none()) {
            let values = print(&(change.quantity, change.sale_price, change.list_price));
            match self.items.get(&change.barcode) {
                Some((last, at)) if *last == values && now - *at < REPEAT_WINDOW => {
                    change.refused = Some(REPEATED);
                }
                _ => {
                    self.items.insert(change.barcode.clone(), (values, now));
                }
            }
        }
    }
}

/// A number that stands for a value; different values share one with negligible chance.
pub(super) fn print(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn content(changes: &[Change]) -> u64 {
    let mut sorted: Vec<&Change> = changes.iter().collect();
    sorted.sort_by(|a, b| a.barcode.cmp(&b.barcode));
    print(&sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> Vec<Option<&'static str>> {
        let changes = read(body.as_bytes()).unwrap();
        changes.into_iter().map(|c| c.refused).collect()
    }

    #[test]
    fn a_report_that_makes_no_sense_is_refused_whole() {
        for body in [
            "",
            "{}",
            r#"{"items":[]}"#,
            r#"{"items":[{"quantity":1}]}"#,
            r#"{"items":[{"barcode":"","quantity":1}]}"#,
            r#"{"items":[{"barcode":"a"}]}"#,
            r#"{"items":[{"barcode":"a","quantity":1.5}]}"#,
            r#"{"items":[{"barcode":"a","quantity":"1"}]}"#,
            r#"{"items":[{"barcode":"a","salePrice":1}]}"#,
        ] {
            assert_eq!(read(body.as_bytes()).unwrap_err().status, 400, "{body}");
        }
        let item = |n| format!(r#"{{"barcode":"b{n}","quantity":1}}"#);
        let report = |n| {
            let items: Vec<_> = (0..n).map(item).collect();
            format!(r#"{{"items":[{}]}}"#, items.join(","))
        };
        assert_eq!(read(report(1000).as_bytes()).unwrap().len(), 1000);
        assert!(read(report(1001).as_bytes()).is_err());
    }

    #[test]
    fn an_item_that_makes_no_sense_fails_alone() {
        let body = r#"{"items":[
            {"barcode":"a","quantity":0},{"barcode":"b","quantity":20000},
            {"barcode":"c","quantity":20001},{"barcode":"d","quantity":-1},
            {"barcode":"a b","quantity":1},{"barcode":"a","quantity":3},
            {"barcode":"İş-1_2.","salePrice":10.5,"listPrice":10.50},
            {"barcode":"e","salePrice":11,"listPrice":10}]}"#;
        let range = Some("Stok adedi 0 ile 20000 arasında olmalıdır");
        let twin = Some("Aynı barkod birden fazla kez gönderilemez");
        let want = [
            None,
            None,
            range,
            range,
            Some("Barkod formatı geçersiz"),
            twin,
            None,
            Some("TSF PSF'den Büyük olamaz"),
        ];
        assert_eq!(refused(body), want);
    }

    #[test]
    fn a_repeated_report_is_known_for_15_minutes_by_the_chosen_rule() {
        let one = r#"{"items":[{"barcode":"a","quantity":1},{"barcode":"b","quantity":2}]}"#;
        let turned = r#"{"items": [{"barcode":"b","quantity":2},{"quantity":1,"barcode":"a"}]}"#;
        let start = DateTime::<Utc>::UNIX_EPOCH;
        // Whether a request is refused, and how many of its items are.
        let verdict = |seen: &mut Repetitions, rule, body: &str, minutes, seconds| {
            let mut changes = read(body.as_bytes()).unwrap();
            let now = start + TimeDelta::minutes(minutes) + TimeDelta::seconds(seconds);
            let whole = seen.note(rule, body.as_bytes(), &mut changes, now);
            let items = changes.iter().filter(|c| c.refused.is_some()).count();
            (whole.is_err(), items)
        };
        for (rule, same, other_order) in [
            (Repeats::Allowed, (false, 0), (false, 0)),
            (Repeats::Body, (true, 0), (false, 0)),
            (Repeats::Content, (true, 0), (true, 0)),
            (Repeats::Item, (false, 2), (false, 2)),
        ] {
            let mut seen = Repetitions::default();
            assert_eq!(verdict(&mut seen, rule, one, 0, 0), (false, 0), "{rule:?}");
            assert_eq!(verdict(&mut seen, rule, one, 14, 59), same, "{rule:?}");
            let turned = verdict(&mut seen, rule, turned, 14, 59);
            assert_eq!(turned, other_order, "{rule:?}");
            assert_eq!(verdict(&mut seen, rule, one, 15, 0), (false, 0), "{rule:?}");
        }
    }
}
