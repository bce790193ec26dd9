//! What the fuzzer runs: one function per target, each on any bytes.
//!
//! Only in builds for `fuzz/`, and for the tests, which run every file of the corpus and every input that once failed.
//! The functions stand beside the parsers that they try, and compare by `oracle`.
//!
//! Inputs are texts that people can read and write: words that say what is tried, and below them what came over
//! the wire.

mod long;
#[cfg(test)]
mod tests;

use crate::{config, http, marketplace, oracle::head, provider, stock, webhook};

pub type Target = fn(&[u8]);

/// The targets by name, which is also that of the folder of their corpus.
pub const TARGETS: [(&str, Target); 11] = [
    ("znet", znet),
    ("barakat", barakat),
    ("price_lists", price_lists),
    ("purchases", purchases),
    ("order_rows", order_rows),
    ("trendyol_orders", trendyol_orders),
    ("trendyol_stock", trendyol_stock),
    ("trendyol_errors", trendyol_errors),
    ("configuration", configuration),
    ("webhooks", webhooks),
    ("long_answers", long_answers),
];

/// Answers of a znet panel: `purchase`, `status` or `balance`, HTTP status, content type; below it the body.
pub fn znet(data: &[u8]) {
    provider::znet::fuzzing::answers(data);
}

/// Answers of a barakat panel, written as those of [`znet`].
pub fn barakat(data: &[u8]) {
    provider::barakat::fuzzing::answers(data);
}

/// Price lists: `znet` or `barakat`, and below it the list.
pub fn price_lists(data: &[u8]) {
    let (head, body) = head(data);
    if head.is("barakat") {
        provider::barakat::fuzzing::list(body);
    } else {
        provider::znet::fuzzing::list(body);
    }
}

/// What the shop's row and mapping say about a purchase, as JSON, and the request that becomes of it.
pub fn purchases(data: &[u8]) {
    provider::fuzzing::purchases(data);
}

/// The columns of an order in the warehouse: quantity and `product_barcode`, and below them `details`.
pub fn order_rows(data: &[u8]) {
    stock::fuzzing::order_rows(data);
}

/// Pages of Trendyol's packages (`stream`, `page`) and returns (`claims`).
pub fn trendyol_orders(data: &[u8]) {
    marketplace::trendyol::fuzzing::pages(data);
}

/// Answers about stock: `push`, `batch`, or `listed` and the barcodes that were asked about.
pub fn trendyol_stock(data: &[u8]) {
    marketplace::trendyol::fuzzing::stock(data);
}

/// Answers of Trendyol that are no success: HTTP status and `retry-after`, and below them the body.
pub fn trendyol_errors(data: &[u8]) {
    marketplace::trendyol::fuzzing::errors(data);
}

/// A configuration file.
pub fn configuration(data: &[u8]) {
    config::fuzzing::file(data);
}

/// Calls to the HTTP API's webhook (`call`: headers, an empty line, the body), and keys and signatures of our own
/// (`key`: a key, and below it what is signed).
pub fn webhooks(data: &[u8]) {
    let (head, body) = head(data);
    if head.is("key") {
        webhook::fuzzing::signatures(body);
    } else {
        http::fuzzing::calls(body);
    }
}

/// Long inputs of the other targets, from a few lines: see [`long`].
pub fn long_answers(data: &[u8]) {
    long::run(data);
}
