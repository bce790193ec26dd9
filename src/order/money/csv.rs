//! A day's money for a spreadsheet: one row per link.

use chrono::SecondsFormat;
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::{LinkKind, Money, MoneyLink, Moved};

const HEADS: [&str; 16] = [
    "time",
    "panel",
    "kind",
    "number",
    "order",
    "reference",
    "package",
    "before",
    "movement",
    "moved",
    "charge",
    "price_change",
    "after",
    "sold_for",
    "loss",
    "outcome",
];

/// The rows, with a header; lines end as RFC 4180 wants them to.
#[must_use]
pub(crate) fn csv(money: &Money, zone: Tz) -> String {
    let mut text = HEADS.join(",");
    text.push_str("\r\n");

    for link in &money.links {
        let cells = cells(link, zone);
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }

    text
}

fn cells(link: &MoneyLink, zone: Tz) -> [String; HEADS.len()] {
    let order = link.order.map(|order| order.to_string());
    let time = link.at.with_timezone(&zone);
    [
        time.to_rfc3339_opts(SecondsFormat::Millis, true),
        outside(link.panel.as_deref()),
        kind(link.kind).to_owned(),
        outside(link.number.as_deref()),
        outside(order.as_deref()),
        outside(link.reference.as_deref()),
        outside(link.package.as_deref()),
        amount(link.before),
        amount(link.movement),
        link.moved.map(moved).unwrap_or_default().to_owned(),
        amount(link.charge),
        amount(link.price_change),
        amount(link.after),
        amount(link.sold_for),
        amount(link.loss),
        outside(link.outcome.as_deref()),
    ]
}

const fn kind(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Purchase => "purchase",
        LinkKind::Reading => "reading",
    }
}

pub(crate) const fn moved(moved: Moved) -> &'static str {
    match moved {
        Moved::Fell => "fell",
        Moved::Rose => "rose",
        Moved::Refunded => "refunded",
    }
}

/// Exact, as the panel named it.
fn amount(amount: Option<Decimal>) -> String {
    amount.map(|amount| amount.to_string()).unwrap_or_default()
}

/// A text from outside: what a spreadsheet would take for a formula is led by an apostrophe.
fn outside(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    let is_formula = text
        .trim_start()
        .starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let lead = if is_formula { "'" } else { "" };

    format!("\"{lead}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::outside;

    #[test]
    fn nothing_from_outside_is_a_formula_or_leaves_its_cell() {
        assert_eq!(outside(Some("Panel A")), "\"Panel A\"");
        assert_eq!(outside(Some("=1+1")), "\"'=1+1\"");
        assert_eq!(outside(Some(" @x")), "\"' @x\"");
        assert_eq!(outside(Some("a\",\"b\r\n")), "\"a\"\",\"\"b\r\n\"");
        assert_eq!(outside(None), "\"\"");
    }
}
