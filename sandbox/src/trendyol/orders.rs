//! The two ways to read packages: by page and by cursor.

mod cursor;

use std::ops::{Range, RangeInclusive};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;

use self::cursor::Cursor;
pub(super) use self::cursor::Cursors;
use super::{
    answer::Problem,
    call::Query,
    feed::{Feed, Place, Shown},
    json,
    package::{AHEAD, Package},
    quirks::{AnswerQuirks, Quirks},
    times::{chance, span},
};

/// How far pages reach, in packages.
const REACH: usize = 10_000;
/// Longest span of the dates of one request.
const LONGEST: TimeDelta = TimeDelta::days(14);
/// Dates that a request may name, in milliseconds: 1970 to 2100.
const SANE: RangeInclusive<i64> = 0..=4_102_444_800_000;
/// Most packages of one page.
const LARGEST: usize = 200;

/// What both ways need.
pub(super) struct Reader<'a> {
    pub(super) feed: &'a Feed,
    pub(super) quirks: &'a Quirks,
    pub(super) seller: u64,
    pub(super) now: DateTime<Utc>,
}

/// How a question for an order is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookUp {
    /// With its packages.
    Right,
    /// With none.
    Nothing,
    /// With packages of other orders.
    Others,
}

impl LookUp {
    /// By chance.
    pub(super) fn draw(quirks: &AnswerQuirks, rng: &mut Rng) -> Self {
        if chance(quirks.no_order, rng) {
            Self::Nothing
        } else if chance(quirks.other_orders, rng) {
            Self::Others
        } else {
            Self::Right
        }
    }
}

/// The dates that an endpoint reaches.
struct Reach {
    start: &'static str,
    end: &'static str,
    /// What a request without dates gets.
    default: TimeDelta,
    history: TimeDelta,
}

const PAGES: Reach = Reach {
    start: "startDate",
    end: "endDate",
    default: TimeDelta::days(7),
    history: TimeDelta::days(30),
};

const STREAM: Reach = Reach {
    start: "lastModifiedStartDate",
    end: "lastModifiedEndDate",
    default: TimeDelta::days(14),
    history: TimeDelta::days(90),
};

impl Reader<'_> {
    /// The dates of a request: its first moment belongs to them, its last does not.
    fn dates(&self, query: &Query<'_>, reach: &Reach) -> Result<Range<DateTime<Utc>>, Problem> {
        let start = self.date(query, reach.start)?;
        let end = self.date(query, reach.end)?;
        let open = DateTime::<Utc>::MAX_UTC;
        let (start, end) = match (start, end) {
            (None, None) => (self.now - reach.default, open),
            (Some(start), None) => (start, open),
            (None, Some(end)) => (end - reach.default, end),
            (Some(start), Some(end)) => (start, end),
        };
        let until = if end == open {
            self.now.max(start)
        } else {
            end
        };
        let longest = self
            .quirks
            .answers
            .longest_window
            .map(|most| start + span(most));
        if let Some(cut) = longest.filter(|cut| *cut < until) {
            return Ok(start.max(self.now - reach.history)..cut);
        }
        if until < start || until - start > LONGEST {
            return Err(Problem::invalid(reach.start));
        }
        Ok(start.max(self.now - reach.history)..end)
    }

    fn date(&self, query: &Query<'_>, key: &'static str) -> Result<Option<DateTime<Utc>>, Problem> {
        let Some(millis) = query.number(key)? else {
            return Ok(None);
        };
        let date = DateTime::from_timestamp_millis(millis);
        let date = date.filter(|_| SANE.contains(&millis));
        let date = date.ok_or_else(|| Problem::invalid(key))?;
        Ok(Some(if self.quirks.istanbul_dates {
            date - AHEAD
        } else {
            date
        }))
    }

    fn text<'s>(&self, shown: &'s Shown) -> &'s str {
        shown.json(|package| package.json(self.quirks, self.seller))
    }

    /// One page.
    pub(super) fn page(&self, query: &Query<'_>, look: LookUp) -> Result<String, Problem> {
        let size = self.size(query, LARGEST)?;
        let page = query.count("page")?.unwrap_or(0);
        let first = page.saturating_mul(size);
        if first.saturating_add(size) > REACH {
            return Err(Problem::too_many(None));
        }
        let found = self.listed(query, look)?;
        let here = found.iter().skip(first).take(size);
        Ok(json::object(self.quirks.names, |o| {
            o.raw("totalElements", found.len())
                .raw("totalPages", found.len().div_ceil(size))
                .raw("page", page)
                .raw("size", size)
                .written("content", here.map(|shown| self.text(shown)));
        }))
    }

    /// Packages of one page.
    fn size(&self, query: &Query<'_>, default: usize) -> Result<usize, Problem> {
        let asked = query.count("size")?.unwrap_or(default);
        if self.quirks.answers.clipped_size && asked > LARGEST {
            return Ok(LARGEST);
        }
        query.size(default, LARGEST)
    }

    /// The packages of an order, as far as the quirks tell of them.
    fn of_order(&self, number: &str, look: LookUp) -> Vec<&Shown> {
        let mut found = match look {
            LookUp::Right => self.feed.of_order(number),
            LookUp::Nothing => Vec::new(),
            LookUp::Others => {
                let any = self.feed.newest(self.now - PAGES.default..self.now, None);
                let others = any.filter(|shown| shown.package.order_number != number);
                others.take(LARGEST).collect()
            }
        };
        if let Some(last) = self.quirks.answers.orders_last {
            found.retain(|shown| self.now - shown.package.last_modified <= span(last));
        }
        found
    }

    /// Everything that the pages of a request are about, in their order.
    fn listed(&self, query: &Query<'_>, look: LookUp) -> Result<Vec<&Shown>, Problem> {
        let statuses: Vec<&str> = query.all("status").collect();
        let takes = |shown: &&Shown| matches(&statuses, shown.package.status.as_str());
        let mut found: Vec<&Shown> = match (query.get("orderNumber"), ids(query)?) {
            // Neither look-up knows a window.
            (Some(number), _) => self.of_order(number, look),
            (None, ids) if !ids.is_empty() => {
                ids.iter().filter_map(|id| self.feed.get(*id)).collect()
            }
            (None, _) => {
                let dates = self.dates(query, &PAGES)?;
                self.feed.newest(dates, None).collect()
            }
        };
        found.retain(takes);
        match query.get("orderByField") {
            None | Some("PackageLastModifiedDate") => {}
            Some("CreatedDate") => found.sort_by_key(|s| std::cmp::Reverse(created(&s.package))),
            Some(_) => return Err(Problem::invalid("orderByField")),
        }
        match query.get("orderByDirection") {
            None | Some("DESC") => {}
            Some("ASC") => found.reverse(),
            Some(_) => return Err(Problem::invalid("orderByDirection")),
        }
        Ok(found)
    }

    /// One step of the stream.
    pub(super) fn stream(
        &self,
        query: &Query<'_>,
        cursors: &mut Cursors,
        rng: &mut Rng,
    ) -> Result<String, Problem> {
        let size = self.size(query, 50)?;
        let asked = asked(query);
        let (dates, before) = match query.get("nextCursor") {
            None => (self.dates(query, &STREAM)?, None),
            Some(id) => {
                let cursor = cursors.find(id, &asked, self.now)?;
                (cursor.dates.clone(), Some(cursor.before))
            }
        };
        let statuses: Vec<&str> = query.all("packageItemStatuses").collect();
        let rest = self.feed.newest(dates.clone(), before);
        let mut rest = rest.filter(|shown| matches(&statuses, shown.package.status.as_str()));
        let here: Vec<&Shown> = rest.by_ref().take(size).collect();
        let last = here.last().map(|shown| shown.place());
        let next = rest.next().and(last).map(|before| {
            let expires = self.now + span(self.quirks.cursors_last);
            cursors.hand_out(
                Cursor {
                    asked,
                    dates,
                    before,
                    expires,
                },
                self.quirks.answers.base64_cursors,
                rng,
                self.now,
            )
        });
        Ok(json::object(self.quirks.names, |o| {
            o.raw("hasMore", next.is_some())
                .text("nextCursor", next.as_deref().unwrap_or_default())
                .raw(
                    "size",
                    if self.quirks.answers.counted_size {
                        here.len()
                    } else {
                        size
                    },
                )
                .written("content", here.iter().map(|shown| self.text(shown)));
        }))
    }
}

fn created(package: &Package) -> Place {
    (package.created, package.id)
}

/// The packages that a request names.
fn ids(query: &Query<'_>) -> Result<Vec<i64>, Problem> {
    let key = "shipmentPackageIds";
    let ids = query.all(key).map(str::parse);
    let ids: Vec<i64> = ids
        .collect::<Result<_, _>>()
        .map_err(|_| Problem::invalid(key))?;
    if ids.len() > 50 {
        return Err(Problem::invalid(key));
    }
    Ok(ids)
}

/// Whether a state is among those that are asked for; none means any.
fn matches(statuses: &[&str], status: &str) -> bool {
    statuses.is_empty() || statuses.contains(&status)
}

/// The filters of a request, which must stay the same as long as its cursor is followed.
fn asked(query: &Query<'_>) -> [String; 3] {
    ["packageItemStatuses", STREAM.start, STREAM.end]
        .map(|key| query.get(key).unwrap_or_default().to_owned())
}
