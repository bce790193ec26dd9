//! What real packages do that the order pages of the documents do not show.

use std::{ops::RangeInclusive, time::Duration};

use fastrand::Rng;

use crate::trendyol::times::{chance, mostly};

/// How packages are split, cancelled and published. The default is the well-behaved package of the
/// guide; each field names the case of public evidence that it is taken from.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each switches one thing that was seen, whatever the others do"
)]
#[derive(Clone, Debug)]
pub struct PackageQuirks {
    /// Which packages say what they took the place of (case 1: only those of a cancellation do).
    pub origins: Origins,
    /// Whether a part names the first package of its line of descent instead of the last one (the
    /// official webhook and stream pages).
    pub first_origin: bool,
    /// From the end of a package to the beginning of each of its parts, which the marketplace makes
    /// later by itself (case 1). A part is dated by its own beginning, not by the split.
    pub parts_delay: RangeInclusive<Duration>,
    /// Share of parts that are published as `UnPacked` first, and with their status after one more
    /// [`Self::parts_delay`] (the older official order pages).
    pub parts_unpacked_first: f64,
    /// Share of parts that are split again at once, which makes chains.
    pub splits_again: f64,
    /// What becomes of `lineId` in a part (case 30).
    pub line_ids: LineIds,
    /// What stands in the place of an id while a package is `Awaiting` (case 4).
    pub awaiting_id: AwaitingId,
    /// Whether an `Awaiting` package looks as in the official sample: no `status`, "Approved", no
    /// `lastModifiedDate`, and a history that began in 1970 (case 12).
    pub official_awaiting: bool,
    /// Share of packages without `lastModifiedDate`.
    pub undated: f64,
    /// Share of changes that keep the `lastModifiedDate` of a change less than a minute before.
    pub equal_dates: f64,
    /// Share of packages whose histories have the date 0 (case 12).
    pub zero_histories: f64,
    /// Share of packages whose lines lag one status behind, and whose `shipmentPackageStatus` calls
    /// `Created` `ReadyToShip` (cases 9 and 12).
    pub statuses_differ: f64,
    /// Whether packages by chance become `Repack`, `Reset` and `UnDeliveredAndReturned` (case 5).
    pub rare_statuses: bool,
    /// Share of steps by chance that cancel one line of a live package of several lines (case 9).
    pub cancelled_lines: f64,
    /// Share of orders that come from another seller: `createdBy` "transfer" and the id of a package
    /// that this store never had (case 19).
    pub transfers: f64,
    /// Share of packages that come without an address and tracking number at first, and with them
    /// after [`Self::address_delay`], otherwise unchanged (case 10).
    pub late_addresses: f64,
    /// How long a late address takes.
    pub address_delay: RangeInclusive<Duration>,
    /// Whether fields have the values that were seen live and not those of the guide: `supplierId` 0,
    /// `channelId` 9, some `commission` null (case 28).
    pub live_fields: bool,
}

impl Default for PackageQuirks {
    fn default() -> Self {
        Self {
            origins: Origins::Always,
            first_origin: false,
            parts_delay: Duration::ZERO..=Duration::ZERO,
            parts_unpacked_first: 0.0,
            splits_again: 0.0,
            line_ids: LineIds::Mixed,
            awaiting_id: AwaitingId::Real,
            official_awaiting: false,
            undated: 0.0,
            equal_dates: 0.0,
            zero_histories: 0.0,
            statuses_differ: 0.0,
            rare_statuses: false,
            cancelled_lines: 0.0,
            transfers: 0.0,
            late_addresses: 0.0,
            address_delay: Duration::from_mins(4)..=Duration::from_mins(4),
            live_fields: false,
        }
    }
}

impl PackageQuirks {
    /// All of them at once, each as often and as badly as chance says.
    pub fn all(rng: &mut Rng) -> Self {
        let pick =
            |rng: &mut Rng, most: u64| Duration::ZERO..=Duration::from_secs(rng.u64(1..=most));
        Self {
            origins: mostly(rng, Origins::CancelOnly, &[Origins::Always, Origins::Never]),
            first_origin: rng.bool(),
            parts_delay: pick(rng, 240),
            parts_unpacked_first: rng.f64(),
            splits_again: 0.5 * rng.f64(),
            line_ids: mostly(rng, LineIds::Mixed, &[LineIds::Kept, LineIds::New]),
            awaiting_id: AwaitingId::ALL[rng.usize(..AwaitingId::ALL.len())],
            official_awaiting: rng.bool(),
            undated: 0.2 * rng.f64(),
            equal_dates: 0.3 * rng.f64(),
            zero_histories: 0.2 * rng.f64(),
            statuses_differ: 0.5 * rng.f64(),
            rare_statuses: true,
            cancelled_lines: 0.2 * rng.f64(),
            transfers: 0.05 * rng.f64(),
            late_addresses: 0.3 * rng.f64(),
            address_delay: pick(rng, 600),
            live_fields: chance(0.5, rng),
        }
    }
}

/// Which packages say in `originPackageIds` what they took the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Every part.
    Always,
    /// Parts of a cancellation; those of a split do not. So it was measured live.
    CancelOnly,
    Never,
}

/// What becomes of `lineId` in a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineIds {
    /// A whole line keeps its id; of a line that is divided, one half does.
    Mixed,
    /// Every line keeps it, both halves of a divided one too.
    Kept,
    /// Every line of a part gets a new one.
    New,
}

/// What stands in the place of an id while a package is `Awaiting`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwaitingId {
    /// Its own.
    Real,
    /// 0.
    Zero,
    /// The text "0".
    ZeroText,
    /// `null`, beside an `id` that is 0.
    Null,
    /// -1.
    Negative,
}

impl AwaitingId {
    pub const ALL: [Self; 5] = [
        Self::Real,
        Self::Zero,
        Self::ZeroText,
        Self::Null,
        Self::Negative,
    ];
}
