//! The warnings in English, with what to do about each.

use rust_decimal::Decimal;

use super::Condition;
use crate::{order::HoldReason, overview::MANY};

impl Condition {
    /// Which panel, job or address it is about.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::BreakerOpen { panel, .. }
            | Self::BalanceLow { panel, .. }
            | Self::SpendingNear { panel, .. }
            | Self::SecondDispatcher { panel, .. }
            | Self::BalanceUnexplained { panel, .. }
            | Self::SpendingReached { panel, .. } => Some(&panel.name),
            Self::Paused { panel, .. } => panel.as_deref(),
            Self::JobMissing { job, .. } | Self::JobFailing { job, .. } => Some(job),
            Self::NoticesFailing { endpoint, .. }
            | Self::NoticesGivenUp { endpoint, .. }
            | Self::NoticesStranded { endpoint, .. } => Some(endpoint),
            _ => None,
        }
    }

    /// What is the matter, in a sentence without the time since when.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub fn sentence(&self) -> String {
        match self {
            Self::NoDaemon { .. } => {
                "No daemon is running: nothing is bought and nothing is watched.".to_owned()
            }
            Self::DaemonStuck { loops } => {
                format!(
                    "A part of the daemon does not turn any more: {}.",
                    loops.join(", ")
                )
            }
            Self::ReloadRefused {} => {
                "The last reload was refused: the daemon runs on its old settings.".to_owned()
            }
            Self::NotTakenUp { orders } => {
                format!("{} to be bought, and nobody takes them up.", wait(*orders))
            }
            Self::Late { orders } => format!(
                "{} late: due for more than a minute, or past the time limit.",
                are(*orders, "order")
            ),
            Self::Unconfirmed { orders } => format!(
                "{} may have been bought; the panel is being asked.",
                many(*orders, "order")
            ),
            Self::Held { groups } => {
                let all: u64 = groups.iter().map(|group| group.orders).sum();
                let each: Vec<String> = groups
                    .iter()
                    .map(|group| format!("{} {}", group.orders, held_for(group.reason)))
                    .collect();
                format!("{} for a person: {}.", wait(all), each.join(", "))
            }
            Self::Unsettled { orders, told } => format!(
                "{} and the shop has not settled {}{}.",
                ended(*orders),
                if *orders == 1 { "it" } else { "them" },
                if *told { "" } else { "; nobody is told of it" }
            ),
            Self::NotWatched { orders } => format!(
                "{} for an answer, and no daemon asks the panels.",
                wait(*orders)
            ),
            Self::BreakerOpen { panel, reason, .. } => {
                format!("{} is left alone: {}.", panel.name, reason.sentence())
            }
            Self::BalanceLow {
                panel,
                balance,
                limit,
            } => match limit {
                Some(limit) if *balance > Decimal::ZERO => format!(
                    "The balance at {} is {}, less than {}.",
                    panel.name,
                    money(*balance),
                    money(*limit)
                ),
                _ => format!(
                    "The account at {} is empty: {}.",
                    panel.name,
                    money(*balance)
                ),
            },
            Self::SpendingNear {
                panel,
                spent,
                limit,
            } => format!(
                "{} of {} were spent at {} in 24 hours.",
                money(*spent),
                money(*limit),
                panel.name
            ),
            Self::SpendingReached {
                panel,
                spent,
                limit,
            } => format!(
                "The spending limit at {} is reached ({} of {} in 24 hours); new orders are held.",
                panel.name,
                money(*spent),
                money(*limit)
            ),
            Self::SecondDispatcher { panel, orders } => format!(
                "Somebody else buys at {} too: {} of ours {} another purchase in the shop.",
                panel.name,
                many(*orders, "order"),
                if *orders == 1 { "names" } else { "name" }
            ),
            Self::BalanceUnexplained { panel, amount } => format!(
                "The balance at {} fell by {} in 24 hours that orderwatch did not spend.",
                panel.name,
                money(*amount)
            ),
            Self::PlayerFields { products } => format!(
                "{} sold with player fields that nobody has confirmed by a real order.",
                are(*products, "product")
            ),
            Self::Paused { panel, who, why } => match panel {
                Some(name) => format!("Buying at {name} is paused by {who}: {why}"),
                None => format!("Buying is paused everywhere by {who}: {why}"),
            },
            Self::NotBuying { shadow: true } => {
                "Shadow mode: what would be bought is only written down.".to_owned()
            }
            Self::NotBuying { shadow: false } => "Buying is switched off.".to_owned(),
            Self::JobMissing { job, .. } => format!("The job {job} does not come."),
            Self::JobFailing { job, error } => {
                format!("The last pass of {job} failed{}", because(error.as_deref()))
            }
            Self::PushFailing { error, .. } => {
                format!("Stock could not be sent{}", because(error.as_deref()))
            }
            Self::StockPaused { who, why } => {
                format!("No stock is sent to Trendyol: paused by {who}: {why}")
            }
            Self::WebhookSilent {} => {
                "Trendyol does not call about orders: they are read with the pulls alone."
                    .to_owned()
            }
            Self::OrdersStale { read_at: Some(_) } => {
                "Trendyol's orders were not read lately: stock is only lowered.".to_owned()
            }
            Self::OrdersStale { read_at: None } => {
                "Trendyol's orders were never read: stock is only lowered.".to_owned()
            }
            Self::ShippedUntaken { packages } => format!(
                "Shipped although nobody took the pieces from the shelves, and so still reserved: {}.",
                many(*packages, "package")
            ),
            Self::UnknownOrderTables { tables } => format!(
                "The warehouse has tables of orders that orderwatch does not know: {}. What stands there counts as sold.",
                tables.join(", ")
            ),
            Self::Quarantine { items } => {
                format!(
                    "Trendyol has refused {}, to be sent again later.",
                    many(*items, "barcode")
                )
            }
            Self::NoticesFailing { endpoint, notices } => {
                format!("{endpoint} does not take its notices: {notices} wait.")
            }
            Self::NoticesGivenUp { endpoint, notices } => {
                format!("Notices to {endpoint} were given up in the last 24 hours: {notices}.")
            }
            Self::NoticesStranded { endpoint, notices } => format!(
                "{} for {endpoint}, which is not in the configuration.",
                if *notices == 1 {
                    "1 notice waits".to_owned()
                } else {
                    format!("{notices} notices wait")
                }
            ),
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::NoDaemon { .. } => {
                "Start it: `systemctl start orderwatch`, or `orderwatch run`; its log says why it ended."
            }
            Self::DaemonStuck { .. } => {
                "Look into its log; if it does not come back, `systemctl restart orderwatch`. Nothing is lost."
            }
            Self::ReloadRefused {} => {
                "`orderwatch config check` or the daemon's log names the fault; correct it and reload."
            }
            Self::NotTakenUp { .. } => "`orderwatch doctor` says what keeps orders from flowing.",
            Self::Late { .. } => {
                "`orderwatch order list --late`, then `orderwatch order explain ORDER`."
            }
            Self::Unconfirmed { .. } => {
                "Wait: it settles by itself, or is held for a decision. `orderwatch order list --stage unconfirmed`."
            }
            Self::Held { .. } => "`orderwatch order list --held` names each with what releases it.",
            Self::Unsettled { told: false, .. } => {
                "Configure [[notify.webhook]] (or LISTEN orderwatch_settled) so that the shop settles them; see README, \"When an order is settled\"."
            }
            Self::Unsettled { told: true, .. } => {
                "Look what the shop's listener answers, or settle them in the shop: `orderwatch order list`."
            }
            Self::NotWatched { .. } => "Set poll.enabled = true and reload.",
            Self::BreakerOpen { .. } => {
                "Look whether the panel works and the account is right (`orderwatch doctor`); it is tried again by itself."
            }
            Self::BalanceLow { .. } => "Top the account up at the panel.",
            Self::SpendingNear { .. } => {
                "Look whether the purchases are right; raise dispatch.daily_limit if they are."
            }
            Self::SpendingReached { .. } => {
                "Look whether the purchases are right; raise dispatch.daily_limit, then retry the held orders."
            }
            Self::SecondDispatcher { .. } => {
                "Switch the shop's own sending off (README, \"Switching over\"), check at the panel whether they were bought twice, then `orderwatch resume --integration ID`."
            }
            Self::BalanceUnexplained { .. } => {
                "Look at the panel who buys there: staff by hand, or a second dispatcher (`orderwatch doctor`)."
            }
            Self::PlayerFields { .. } => {
                "Check with a customer of each that the goods reached the right account, then `orderwatch order confirm ORDER`; otherwise change znet.player_fields. `orderwatch doctor` names them."
            }
            Self::Paused { .. } => "`orderwatch resume` once the cause is gone.",
            Self::NotBuying { shadow: true } => {
                "Compare with `orderwatch shadow`, then set dispatch.mode = \"live\"."
            }
            Self::NotBuying { shadow: false } => "Set dispatch.enabled = true and reload.",
            Self::JobMissing { .. } => {
                "Look into the daemon's log; `orderwatch once JOB` runs it by hand."
            }
            Self::JobFailing { .. } => {
                "It is tried again by itself; `orderwatch once JOB` shows at once whether the cause is gone."
            }
            Self::PushFailing { .. } => {
                "`orderwatch stock log` shows the passes; `orderwatch stock push` tries now."
            }
            Self::StockPaused { .. } => "`orderwatch stock resume` once the cause is gone.",
            Self::WebhookSilent {} => {
                "`orderwatch trendyol webhook list` shows whom it calls; `register` has it called again."
            }
            Self::OrdersStale { .. } => {
                "`orderwatch once pull-orders` shows what is wrong; stock goes up again by itself."
            }
            Self::ShippedUntaken { .. } => {
                "`orderwatch stock plan` names them; then `orderwatch pick ORDER` takes the pieces, or `orderwatch stock release ORDER` says that they were not taken from here."
            }
            Self::UnknownOrderTables { .. } => {
                "Look whether they hold open orders; a newer version of orderwatch may know them."
            }
            Self::Quarantine { .. } => {
                "`orderwatch stock plan` names them with Trendyol's words; mend them in the seller panel."
            }
            Self::NoticesFailing { .. } => {
                "Look whether the address works; they are repeated for a little more than a day."
            }
            Self::NoticesGivenUp { .. } => {
                "Tell the receiver: the orders are in orderwatch.notices (given_up_at)."
            }
            Self::NoticesStranded { .. } => {
                "Put the [[notify.webhook]] with this name back, or let retention take them away."
            }
        }
    }
}

/// In TRY, with at least two decimals.
pub(crate) fn money(amount: Decimal) -> String {
    let scale = amount.normalize().scale().max(2);
    let mut amount = amount.normalize();
    amount.rescale(scale);
    format!("{amount} TRY")
}

fn because(error: Option<&str>) -> String {
    match error {
        Some(error) => format!(": {}.", error.trim_end_matches('.')),
        None => ".".to_owned(),
    }
}

fn many(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

fn are(number: u64, thing: &str) -> String {
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb}", many(number, thing))
}

fn ended(orders: u64) -> String {
    match orders {
        1 => "1 order has ended".to_owned(),
        MANY.. => format!("{MANY} orders or more have ended"),
        orders => format!("{orders} orders have ended"),
    }
}

fn wait(orders: u64) -> String {
    let verb = if orders == 1 { "waits" } else { "wait" };
    format!("{} {verb}", many(orders, "order"))
}

/// A reason in two or three words, after a number.
const fn held_for(reason: HoldReason) -> &'static str {
    match reason {
        HoldReason::NoMapping => "without a mapping",
        HoldReason::AmbiguousMapping => "mapped to several products",
        HoldReason::ForeignReference => "with a foreign reference",
        HoldReason::NoPlayerId => "without a player id",
        HoldReason::QuantityNotOne => "for several units",
        HoldReason::NotInCatalogue => "not in the catalogue",
        HoldReason::ListedWithoutOyun => "listed without oyun_bilgi_id",
        HoldReason::ListedWithoutKupur => "listed without kupur",
        HoldReason::ContradictoryRouting => "routed to no panel",
        HoldReason::PanelOfAnother => "routed to another tenant's account",
        HoldReason::IntegrationIncomplete => "at an incomplete account",
        HoldReason::Unconfirmed => "perhaps bought",
        HoldReason::NoReference => "without a reference",
        HoldReason::ReferenceShared => "with a shared reference",
        HoldReason::PinTooLong => "with too long a code",
        HoldReason::WaitedTooLong => "that waited too long",
        HoldReason::DailyLimit => "over the limit",
        HoldReason::ShopRowRefused => "refused by the shop's database",
        HoldReason::DecidedThenDelivered => "decided by staff, delivered by the panel",
        HoldReason::DecidedThenCancelled => "approved by staff, not delivered",
        HoldReason::DeliveredWithoutCode => "delivered without a code",
    }
}
