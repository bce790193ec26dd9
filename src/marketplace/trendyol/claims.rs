//! Returns: what Trendyol's claim answers say.
//!
//! What must stay true: one piece is one [`ClaimItem`], and a piece that cannot be read is named in
//! its claim.

use super::{
    error::Complaint,
    orders::cargo,
    wire::{self, Fields, each, missing},
};
use crate::{
    marketplace::{MarketError, Page},
    stock::{Claim, ClaimItem, ClaimStatus, Customer, Unreadable},
};

/// The largest page that Trendyol gives.
pub(super) const PAGE_SIZE: usize = 200;

/// Reads a page (the first is 0).
pub(super) fn page(text: &str, page: u32) -> Result<Page<Claim>, MarketError> {
    let body = wire::body(text)?;
    let none = body.int(&["totalElements"]) == Some(0);
    let list = wire::content(&body, none)?;
    let (records, unreadable) = each(&list, "", &["id", "claimId"], claim);
    Ok(wire::page(&body, records, unreadable, page, PAGE_SIZE))
}

/// Whether a 404 says that there are no returns.
pub(super) fn says_none(answer: &Complaint) -> bool {
    // Any other one may mean that the path has moved; as "no returns" that would never be noticed.
    let key = answer.key.as_deref().unwrap_or_default();
    key.to_ascii_lowercase().contains("claim")
}

/// No returns, for which Trendyol may answer 404.
pub(super) const fn none() -> Page<Claim> {
    Page {
        records: Vec::new(),
        unreadable: Vec::new(),
        total: Some(0),
        last: true,
    }
}

fn claim(fields: &Fields<'_>) -> Result<Claim, String> {
    let id = fields.text(&["id", "claimId"]);
    let (items, unreadable) = items(fields);

    Ok(Claim {
        id: id.ok_or_else(|| missing("id"))?,
        order_number: fields.text(&["orderNumber"]),
        claim_date: fields.time(&["claimDate"]),
        last_modified: fields.time(&["lastModifiedDate"]),
        customer: Customer {
            id: None,
            first_name: fields.personal(&["customerFirstName"]),
            last_name: fields.personal(&["customerLastName"]),
            address: None,
        },
        cargo: cargo(fields),
        items,
        unreadable,
    })
}

fn items(fields: &Fields<'_>) -> (Vec<ClaimItem>, Vec<Unreadable>) {
    let Some(products) = fields.list(&["items"]) else {
        return (Vec::new(), vec![no_pieces("items".to_owned())]);
    };
    let (mut good, mut bad) = (Vec::new(), Vec::new());

    for (index, raw) in products.into_iter().enumerate() {
        let place = format!("items#{index}");
        let product = Fields::of(raw).unwrap_or_default();
        let Some(pieces) = product.list(&["claimItems"]) else {
            bad.push(no_pieces(place));
            continue;
        };

        // A piece whose line is missing is still a piece that comes back.
        let line = product.object(&["orderLine"]).unwrap_or_default();
        let place = format!("{place}/claimItems");
        let (items, unreadable) = each(&pieces, &place, &["id"], |piece| item(piece, &line));
        good.extend(items);
        bad.extend(unreadable);
    }

    (good, bad)
}

fn no_pieces(record: String) -> Unreadable {
    let reason = missing("the list of its pieces");
    Unreadable { record, reason }
}

fn item(piece: &Fields<'_>, line: &Fields<'_>) -> Result<ClaimItem, String> {
    Ok(ClaimItem {
        id: piece.text(&["id"]).ok_or_else(|| missing("id"))?,
        barcode: line.text(&["barcode"]),
        product_name: line.text(&["productName"]),
        product_size: line.text(&["productSize"]),
        product_color: line.text(&["productColor"]),
        price: line.decimal(&["price", "lineUnitPrice"]),
        status: status(piece),
        reason: reason(piece, "customerClaimItemReason")
            .or_else(|| reason(piece, "trendyolClaimItemReason")),
        customer_note: piece.personal(&["customerNote"]),
    })
}

/// An object with a name, or the name alone.
fn status(piece: &Fields<'_>) -> ClaimStatus {
    let names = ["claimItemStatus"];
    let name = piece
        .object(&names)
        .and_then(|status| status.text(&["name"]));
    let name = name.or_else(|| piece.text(&names));
    ClaimStatus::parse(&name.unwrap_or_default())
}

fn reason(piece: &Fields<'_>, name: &str) -> Option<String> {
    piece.object(&[name])?.text(&["name"])
}

#[cfg(test)]
mod tests;
