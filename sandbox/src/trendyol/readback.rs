//! What is on sale: the read-back of stock and prices.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use fastrand::Rng;

use super::{
    answer::Problem,
    call::Query,
    json::{self, Object},
    plan::ProductState,
    quirks::Quirks,
    shelf::{Good, Shelf},
    times::{chance, drawn, span},
};

/// Most barcodes of one request.
const MOST_BARCODES: usize = 50;
/// How far pages reach, in contents; beyond it a token must be followed.
const REACH: usize = 10_000;

/// What a read-back is answered from.
pub(super) struct Reading<'a> {
    pub(super) shelf: &'a Shelf,
    pub(super) quirks: &'a Quirks,
    pub(super) rng: &'a mut Rng,
    pub(super) now: DateTime<Utc>,
    /// The barcodes that it tells of, and as of when.
    pub(super) looks: Vec<(String, DateTime<Utc>)>,
}

/// A product and what is said of it.
struct Listed<'a> {
    good: &'a Good,
    quantity: u32,
}

impl<'a> Reading<'a> {
    /// One page of contents, each with its variants.
    pub(super) fn page(&mut self, query: &Query<'_>) -> Result<String, Problem> {
        let size = query.size(20, 100)?;
        let page = query.count("page")?.unwrap_or(0);

        let first = match query.count("nextPageToken")? {
            Some(first) => first,
            None => page.saturating_mul(size),
        };

        if first >= REACH && query.get("nextPageToken").is_none() {
            return Err(Problem::invalid("page"));
        }
        let wanted = self.wanted(query)?;
        let listed = self.listed(&wanted);
        let contents: Vec<&[Listed<'_>]> = listed
            .chunk_by(|a, b| a.good.product.content_id == b.good.product.content_id)
            .collect();
        let here = contents.iter().skip(first).take(size);
        let next = first.saturating_add(size);

        Ok(json::object(self.quirks.names, |o| {
            o.raw("totalElements", contents.len())
                .raw("totalPages", contents.len().div_ceil(size))
                .raw("page", page)
                .raw("size", size);
            if next < contents.len() {
                o.text("nextPageToken", &next.to_string());
            } else {
                o.nulls(&["nextPageToken"]);
            }
            o.list("content", here, |o, variants| content(o, variants));
        }))
    }

    /// The goods that a request is about, in the order of the shelf.
    fn wanted(&mut self, query: &Query<'_>) -> Result<Vec<&'a Good>, Problem> {
        let takes = takes(query.get("status"))?;
        let barcodes: HashSet<&str> = query.all("barcodes").collect();
        if barcodes.len() > MOST_BARCODES {
            return Err(Problem::invalid("barcodes"));
        }
        let ignored = chance(self.quirks.answers.ignored_barcodes, self.rng);
        if barcodes.is_empty() || ignored {
            return Ok(self.shelf.all().iter().filter(|good| takes(good)).collect());
        }
        let found = barcodes.into_iter().filter_map(|b| self.shelf.get(b));
        let mut found: Vec<&Good> = found.filter(|good| takes(good)).collect();

        found.sort_by(|a, b| {
            let key = |good: &Good| good.product.content_id;
            (key(a), &a.product.barcode).cmp(&(key(b), &b.product.barcode))
        });

        Ok(found)
    }

    /// What is said of each, which the quirks may make less, more or older than the truth.
    fn listed(&mut self, wanted: &[&'a Good]) -> Vec<Listed<'a>> {
        let how = &self.quirks.answers;
        let mut listed = Vec::with_capacity(wanted.len());

        for good in wanted.iter().copied() {
            if chance(how.left_out, self.rng) {
                continue;
            }
            let (quantity, as_of) = if chance(how.old_figures, self.rng) {
                let age = drawn(&(Duration::ZERO..=how.figure_age), self.rng);
                let then = self.now - span(age);
                (good.stock_at(then), then)
            } else {
                (good.stock, self.now)
            };
            self.looks.push((good.product.barcode.clone(), as_of));
            listed.push(Listed { good, quantity });
            if chance(how.answered_twice, self.rng) {
                let quantity = quantity + self.rng.u32(1..=3);
                listed.push(Listed { good, quantity });
            }
        }

        listed
    }
}

/// Which goods a `status` lists. Those that are not approved are in no list.
fn takes(status: Option<&str>) -> Result<fn(&Good) -> bool, Problem> {
    match status {
        None => Ok(|good| matches!(good.state, ProductState::OnSale | ProductState::Locked)),
        Some("archived") => Ok(|good| good.state == ProductState::Archived),
        Some("locked") => Ok(|good| good.state == ProductState::Locked),
        Some("onSale") => Ok(|good| good.state == ProductState::OnSale && good.stock > 0),
        Some(_) => Err(Problem::invalid("status")),
    }
}

fn content(o: &mut Object<'_>, variants: &[Listed<'_>]) {
    let id = variants
        .first()
        .map_or(0, |listed| listed.good.product.content_id);
    o.raw("contentId", id)
        .list("variants", variants, |o, listed| variant(o, listed));
}

fn variant(o: &mut Object<'_>, listed: &Listed<'_>) {
    let (good, product) = (listed.good, &listed.good.product);
    o.raw("variantId", product.content_id + 5_000_000)
        .text("barcode", &product.barcode)
        .raw("salePrice", good.sale_price)
        .raw("listPrice", good.list_price)
        .raw("quantity", listed.quantity)
        .text("stockCode", &product.stock_code);
    match good.changed {
        Some(at) => o.raw("stockLastModifiedDate", at.timestamp_millis()),
        None => o.nulls(&["stockLastModifiedDate"]),
    };
}
