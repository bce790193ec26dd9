//! The warnings in sentences, and how to fix each. The sentences themselves are in `text/condition.toml`.

use super::Condition;
use crate::{
    overview::MANY,
    text::{Lang, Say, fill, format::Format, sentences},
};

sentences!("condition");
sentences!("job");

impl Condition {
    /// Which panel, job or address it is about.
    #[must_use]
    pub(crate) fn subject(&self) -> Option<&str> {
        match self {
            Self::BreakerOpen { panel, .. }
            | Self::BalanceLow { panel, .. }
            | Self::SpendingNear { panel, .. }
            | Self::SecondDispatcher { panel, .. }
            | Self::BalanceUnexplained { panel, .. }
            | Self::PlainHttp { panel }
            | Self::SpendingReached { panel, .. } => Some(&panel.name),
            Self::Paused { panel, .. } => panel.as_deref(),
            Self::JobOverdue { job, .. }
            | Self::JobFailing { job, .. }
            | Self::AddressBlocked { job, .. } => Some(job),
            Self::NoticesFailing { endpoint, .. }
            | Self::NoticesGivenUp { endpoint, .. }
            | Self::NoticesStranded { endpoint, .. } => Some(endpoint),
            _ => None,
        }
    }

    /// What is the matter, in a sentence without the time since when.
    #[must_use]
    pub(crate) fn sentence(&self, format: &Format) -> String {
        condition_said(self, format.lang, &self.blanks(format))
    }

    /// How to fix it.
    #[must_use]
    pub(crate) const fn fix(&self, lang: Lang) -> &'static str {
        lang.pick(condition_fix(self))
    }

    #[expect(clippy::too_many_lines, reason = "a line or two for each condition")]
    fn blanks(&self, format: &Format) -> ConditionBlanks {
        let money = |amount| format.money(amount, "TRY");
        let mut blanks = ConditionBlanks::default();

        // Names and reasons come from outside and must not turn the direction of the sentence.
        match self {
            Self::NoDaemon { .. }
            | Self::ReloadRefused {}
            | Self::NotBuying { .. }
            | Self::WebhookSilent {} => {}
            Self::WorkerStalled { loops: names } | Self::UnknownOrderTables { tables: names } => {
                blanks.subject = format.list(names);
            }
            // The shop's orders are counted up to a limit only.
            Self::Unsettled { orders: MANY.., .. } => {
                blanks.count = format!("{}+", format.count(MANY));
            }
            Self::NotClaimed { orders }
            | Self::Late { orders }
            | Self::Unconfirmed { orders }
            | Self::NotWatched { orders }
            | Self::PlayerFields { products: orders }
            | Self::ShippedUntaken { packages: orders }
            | Self::Unsettled { orders, .. }
            | Self::Quarantine { items: orders } => blanks.count = format.count(orders),
            Self::Held { groups } => {
                let all: u64 = groups.iter().map(|group| group.orders).sum();
                blanks.count = format.count(all);
                let each = groups.iter().map(|group| {
                    let label = group.reason.label(format.lang);
                    format!("{label}: {}", format.count(group.orders))
                });
                blanks.subject = format.list(&each.collect::<Vec<_>>());
            }
            Self::SoldAtALoss { groups } => {
                let all: u64 = groups.iter().map(|group| group.orders).sum();
                blanks.count = format.count(all);
                blanks.amount = money(groups.iter().map(|group| group.loss).sum());
                let each = groups.iter().map(|group| {
                    let package = group.package.as_deref().unwrap_or("?");
                    let (package, orders) = (format.outside(package), format.count(group.orders));
                    format!("{package}: {orders}, {}", money(group.loss))
                });
                blanks.subject = format.list(&each.collect::<Vec<_>>());
            }
            Self::BreakerOpen {
                panel,
                reason,
                until,
            } => {
                blanks.subject = format.outside(&panel.name);
                reason.said(format.lang).clone_into(&mut blanks.detail);
                blanks.time = format.time(*until);
            }
            Self::BalanceLow {
                panel,
                balance,
                limit,
            } => {
                blanks.subject = format.outside(&panel.name);
                blanks.amount = money(*balance);
                blanks.limit = limit.map(money).unwrap_or_default();
            }
            Self::SpendingNear {
                panel,
                spent,
                limit,
            }
            | Self::SpendingReached {
                panel,
                spent,
                limit,
            } => {
                blanks.subject = format.outside(&panel.name);
                blanks.amount = money(*spent);
                blanks.limit = money(*limit);
            }
            Self::SecondDispatcher { panel, orders } => {
                blanks.subject = format.outside(&panel.name);
                blanks.count = format.count(orders);
            }
            Self::BalanceUnexplained { panel, amount } => {
                blanks.subject = format.outside(&panel.name);
                blanks.amount = money(*amount);
            }
            Self::PlainHttp { panel } => blanks.subject = format.outside(&panel.name),
            Self::Paused { panel, who, why } => {
                blanks.subject = format.outside(who);
                blanks.detail = format.outside(why);
                blanks.place = format.outside(panel.as_deref().unwrap_or_default());
            }
            Self::JobOverdue { job, expected } => {
                blanks.subject = job_name(job, format);
                blanks.time = format.time(*expected);
            }
            Self::JobFailing { job, error } | Self::AddressBlocked { job, error } => {
                blanks.subject = job_name(job, format);
                blanks.detail = failure(error.as_deref(), format);
            }
            Self::PushFailing { error, .. } => {
                blanks.detail = failure(error.as_deref(), format);
            }
            Self::StockPaused { who, why } => {
                blanks.subject = format.outside(who);
                blanks.detail = format.outside(why);
            }
            Self::OrdersStale { read_at } => {
                blanks.time = read_at.map_or_else(|| format.never(), |at| format.time(at));
            }
            Self::NoticesFailing { endpoint, notices }
            | Self::NoticesGivenUp { endpoint, notices }
            | Self::NoticesStranded { endpoint, notices } => {
                blanks.subject = format.outside(endpoint);
                blanks.count = format.count(notices);
            }
        }

        blanks
    }
}

/// What a run said when it failed, with a full stop.
fn failure(error: Option<&str>, format: &Format) -> String {
    let error = error.unwrap_or(format.unknown_error());
    // The sentence brings its own full stop.
    let error = trouble(error.trim_end_matches('.'), format.lang);
    format!("{}.", format.outside(&error))
}

/// What a failed run said, in the reader's language as far as the words are ours.
pub(crate) fn trouble(text: &str, lang: Lang) -> String {
    // The rest of such a text is what the store said, in its words.
    let refuses = lang.pick([
        "Trendyol refuses ",
        "Trendyol'un reddettiği: ",
        "رفضت Trendyol \u{200f}",
    ]);
    text.replace("Trendyol refuses ", refuses)
}

/// What a periodic job is called; one that only a later version knows keeps its name, as all do for
/// programs and on the command line, which starts them by it.
pub(crate) fn job_name(name: &str, format: &Format) -> String {
    let known = if format.plain { None } else { job(name) };
    known.map_or_else(|| name.to_owned(), |say| format.lang.pick(say).to_owned())
}
