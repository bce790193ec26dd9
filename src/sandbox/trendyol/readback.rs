//! What is on sale: the read-back of stock and prices.

use std::collections::HashSet;

use super::{
    answer::Problem,
    call::Query,
    json::{self, Object},
    plan::ProductState,
    quirks::Quirks,
    shelf::{Good, Shelf},
};

/// Most barcodes of one request.
const MOST_BARCODES: usize = 50;
/// How far pages reach, in contents; beyond it a token must be followed.
const REACH: usize = 10_000;

/// One page of contents, each with its variants.
pub(super) fn page(shelf: &Shelf, query: &Query<'_>, quirks: &Quirks) -> Result<String, Problem> {
    let size = query.size(20, 100)?;
    let page = query.count("page")?.unwrap_or(0);
    let first = match query.count("nextPageToken")? {
        Some(first) => first,
        None => page.saturating_mul(size),
    };
    if first >= REACH && query.get("nextPageToken").is_none() {
        return Err(Problem::invalid("page"));
    }
    let wanted = wanted(shelf, query)?;
    let contents: Vec<&[&Good]> = wanted
        .chunk_by(|a, b| a.product.content_id == b.product.content_id)
        .collect();
    let here = contents.iter().skip(first).take(size);
    let next = first.saturating_add(size);
    Ok(json::object(quirks.names, |o| {
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
fn wanted<'s>(shelf: &'s Shelf, query: &Query<'_>) -> Result<Vec<&'s Good>, Problem> {
    let takes = takes(query.get("status"))?;
    let barcodes: HashSet<&str> = query.all("barcodes").collect();
    if barcodes.len() > MOST_BARCODES {
        return Err(Problem::invalid("barcodes"));
    }
    if barcodes.is_empty() {
        return Ok(shelf.all().iter().filter(|good| takes(good)).collect());
    }
    let found = barcodes.into_iter().filter_map(|b| shelf.get(b));
    let mut found: Vec<&Good> = found.filter(|good| takes(good)).collect();
    found.sort_by(|a, b| {
        let key = |good: &Good| good.product.content_id;
        (key(a), &a.product.barcode).cmp(&(key(b), &b.product.barcode))
    });
    Ok(found)
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

fn content(o: &mut Object<'_>, variants: &[&Good]) {
    let id = variants.first().map_or(0, |good| good.product.content_id);
    o.raw("contentId", id)
        .list("variants", variants, |o, good| variant(o, good));
}

fn variant(o: &mut Object<'_>, good: &Good) {
    let product = &good.product;
    o.raw("variantId", product.content_id + 5_000_000)
        .text("barcode", &product.barcode)
        .raw("salePrice", good.sale_price)
        .raw("listPrice", good.list_price)
        .raw("quantity", good.stock)
        .text("stockCode", &product.stock_code);
    match good.changed {
        Some(at) => o.raw("stockLastModifiedDate", at.timestamp_millis()),
        None => o.nulls(&["stockLastModifiedDate"]),
    };
}
