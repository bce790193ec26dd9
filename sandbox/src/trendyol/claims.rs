//! Returns: what customers send back, one element for each piece.

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use uuid::Uuid;

use super::{
    answer::Problem,
    call::Query,
    json::{self, Names, Object},
    package::{AHEAD, Line, Package},
    quirks::{ClaimDates, Quirks},
    status::ClaimStatus,
};

/// A return.
#[derive(Clone, Debug)]
pub struct Claim {
    /// `claimId`.
    pub id: Uuid,
    /// The package whose pieces come back, as it was then.
    pub package: Arc<Package>,
    /// When the customer asked for it.
    pub created: DateTime<Utc>,
    /// When it last changed.
    pub last_modified: DateTime<Utc>,
    /// What comes back of each line.
    pub items: Vec<ClaimItem>,
}

/// Pieces of one line that come back.
#[derive(Clone, Debug)]
pub struct ClaimItem {
    /// The line.
    pub line: Line,
    /// Each piece with its state.
    pub pieces: Vec<(Uuid, ClaimStatus)>,
}

impl Claim {
    pub(super) fn new(
        package: Arc<Package>,
        pieces: Vec<(Line, u32)>,
        rng: &mut Rng,
        now: DateTime<Utc>,
    ) -> Self {
        let mut id = || uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid();
        let mut item = |(line, count): (Line, u32)| ClaimItem {
            line,
            pieces: (0..count).map(|_| (id(), ClaimStatus::Created)).collect(),
        };
        let items = pieces.into_iter().map(&mut item).collect();
        Self {
            id: id(),
            package,
            created: now,
            last_modified: now,
            items,
        }
    }

    /// Moves every piece to a state.
    pub(super) fn decide(&mut self, status: &ClaimStatus, now: DateTime<Utc>) {
        for (_, piece) in self.items.iter_mut().flat_map(|item| &mut item.pieces) {
            *piece = status.clone();
        }
        self.last_modified = now.max(self.last_modified + TimeDelta::milliseconds(1));
    }

    fn has(&self, status: &str) -> bool {
        let mut pieces = self.items.iter().flat_map(|item| &item.pieces);
        pieces.any(|(_, piece)| piece.as_str() == status)
    }

    fn json(&self, names: Names) -> String {
        let package = &self.package;
        let tracking = package.tracking();
        json::object(names, |o| {
            o.text("claimId", &self.id.to_string())
                .text("orderNumber", &package.order_number)
                .raw("orderDate", (package.ordered + AHEAD).timestamp_millis())
                .raw("claimDate", self.created.timestamp_millis())
                .raw("lastModifiedDate", self.last_modified.timestamp_millis())
                .text("customerFirstName", "Ayşe")
                .text("customerLastName", "Yılmaz")
                .raw("cargoTrackingNumber", &tracking)
                .text("cargoTrackingLink", "https://tracking.example/return")
                .text("cargoSenderNumber", &format!("733{}", package.id))
                .text("cargoProviderName", "Trendyol Express Marketplace")
                .raw("orderShipmentPackageId", package.id + 500_000_000)
                .raw("orderOutboundPackageId", package.id)
                .raw("channelId", 1)
                .object("replacementOutboundpackageinfo", |_| {})
                .object("rejectedpackageinfo", |_| {})
                .list("items", &self.items, |o, item| item.write(o));
        })
    }
}

impl ClaimItem {
    fn write(&self, o: &mut Object<'_>) {
        let (line, product) = (&self.line, &self.line.product);
        o.object("orderLine", |o| {
            o.raw("id", line.id)
                .text("productName", &product.name)
                .text("barcode", &product.barcode)
                .text("merchantSku", &product.stock_code)
                .text("productColor", &product.color)
                .text("productSize", &product.size)
                .raw("price", line.price)
                .raw("vatRate", 20)
                .text("productCategory", "Spor Ayakkabı")
                .nulls(&["salesCampaignId"]);
        });
        let reason = |o: &mut Object<'_>| {
            o.raw("id", 401)
                .text("name", "Bedeni küçük geldi")
                .raw("externalReasonId", 51)
                .text("code", "SMALL");
        };
        o.list("claimItems", &self.pieces, |o, (id, status)| {
            o.text("id", &id.to_string())
                .raw("orderLineItemId", line.id + 70_000)
                .object("customerClaimItemReason", reason)
                .object("trendyolClaimItemReason", reason)
                .object("claimItemStatus", |o| {
                    o.text("name", status.as_str());
                })
                .text("note", "")
                .text("customerNote", "Bir numara büyüğünü \"istiyorum\"")
                .raw("resolved", *status == ClaimStatus::Accepted)
                .raw("autoAccepted", false)
                .raw("acceptedBySeller", *status == ClaimStatus::Accepted)
                .nulls(&["acceptDetail"]);
        });
    }
}

/// What a request for claims asks for.
struct Wanted<'a> {
    ids: HashSet<&'a str>,
    status: Option<&'a str>,
    order: Option<&'a str>,
    from: Option<i64>,
    to: Option<i64>,
    dates: ClaimDates,
}

impl<'a> Wanted<'a> {
    fn read(query: &'a Query<'_>, dates: ClaimDates) -> Result<Self, Problem> {
        Ok(Self {
            ids: query.all("claimIds").collect(),
            status: query.get("claimItemStatus"),
            order: query.get("orderNumber"),
            from: query.number("startDate")?,
            to: query.number("endDate")?,
            dates,
        })
    }

    fn takes(&self, claim: &Claim) -> bool {
        // When ids are given, everything else is ignored.
        if !self.ids.is_empty() {
            return self.ids.contains(&*claim.id.to_string());
        }
        let date = match self.dates {
            ClaimDates::Created => claim.created,
            ClaimDates::Modified => claim.last_modified,
        };
        let date = date.timestamp_millis();
        self.status.is_none_or(|status| claim.has(status))
            && self.order.is_none_or(|o| claim.package.order_number == o)
            && self.from.is_none_or(|from| from <= date)
            && self.to.is_none_or(|to| date < to)
    }
}

/// A page of claims.
pub(super) struct Page {
    pub(super) text: String,
    /// Whether no page has any.
    pub(super) is_empty: bool,
}

/// One page, newest change first.
pub(super) fn page(claims: &[Claim], query: &Query<'_>, quirks: &Quirks) -> Result<Page, Problem> {
    let size = query.size(50, 200)?;
    let page = query.count("page")?.unwrap_or(0);
    let wanted = Wanted::read(query, quirks.claim_dates)?;
    let mut found: Vec<&Claim> = claims.iter().filter(|c| wanted.takes(c)).collect();
    found.sort_by_key(|claim| std::cmp::Reverse((claim.last_modified, claim.id)));
    // The rest is lost without a word, as on the real one.
    found.truncate(quirks.claims_cut);
    let here = found.iter().skip(page.saturating_mul(size)).take(size);
    let content: Vec<String> = here.map(|claim| claim.json(quirks.names)).collect();
    let text = json::object(quirks.names, |o| {
        o.raw("totalElements", found.len())
            .raw("totalPages", found.len().div_ceil(size))
            .raw("page", page)
            .raw("size", size)
            .written("content", content.iter().map(String::as_str));
    });
    Ok(Page {
        text,
        is_empty: found.is_empty(),
    })
}
