//! What a person may do to an order: release a held one, or say what became of one.
//!
//! Pure: [`Facts`] in, a [`Plan`] or a [`Refusal`] out; the store carries the plan out, guarded by the
//! stage that was read here. The command line, the API and the pages ask the same question and do the
//! same thing. What must stay true:
//!
//! * an order that may have been sent keeps its panel and its reference, whatever the routing says
//!   now: sent elsewhere it could be bought twice,
//! * nothing final changes,
//! * nothing is queued that the shop no longer wants from us.

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use std::fmt;

use super::{
    HoldReason, IntegrationId, Naming, OrderId, Reference, Stage, WayOut,
    explain::{Facts, PanelFacts, ShopFacts, TrackedFacts},
    money::Loss,
    words::{shop_status, stage},
};
use crate::text::{Lang, Say, fill, format::Format, sentences};

sentences!("person");

/// What a person wants to do to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperatorAction {
    /// A held order is to be sent.
    Retry,
    /// This became of it.
    Resolve(Verdict),
}

named! {
    /// What a person says became of an order.
    #[schema(as = OrderVerdict)]
    pub(crate) enum Verdict {
        /// The panel has it.
        Bought = "bought",
        /// The panel does not have it.
        NotBought = "not-bought",
        /// The panel does not have it, and it is to be sent again with the same reference.
        SendAgain = "send-again",
        /// Staff had decided the order, and the customer gets what the panel delivered all the same.
        GiveCode = "give-code",
        /// The customer does not get it: what staff decided stands, and the code stays here.
        KeepBack = "keep-back",
    }
}

impl Verdict {
    /// Those that can be said of an order that stands there; others are refused.
    #[must_use]
    pub(crate) fn of(stage: Stage, held: Option<HoldReason>) -> &'static [Self] {
        use Verdict::{Bought, GiveCode, KeepBack, NotBought, SendAgain};
        match (stage, held.map(HoldReason::way_out)) {
            (Stage::Unconfirmed, _) | (Stage::Held, Some(WayOut::Confirm)) => {
                &[Bought, NotBought, SendAgain]
            }
            (Stage::Held, Some(WayOut::Settle)) => &[Bought, NotBought],
            (Stage::Held, Some(WayOut::Decide))
                if held == Some(HoldReason::DecidedThenDelivered) =>
            {
                &[GiveCode, KeepBack]
            }
            // The panel did not deliver, so there is nothing to give.
            (Stage::Held, Some(WayOut::Decide)) => &[KeepBack],
            _ => &[],
        }
    }
}

/// Where an order stood when a person decided; the step happens only if it still stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) stage: Stage,
    pub(crate) held: Option<HoldReason>,
    /// The last try to buy it. After another one the order stands in the same stage for another purchase.
    pub(crate) claimed_at: Option<DateTime<Utc>>,
}

/// What an action does, as things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// It is sent.
    Release(Release),
    /// It is settled, watched again, or sent again.
    Resolve(Position, Resolution),
}

/// A held order that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) from: Position,
    pub(crate) panel: IntegrationId,
    pub(crate) panel_name: String,
    /// The one that it has, or its first at that panel.
    pub(crate) reference: Reference,
    /// What it loses, where that is why it was held.
    pub(crate) loss: Option<Loss>,
}

/// What follows from a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// It is watched again, with a fresh time limit.
    Watch,
    /// It is sent again, with the reference that it has.
    SendAgain,
    /// It ends as delivered.
    Complete,
    /// It ends as not bought.
    Fail,
    /// It ends as delivered, and the code goes into the shop's row.
    GiveCode,
    /// It ends as delivered, and the shop's row is not touched: the code stays here.
    KeepBack,
    /// It ends as not delivered, and the shop's row is not touched.
    LetStand,
}

impl OperatorAction {
    /// What it would do.
    ///
    /// # Errors
    /// [`Refusal`] when it cannot be done as things stand.
    pub(crate) fn plan(self, order: OrderId, facts: &Facts) -> Result<Plan, Refusal> {
        match self {
            Self::Retry => retry(order, facts).map(Plan::Release),
            Self::Resolve(verdict) => {
                resolve(facts, verdict).map(|(from, resolution)| Plan::Resolve(from, resolution))
            }
        }
    }
}

impl Plan {
    #[must_use]
    pub(crate) const fn from(&self) -> Position {
        match self {
            Self::Release(release) => release.from,
            Self::Resolve(from, _) => *from,
        }
    }

    /// Where the order stands afterwards.
    #[must_use]
    pub(crate) const fn to(&self) -> Stage {
        match self {
            Self::Release(_) => Stage::Queued,
            Self::Resolve(_, resolution) => resolution.stage(),
        }
    }

    /// What it loses, where that is why it was held.
    #[must_use]
    pub(crate) fn loss(&self) -> Option<Loss> {
        match self {
            Self::Release(release) => release.loss,
            Self::Resolve(..) => None,
        }
    }

    /// Its name at the panel afterwards.
    #[must_use]
    pub(crate) fn reference<'a>(&'a self, facts: &'a Facts) -> Option<&'a Reference> {
        match self {
            Self::Release(release) => Some(&release.reference),
            Self::Resolve(..) => facts.tracked.as_ref()?.reference.as_ref(),
        }
    }

    /// All that the step depends on, in one word. Whoever hands it back has seen it.
    #[must_use]
    pub(crate) fn seen(&self) -> String {
        let from = self.from();
        let (stage, held) = (from.stage, from.held.map_or("-", HoldReason::as_str));
        match self {
            Self::Release(Release {
                panel,
                reference,
                loss,
                ..
            }) => {
                let loss = loss.map_or_else(String::new, |loss| format!(".{}", loss.seen()));
                format!("{stage}.{held}.{panel}.{reference}{loss}")
            }
            Self::Resolve(_, resolution) => {
                let tried = from.claimed_at.map_or(0, |at| at.timestamp_micros());
                format!("{stage}.{held}.{}.{tried}", resolution.stage())
            }
        }
    }

    /// What happens, for people.
    #[must_use]
    pub(crate) fn sentence(&self, facts: &Facts) -> String {
        match self {
            Self::Release(release) => release.sentence(),
            Self::Resolve(from, resolution) => sentence(facts, *from, *resolution),
        }
    }
}

impl Release {
    fn sentence(&self) -> String {
        let (panel, reference) = (&self.panel_name, &self.reference);
        let sent = format!("it will be sent to {panel} as {reference}");
        match self.loss {
            Some(loss) => format!("{sent}, at {loss}."),
            None => format!("{sent}."),
        }
    }
}

impl Resolution {
    const fn stage(self) -> Stage {
        match self {
            Self::Watch => Stage::Submitted,
            Self::SendAgain => Stage::Queued,
            Self::Complete | Self::GiveCode | Self::KeepBack => Stage::Completed,
            Self::Fail | Self::LetStand => Stage::Failed,
        }
    }

    /// Whether the shop's row stays as staff left it.
    #[must_use]
    pub(crate) const fn leaves_row(self) -> bool {
        matches!(self, Self::KeepBack | Self::LetStand)
    }
}

/// Why it cannot be done, and what can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotTracked,
    Final(Stage),
    /// Final, for want of an answer.
    TimedOut,
    /// It goes on by itself.
    GoesOn(Stage),
    MayBeBought,
    /// Held for a reason that a retry does not fix.
    NotRetryable(HoldReason),
    /// Held for a reason that a retry fixes.
    Retryable(HoldReason),
    /// Sending again is for unconfirmed orders.
    NotToBeSent(HoldReason),
    /// Staff and the panel contradict each other.
    GiveOrKeep(HoldReason),
    NothingToGive(HoldReason),
    RowGone,
    /// Staff decided it; the shop's status.
    Decided(String),
    /// Somebody else sent it; the column that says so.
    SentOtherwise(String),
    NoRoute(Routing),
    TiedPanel(TiedTo),
    /// The panel's name.
    PanelDisabled(String),
}

/// What is wrong with the route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Routing {
    Missing,
    /// Not `auto`, or not `external`.
    ByHand(String),
    /// No such integration in this shop.
    Nowhere,
    /// A kind that orderwatch does not support.
    OtherKind(String),
}

/// What is wrong with the panel that an order stays at because it may have been sent there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TiedTo {
    Gone,
    OtherShop,
    OtherKind,
}

impl Refusal {
    #[must_use]
    pub(crate) fn sentence(&self, format: &Format) -> String {
        let value = match self {
            Self::Final(at) | Self::GoesOn(at) => format.lang.pick(stage(*at)).to_owned(),
            Self::NotRetryable(reason)
            | Self::Retryable(reason)
            | Self::NotToBeSent(reason)
            | Self::GiveOrKeep(reason)
            | Self::NothingToGive(reason) => reason.label(format.lang).to_owned(),
            Self::Decided(value)
            | Self::SentOtherwise(value)
            | Self::PanelDisabled(value)
            | Self::NoRoute(Routing::ByHand(value) | Routing::OtherKind(value)) => {
                format.outside(value)
            }
            Self::NotTracked
            | Self::TimedOut
            | Self::MayBeBought
            | Self::RowGone
            | Self::NoRoute(Routing::Missing | Routing::Nowhere)
            | Self::TiedPanel(_) => String::new(),
        };
        refusal_said(self, format.lang, &RefusalBlanks { value })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence(&Format::PLAIN))
    }
}

impl std::error::Error for Refusal {}

/// Releases a held order.
fn retry(order: OrderId, facts: &Facts) -> Result<Release, Refusal> {
    let tracked = facts.tracked.as_ref().ok_or(Refusal::NotTracked)?;
    let from = open(tracked)?;

    match from.held {
        // Nothing of it is at the panel: once the shop's table takes the row, it can be sent.
        Some(HoldReason::ShopRowRefused) if never_sent(tracked) => {}
        Some(reason) => match reason.way_out() {
            WayOut::Retry | WayOut::RetryAlone => {}
            WayOut::Confirm => return Err(Refusal::MayBeBought),
            WayOut::Settle | WayOut::Decide => return Err(Refusal::NotRetryable(reason)),
        },
        None if from.stage == Stage::Unconfirmed => return Err(Refusal::MayBeBought),
        None => return Err(Refusal::GoesOn(from.stage)),
    }

    let shop = wanted(facts, tracked)?;
    let panel = target(shop, tracked)?;

    // At the panel that it was for, the order keeps its name: another one could be bought beside it.
    let stays = tracked.panel.as_ref().is_some_and(|at| at.id == panel.id);
    let known = tracked.reference.clone().filter(|_| stays);
    Ok(Release {
        from,
        panel: panel.id,
        panel_name: panel.name.clone(),
        reference: known.unwrap_or_else(|| named_at(panel, order)),
        loss: tracked.loss,
    })
}

/// What follows from what a person says became of an order.
fn resolve(facts: &Facts, verdict: Verdict) -> Result<(Position, Resolution), Refusal> {
    let tracked = facts.tracked.as_ref().ok_or(Refusal::NotTracked)?;
    let from = open(tracked)?;
    let resolution = match (from.held, from.held.map(HoldReason::way_out)) {
        (None, _) if from.stage == Stage::Unconfirmed => confirmed(verdict)?,
        (_, Some(WayOut::Confirm)) => confirmed(verdict)?,
        (Some(reason), Some(WayOut::Decide)) => decided(verdict, reason)?,
        (Some(reason), Some(WayOut::Settle)) => settled(verdict, reason)?,
        // Nothing was bought, so there is nothing to say about it: a retry goes on.
        (Some(reason), _) => return Err(Refusal::Retryable(reason)),
        (None, _) => return Err(Refusal::GoesOn(from.stage)),
    };

    match resolution {
        // Bought for nobody, if the shop no longer wants it.
        Resolution::SendAgain => {
            wanted(facts, tracked)?;
        }
        // There is no row that the code could go into.
        Resolution::GiveCode if facts.shop.is_none() => return Err(Refusal::RowGone),
        _ => {}
    }

    Ok((from, resolution))
}

impl Resolution {
    /// What follows, and what becomes of the shop's row.
    #[must_use]
    pub(crate) fn sentence(self, facts: &Facts, format: &Format) -> String {
        let reference = facts
            .tracked
            .as_ref()
            .and_then(|known| known.reference.as_ref());
        let status = facts.shop.as_ref().map_or("", |shop| &shop.status);
        let blanks = ResolutionBlanks {
            reference: reference.map_or_else(String::new, ToString::to_string),
            status: format.named(shop_status(status), status),
        };
        resolution_said(self, format.lang, &blanks)
    }
}

/// What follows from a verdict, with the stage before and after.
#[must_use]
pub(crate) fn sentence(facts: &Facts, from: Position, resolution: Resolution) -> String {
    let stood = match from.held {
        Some(reason) => format!("{} ({reason})", from.stage),
        None => from.stage.to_string(),
    };
    let follows = resolution.sentence(facts, &Format::PLAIN);
    format!("from {stood} to {}: {follows}", resolution.stage())
}

fn open(tracked: &TrackedFacts) -> Result<Position, Refusal> {
    match tracked.watched.stage {
        Stage::TimedOut => Err(Refusal::TimedOut),
        stage if stage.is_final() => Err(Refusal::Final(stage)),
        stage => Ok(Position {
            stage,
            held: tracked.held,
            claimed_at: tracked.claimed_at,
        }),
    }
}

fn confirmed(verdict: Verdict) -> Result<Resolution, Refusal> {
    match verdict {
        Verdict::Bought => Ok(Resolution::Watch),
        Verdict::NotBought => Ok(Resolution::Fail),
        Verdict::SendAgain => Ok(Resolution::SendAgain),
        Verdict::GiveCode | Verdict::KeepBack => {
            Err(Refusal::NothingToGive(HoldReason::Unconfirmed))
        }
    }
}

fn decided(verdict: Verdict, reason: HoldReason) -> Result<Resolution, Refusal> {
    // What staff decided and what the panel did are both done; only what the customer gets is open.
    let delivered = reason == HoldReason::DecidedThenDelivered;
    match verdict {
        Verdict::GiveCode if delivered => Ok(Resolution::GiveCode),
        Verdict::GiveCode => Err(Refusal::NothingToGive(reason)),
        Verdict::KeepBack if delivered => Ok(Resolution::KeepBack),
        Verdict::KeepBack => Ok(Resolution::LetStand),
        Verdict::Bought | Verdict::NotBought => Err(Refusal::GiveOrKeep(reason)),
        Verdict::SendAgain => Err(Refusal::NotToBeSent(reason)),
    }
}

fn settled(verdict: Verdict, reason: HoldReason) -> Result<Resolution, Refusal> {
    match verdict {
        Verdict::Bought => Ok(Resolution::Complete),
        Verdict::NotBought => Ok(Resolution::Fail),
        Verdict::SendAgain => Err(Refusal::NotToBeSent(reason)),
        Verdict::GiveCode | Verdict::KeepBack => Err(Refusal::NothingToGive(reason)),
    }
}

/// The shop's row, if the shop still wants the order from us and nobody else has sent it.
fn wanted<'a>(facts: &'a Facts, tracked: &TrackedFacts) -> Result<&'a ShopFacts, Refusal> {
    let shop = facts.shop.as_ref().ok_or(Refusal::RowGone)?;
    if !shop.pending {
        return Err(Refusal::Decided(shop.status.clone()));
    }

    // By a person in the shop, while it was held here: under which name it was sent is not known.
    let ours_sent = tracked.watched.dispatched_at.or(tracked.watched.sent_at);
    if let Some(at) = shop.sent_at.filter(|_| ours_sent.is_none()) {
        return Err(sent_otherwise("sentAt", Some(&at.to_rfc3339())));
    }

    // What an earlier claim of ours wrote there is no other way.
    let ours = tracked.panel.as_ref().map(|panel| panel.id.to_string());
    let named = shop.provider_id.as_deref().map_or("", str::trim);
    let unsent = shop.external_status.eq_ignore_ascii_case("not_sent");
    // The fallback panel's orders may still carry the first panel's name, and those that were held
    // before a panel was known that of their route.
    let may_name = tracked.fell_back || ours.is_none() && unsent;
    if !named.is_empty() && Some(named) != ours.as_deref() && !may_name {
        return Err(sent_otherwise("providerId", Some(named)));
    }

    if let Some(id) = shop
        .external_order_id
        .as_deref()
        .filter(|_| shop.names_other)
    {
        return Err(sent_otherwise("externalOrderId", Some(id)));
    }

    if !unsent && !shop.external_status.eq_ignore_ascii_case("queued") {
        let status = Some(shop.external_status.as_str());
        return Err(sent_otherwise("externalStatus", status));
    }

    Ok(shop)
}

fn sent_otherwise(column: &str, value: Option<&str>) -> Refusal {
    Refusal::SentOtherwise(format!("{column} {:?}", value.unwrap_or_default()))
}

/// Nothing of it ever left: the shop's database refused it before it was sent.
fn never_sent(tracked: &TrackedFacts) -> bool {
    tracked.watched.dispatched_at.is_none() && tracked.watched.sent_at.is_none()
}

/// Where it goes: where it may have been sent before, otherwise where its package is routed now.
fn target<'a>(shop: &'a ShopFacts, tracked: &'a TrackedFacts) -> Result<&'a PanelFacts, Refusal> {
    // Sent elsewhere it could be bought twice.
    let tied = tracked.fell_back || tracked.watched.dispatched_at.is_some();
    let panel = if tied {
        tied_to(tracked)?
    } else {
        routed_to(shop)?
    };

    if panel.enabled {
        Ok(panel)
    } else {
        Err(Refusal::PanelDisabled(panel.name.clone()))
    }
}

/// What an order is called at a panel that it was never sent to.
fn named_at(panel: &PanelFacts, order: OrderId) -> Reference {
    // Every panel that an order can go to has a naming.
    let naming = panel.naming.unwrap_or(Naming::Digits);
    naming.reference(order, panel.id, 0)
}

fn tied_to(tracked: &TrackedFacts) -> Result<&PanelFacts, Refusal> {
    match &tracked.panel {
        None => Err(Refusal::TiedPanel(TiedTo::Gone)),
        Some(panel) if !panel.own => Err(Refusal::TiedPanel(TiedTo::OtherShop)),
        Some(panel) if !panel.is_usable() => Err(Refusal::TiedPanel(TiedTo::OtherKind)),
        Some(panel) => Ok(panel),
    }
}

fn routed_to(shop: &ShopFacts) -> Result<&PanelFacts, Refusal> {
    let wrong = |routing| Err(Refusal::NoRoute(routing));
    let Some(route) = &shop.route else {
        return wrong(Routing::Missing);
    };
    if route.mode != "auto" {
        return wrong(Routing::ByHand(route.mode.clone()));
    }
    if route.provider_type != "external" {
        return wrong(Routing::ByHand(route.provider_type.clone()));
    }

    match &route.panel {
        None => wrong(Routing::Nowhere),
        Some(panel) if !panel.own => wrong(Routing::Nowhere),
        Some(panel) if !panel.is_usable() => wrong(Routing::OtherKind(panel.kind.clone())),
        Some(panel) => Ok(panel),
    }
}
