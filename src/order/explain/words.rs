//! The reason as a sentence, what happens next, and how to fix it.

use super::{Explanation, Next, NoFallback, NotAdopted, Pause, Why};
use crate::{
    order::words::shop_status,
    text::{Lang, Say, fill, format::Format, sentences},
};

sentences!("why");

impl Why {
    /// The name that scripts and pages use.
    #[must_use]
    pub(crate) const fn as_str(&self) -> &'static str {
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

    /// How people can fix it, where there is something to fix.
    #[must_use]
    pub(crate) const fn fix(&self, lang: Lang) -> Option<&'static str> {
        match self {
            Self::Held(reason) => Some(reason.fix(lang)),
            // No `map`: the function is constant.
            _ => match why_fix(self) {
                Some(say) => Some(lang.pick(say)),
                None => None,
            },
        }
    }

    /// The reason as a clause without a full stop.
    #[must_use]
    pub(crate) fn clause(&self, format: &Format) -> String {
        match self {
            Self::Held(reason) => reason.clause(format.lang).to_owned(),
            _ => why_said(self, format.lang, &self.blanks(format)),
        }
    }

    fn blanks(&self, format: &Format) -> WhyBlanks {
        let clauses = Clause::of(format.lang);
        let mut blanks = WhyBlanks::default();

        match self {
            Self::Decided { status } => blanks.value = format.named(shop_status(status), status),
            Self::TooOld { limit } => blanks.value = format.span(*limit),
            Self::ManualRouting { mode: name }
            | Self::OtherRoute {
                provider_type: name,
            }
            | Self::PanelDisabled { name }
            | Self::Refused(Some(
                NoFallback::OtherKind { name, .. } | NoFallback::WouldNotHelp { name },
            )) => blanks.value = format.outside(name),
            Self::OtherKind { name, kind } => {
                blanks.value = format.outside(&format!("{name} ({kind})"));
            }
            Self::Paused(pause) => {
                blanks.time = format.time(pause.at);
                blanks.who = format.outside(&pause.who);
                blanks.value = format.outside(&pause.why);
            }
            Self::BreakerOpen(open) => open.reason.said(format.lang).clone_into(&mut blanks.value),
            Self::Unreachable { tries: times, .. } | Self::ChecksRanOut { checks: times } => {
                blanks.value = format.times(*times);
            }
            Self::Accepted { errors } => blanks.errors = failing(*errors, format),
            Self::Processing {
                checks: times,
                errors,
            }
            | Self::Unconfirmed {
                unknowns: times,
                errors,
            } => {
                blanks.value = format.times(*times);
                blanks.errors = failing(*errors, format);
            }
            Self::SettledBought(ending) | Self::SettledNotBought(ending) => {
                let who = ending.who.as_deref().unwrap_or(clauses.someone);
                let parts: Vec<&str> = [Some(who), ending.why.as_deref()]
                    .into_iter()
                    .flatten()
                    .collect();
                blanks.value = format.outside(&parts.join(": "));
            }
            _ => {}
        }

        blanks
    }
}

fn failing(errors: u32, format: &Format) -> String {
    match errors {
        0 => String::new(),
        errors => Clause::of(format.lang).failing(&format.times(errors)),
    }
}

impl Explanation {
    /// Why it waits or how it ended, and what happens next.
    #[must_use]
    pub(crate) fn sentence(&self, format: &Format) -> String {
        Clause::of(format.lang).and_next(&self.why.clause(format), &self.what_next(format))
    }

    fn what_next(&self, format: &Format) -> String {
        let time = |at| format!("{} ({})", format.time(at), format.distance(at));
        let value = match (self.next, self.ended) {
            (Next::At(at) | Next::Learned { at, .. } | Next::Late(at) | Next::Probe(at), _) => {
                time(at)
            }
            (Next::Sweep(Some(every)), _) => format.span(every),
            (Next::Never, Some(at)) => return Clause::of(format.lang).final_since(&time(at)),
            _ => String::new(),
        };

        let half = match self.next {
            Next::Learned { half, .. } => format.span(half),
            _ => String::new(),
        };
        next_said(&self.next, format.lang, &NextBlanks { half, value })
    }
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence(&Format::plain(self.now)))
    }
}
