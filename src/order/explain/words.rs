//! The reason as a sentence, and what to do about it.

use std::{fmt, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Ending, Explanation, Next, NoFallback, NotAdopted, Pause, Why};

/// What to do with an order that ran out of time; also what `order resolve` says of one.
pub const AFTER_TIMEOUT: &str = "Look for the reference at the panel, then approve or reject the order in the shop: \
     orderwatch does not touch it any more.";

impl Why {
    /// The name that scripts and pages use.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Decided { .. } => "decided_by_staff",
            Self::SentByShop => "sent_by_shop",
            Self::LeftToShop(_) => "left_to_shop",
            Self::Forwarded => "forwarded_to_tenant",
            Self::TooOld { .. } => "too_old",
            Self::NoRoute => "no_route",
            Self::ManualRouting { .. } => "manual_routing",
            Self::OtherRoute { .. } => "other_provider_type",
            Self::RouteToNowhere => "route_to_nowhere",
            Self::PanelOfAnother => "panel_of_another_tenant",
            Self::OtherKind { .. } => "other_kind_of_provider",
            Self::PanelDisabled { .. } => "panel_disabled",
            Self::Paused(_) => "paused",
            Self::BreakerOpen(_) => "breaker_open",
            Self::BuyingOff => "buying_off",
            Self::Shadow => "shadow_mode",
            Self::Ready => "ready",
            Self::Unreachable { .. } => "panel_unreachable",
            Self::FallsBack => "falls_back",
            Self::Resend => "resend",
            Self::Expired => "expired",
            Self::PanelGone => "panel_gone",
            Self::RowGone => "row_gone",
            Self::Sending => "sending",
            Self::CutOff => "cut_off",
            Self::Asking => "asking",
            Self::Accepted { .. } => "accepted",
            Self::Processing { .. } => "processing",
            Self::ChecksRanOut { .. } => "checks_ran_out",
            Self::LastCheck => "last_check",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::Held(_) => "held",
            Self::Completed => "completed",
            Self::SettledBought(_) => "settled_bought",
            Self::Refused(_) => "refused",
            Self::Cancelled => "cancelled",
            Self::SettledNotBought(_) => "settled_not_bought",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::NeverSent => "never_sent",
            Self::WithdrawnRowGone => "withdrawn_row_gone",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// What a person can do about it, where there is something to do.
    #[must_use]
    pub const fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::Held(reason) => reason.remedy(),
            Self::TooOld { .. } => {
                "Buy it by hand, or raise dispatch.max_order_age if such orders are to be bought."
            }
            Self::NoRoute => "Give the package a route in the shop.",
            Self::ManualRouting { .. } => {
                "Handle the order by hand, or set the package's routing to auto."
            }
            Self::RouteToNowhere | Self::PanelOfAnother => {
                "Choose a panel of this tenant in the package's routing."
            }
            Self::Forwarded => {
                "Look at the neighbouring tenant's order, which externalOrderId names; dispatch.buy_chained buys what came along a chain."
            }
            Self::PanelDisabled { .. } => {
                "Switch the integration on, or route the package to another panel."
            }
            Self::Paused(pause) if pause.everywhere => "Resume buying: `orderwatch resume`.",
            Self::Paused(_) => "Resume buying at this panel: `orderwatch resume --integration ID`.",
            Self::BuyingOff => "Set dispatch.enabled = true and restart the daemon.",
            Self::Shadow => "Set dispatch.mode = \"live\" and restart the daemon.",
            Self::TimedOut => AFTER_TIMEOUT,
            Self::Unconfirmed { .. } => {
                "If you know what became of it: `orderwatch order resolve`."
            }
            _ => return None,
        })
    }

    /// The reason as a clause without a full stop; times are in UTC.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table: one clause for each reason")]
    pub fn clause(&self) -> String {
        match self {
            Self::Decided { status } => {
                format!("Staff decided it in the shop (status {status:?}), so it is not bought")
            }
            Self::SentByShop => "The shop sent it itself; orderwatch will watch it".to_owned(),
            Self::LeftToShop(why) => {
                format!("The shop sent it itself and it is left alone: {}", why.words())
            }
            Self::Forwarded => {
                "It was forwarded to another tenant, or came from one; the shop follows it".to_owned()
            }
            Self::TooOld { limit } => format!(
                "It is older than {}, so it is left alone",
                span(*limit)
            ),
            Self::NoRoute => "Its package has no route, so nobody buys it".to_owned(),
            Self::ManualRouting { mode } => {
                format!("Its package is routed by hand (mode {mode:?}), so it is left to staff")
            }
            Self::OtherRoute { provider_type } => format!(
                "Its package is routed to {provider_type:?} and not to an outside panel, so it is left to the shop"
            ),
            Self::RouteToNowhere => {
                "Its package is routed automatically but to no panel that exists; it will be held"
                    .to_owned()
            }
            Self::PanelOfAnother => {
                "Its route leads to an account of another tenant; it will be held".to_owned()
            }
            Self::OtherKind { name, kind } => format!(
                "Its package is routed to {name:?}, of a kind ({kind:?}) that orderwatch does not talk to, so it is left to the shop"
            ),
            Self::PanelDisabled { name } => {
                format!("Its panel {name:?} is switched off in the shop")
            }
            Self::Paused(pause) => pause.words(),
            Self::BreakerOpen(breaker) => {
                format!(
                    "Its panel is left alone until a probe succeeds: {}",
                    breaker.reason.sentence()
                )
            }
            Self::BuyingOff => "Buying is switched off in the configuration".to_owned(),
            Self::Shadow => {
                "orderwatch runs in shadow mode and only writes down what it would buy".to_owned()
            }
            Self::Ready => "Nothing keeps it from being sent".to_owned(),
            Self::Unreachable { tries, sure: true } => format!(
                "Its panel could not be reached ({}); nothing was bought",
                times(*tries)
            ),
            Self::Unreachable { tries, sure: false } => format!(
                "It is to be sent a second time, but its panel could not be reached ({})",
                times(*tries)
            ),
            Self::FallsBack => {
                "The first panel refused it; it goes to the fallback panel".to_owned()
            }
            Self::Resend => {
                "It is sent a second time, with the same reference, since the panel does not have it"
                    .to_owned()
            }
            Self::Expired => {
                "It could not be sent within its time limit and is not sent any more".to_owned()
            }
            Self::PanelGone => {
                "Its panel is gone from the shop's integrations, so nobody can be asked".to_owned()
            }
            Self::RowGone => "The shop's row is gone".to_owned(),
            Self::Sending => "It is being sent to the panel right now".to_owned(),
            Self::CutOff => {
                "It was being sent when the daemon stopped; the panel is asked, nothing is sent again"
                    .to_owned()
            }
            Self::Asking => "The panel is being asked about it right now".to_owned(),
            Self::Accepted { errors } => {
                format!("The panel accepted it and has not delivered yet{}", failing(*errors))
            }
            Self::Processing { checks, errors } => format!(
                "The panel is working on it, asked {} since{}",
                times(*checks),
                failing(*errors)
            ),
            Self::ChecksRanOut { checks } => {
                format!("The panel is still working on it after {}", checked(*checks))
            }
            Self::LastCheck => "Its time limit is over; one last check decides".to_owned(),
            Self::Unconfirmed { unknowns: 0, errors } => format!(
                "It may have been bought, the panel gave no sure answer and is asked{}",
                failing(*errors)
            ),
            Self::Unconfirmed { unknowns, errors } => format!(
                "It may have been bought, the panel said {} that it does not know it{}",
                times(*unknowns),
                failing(*errors)
            ),
            Self::Held(reason) => reason.sentence().trim_end_matches('.').to_owned(),
            Self::Completed => "Delivered".to_owned(),
            Self::SettledBought(ending) => format!("Settled as bought by {}", ending.words()),
            Self::Refused(None) => "The panel refused it; nothing was bought".to_owned(),
            Self::Refused(Some(NoFallback::OtherKind { name, kind })) => format!(
                "The panel refused it; nothing was bought. Its fallback {name:?} is a {kind:?} account, which orderwatch does not talk to"
            ),
            Self::Refused(Some(NoFallback::WouldNotHelp { name })) => format!(
                "The panel refused it; nothing was bought. It did not go to its fallback {name:?}: the refusal is not about the balance or the product"
            ),
            Self::Cancelled => "The panel cancelled it".to_owned(),
            Self::SettledNotBought(ending) => {
                format!("Settled as not bought by {}", ending.words())
            }
            Self::Failed => "Refused or cancelled by the panel".to_owned(),
            Self::TimedOut => "No final answer came within the time limit".to_owned(),
            Self::NeverSent => {
                "It could not be sent within the time limit; nothing was bought".to_owned()
            }
            Self::WithdrawnRowGone => "Ended because the shop's row is gone".to_owned(),
            Self::Withdrawn => {
                "Ended because staff decided it in the shop before it was sent".to_owned()
            }
        }
    }
}

impl fmt::Display for Explanation {
    /// The sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why.clause())?;
        match self.next {
            Next::Probe(at) => write!(f, "; next probe at {}", moment(at, self.now)),
            Next::At(at) => write!(f, "; next look at {}", moment(at, self.now)),
            Next::Now => f.write_str("; next look at once"),
            Next::Late(at) => write!(
                f,
                "; it should have been looked at by {} and was not, so look whether the daemon runs",
                moment(at, self.now)
            ),
            Next::Sweep(Some(every)) => {
                write!(f, "; the sweep looks at it within {}", span(every))
            }
            Next::Sweep(None) => f.write_str("; the sweep would look at it, but is switched off"),
            Next::Resumed => f.write_str("; it is looked at as soon as buying goes on"),
            Next::Mended => f.write_str("; it is looked at as soon as that changes"),
            Next::Person => f.write_str("; it is not looked at before a person acts"),
            Next::Never => match self.ended {
                Some(at) => write!(f, "; final since {}", moment(at, self.now)),
                None => f.write_str("; it is not looked at again"),
            },
        }?;
        f.write_str(".")
    }
}

impl Pause {
    fn words(&self) -> String {
        let what = if self.everywhere {
            "Buying is paused"
        } else {
            "Buying at its panel is paused"
        };
        let at = self.at.format("%Y-%m-%d %H:%M:%S UTC");
        format!("{what} since {at} by {}: {}", self.who, self.why)
    }
}

impl Ending {
    fn words(&self) -> String {
        let who = self.who.as_deref().unwrap_or("somebody");
        match &self.why {
            Some(why) => format!("{who}: {why}"),
            None => who.to_owned(),
        }
    }
}

impl NotAdopted {
    const fn words(self) -> &'static str {
        match self {
            Self::Shadow => "in shadow mode another system watches what the shop sends",
            Self::OtherProvider => "orderwatch does not talk to its provider",
            Self::NotWaiting => "its external status is not one of an order that waits",
            Self::NoTime => "its row does not say when it was sent",
            Self::NoNumber => "its row names neither a panel nor a number to ask one by",
            Self::TooOld => "it was sent longer ago than poll.give_up_after",
        }
    }
}

fn failing(errors: u32) -> String {
    match errors {
        0 => String::new(),
        errors => format!(", though asking has failed {}", times(errors)),
    }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

fn checked(count: u32) -> String {
    match count {
        1 => "one check".to_owned(),
        count => format!("{count} checks"),
    }
}

/// A time, and how far it is from now.
fn moment(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let shown = at.format("%Y-%m-%d %H:%M:%S UTC");
    let ahead = at.signed_duration_since(now);
    if ahead > TimeDelta::zero() {
        format!("{shown} (in {})", span(ahead.to_std().unwrap_or_default()))
    } else {
        format!(
            "{shown} ({} ago)",
            span(ahead.abs().to_std().unwrap_or_default())
        )
    }
}

/// A length of time as people say it: whole seconds, at most two units.
#[must_use]
pub fn span(length: Duration) -> String {
    let whole = Duration::from_secs(length.as_secs());
    let written = humantime::format_duration(whole).to_string();
    let units: Vec<&str> = written.split(' ').take(2).collect();
    units.join(" ")
}
