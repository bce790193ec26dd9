//! What a person may do to an order: release a held one, or say what became of one.
//!
//! Pure: [`Facts`] in, a step or a [`Refusal`] out; the store carries the step out, guarded by the
//! stage that was read here. What must stay true:
//!
//! * an order that may have been sent keeps its panel and its reference, whatever the routing says
//!   now: sent elsewhere it could be bought twice,
//! * nothing final changes,
//! * nothing is queued that the shop no longer wants from us.

#[cfg(test)]
mod tests;

use std::fmt;

use super::{
    HoldReason, IntegrationId, OrderId, Reference, Stage, WayOut,
    explain::{Facts, PanelFacts, ShopFacts, TrackedFacts},
    words::{shop_status, stage},
};
use crate::text::{Lang, Say, fill, format::Format, sentences};

sentences!("person");

/// Where an order stood when a person decided; the step happens only if it still stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its stage.
    pub stage: Stage,
    /// Why it was held.
    pub held: Option<HoldReason>,
}

/// A held order that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Where it stood.
    pub from: Position,
    /// Where it goes.
    pub panel: IntegrationId,
    /// The panel's name.
    pub panel_name: String,
    /// Its name there: the one that it has, or its first.
    pub reference: Reference,
}

/// What a person says became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The panel has it.
    Bought,
    /// The panel does not have it.
    NotBought,
    /// The panel does not have it, and it is to be sent again.
    SendAgain,
    /// The customer gets what the panel delivered, although staff had decided otherwise.
    GiveCode,
    /// The customer does not get it; what staff decided stands.
    KeepBack,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 5] = [
        Self::Bought,
        Self::NotBought,
        Self::SendAgain,
        Self::GiveCode,
        Self::KeepBack,
    ];
}

/// What follows from the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
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

impl Resolution {
    /// Where the order stands afterwards.
    #[must_use]
    pub const fn stage(self) -> Stage {
        match self {
            Self::Watch => Stage::Submitted,
            Self::SendAgain => Stage::Queued,
            Self::Complete | Self::GiveCode | Self::KeepBack => Stage::Completed,
            Self::Fail | Self::LetStand => Stage::Failed,
        }
    }
}

/// Why it cannot be done, and what can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    NotTracked,
    Final(Stage),
    /// Final, for want of an answer.
    TimedOut,
    /// It goes on by itself.
    GoesOn(Stage),
    MayBeBought,
    /// Held for a reason that a retry does not fix.
    NotMendable(HoldReason),
    /// Held for a reason that a retry fixes.
    Mendable(HoldReason),
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
pub enum Routing {
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
pub enum TiedTo {
    Gone,
    OtherShop,
    OtherKind,
}

impl Refusal {
    #[must_use]
    pub fn sentence(&self, format: &Format) -> String {
        let value = match self {
            Self::Final(at) | Self::GoesOn(at) => format.lang.pick(stage(*at)).to_owned(),
            Self::NotMendable(reason)
            | Self::Mendable(reason)
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
///
/// # Errors
/// [`Refusal`] when it is not held for a cause that can be mended, or cannot be sent as things are.
pub fn retry(order: OrderId, facts: &Facts) -> Result<Release, Refusal> {
    let tracked = facts.tracked.as_ref().ok_or(Refusal::NotTracked)?;
    let from = open(tracked)?;
    match from.held {
        Some(HoldReason::ShopRowRefused) if never_sent(tracked) => {}
        Some(reason) => match reason.way_out() {
            WayOut::Retry => {}
            WayOut::Confirm => return Err(Refusal::MayBeBought),
            WayOut::Settle | WayOut::Decide => return Err(Refusal::NotMendable(reason)),
        },
        None if from.stage == Stage::Unconfirmed => return Err(Refusal::MayBeBought),
        None => return Err(Refusal::GoesOn(from.stage)),
    }
    let shop = wanted(facts, tracked)?;
    let panel = target(shop, tracked)?;
    let stays = tracked.panel.as_ref().is_some_and(|at| at.id == panel.id);
    let known = tracked.reference.clone().filter(|_| stays);
    Ok(Release {
        from,
        panel: panel.id,
        panel_name: panel.name.clone(),
        reference: known.unwrap_or_else(|| Reference::derive(order, panel.id, 0)),
    })
}

/// Carries out what a person says became of an order.
///
/// # Errors
/// [`Refusal`] when there is nothing to say about it, or the verdict does not fit.
pub fn resolve(facts: &Facts, verdict: Verdict) -> Result<(Position, Resolution), Refusal> {
    let tracked = facts.tracked.as_ref().ok_or(Refusal::NotTracked)?;
    let from = open(tracked)?;
    let resolution = match (from.held, from.held.map(HoldReason::way_out)) {
        (None, _) if from.stage == Stage::Unconfirmed => confirmed(verdict)?,
        (_, Some(WayOut::Confirm)) => confirmed(verdict)?,
        (Some(reason), Some(WayOut::Decide)) => decided(verdict, reason)?,
        (Some(reason), Some(WayOut::Settle)) => settled(verdict, reason)?,
        (Some(reason), _) => return Err(Refusal::Mendable(reason)),
        (None, _) => return Err(Refusal::GoesOn(from.stage)),
    };
    match resolution {
        Resolution::SendAgain => {
            wanted(facts, tracked)?;
        }
        Resolution::GiveCode if facts.shop.is_none() => return Err(Refusal::RowGone),
        _ => {}
    }
    Ok((from, resolution))
}

impl Resolution {
    /// What follows, and what becomes of the shop's row.
    #[must_use]
    pub fn sentence(self, facts: &Facts, format: &Format) -> String {
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
pub fn sentence(facts: &Facts, from: Position, resolution: Resolution) -> String {
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

/// What staff decided and what the panel did are both done; only what the customer gets is open.
fn decided(verdict: Verdict, reason: HoldReason) -> Result<Resolution, Refusal> {
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

fn tied_to(tracked: &TrackedFacts) -> Result<&PanelFacts, Refusal> {
    match &tracked.panel {
        None => Err(Refusal::TiedPanel(TiedTo::Gone)),
        Some(panel) if !panel.own => Err(Refusal::TiedPanel(TiedTo::OtherShop)),
        Some(panel) if !panel.usable => Err(Refusal::TiedPanel(TiedTo::OtherKind)),
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
        Some(panel) if !panel.usable => wrong(Routing::OtherKind(panel.kind.clone())),
        Some(panel) => Ok(panel),
    }
}
