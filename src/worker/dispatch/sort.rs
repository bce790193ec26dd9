//! Which of the candidates can be sent now, which have to be held, and which wait.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{
    Dispatch,
    elsewhere::{Elsewhere, elsewhere, is_doubtful, is_out_of_reach},
};
use crate::{
    order::{IntegrationId, OrderId, Reroute, Stage, TenantId, Watched},
    provider::{Provider, Purchase},
    store::{Candidate, Claim, NewHold, QueuedCandidate, Release, StoreError},
    telemetry::chain,
    worker::{
        after,
        capacity::{Capacity, Reservation},
        catalogue::Look,
        concurrency::RequestKind,
        panels::Panel,
        resolve::{Resolution, Terms, at_panel},
    },
};

/// The panels of this turn.
pub(super) type ById = HashMap<IntegrationId, Arc<Panel>>;

/// What a turn sorts by.
pub(super) struct Round<'a> {
    /// Panels at which may be bought now.
    pub(super) buying: &'a ById,
    pub(super) all: &'a ById,
    pub(super) capacity: &'a Capacity,
    pub(super) now: DateTime<Utc>,
    /// Orders of before this time may have been bought without the database knowing it, if any may.
    pub(super) doubt_before: Option<DateTime<Utc>>,
}

/// Whether an order is sent for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The shop's; its claim begins the tracking.
    New,
    /// Tracked, and surely not at the panel yet.
    Queued,
}

/// An order that can be sent now: what, where, and the capacity for it.
pub(super) struct Ready {
    pub(super) claim: Claim,
    pub(super) purchase: Purchase,
    pub(super) watched: Watched,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) panel: Arc<Panel>,
    pub(super) tenant: TenantId,
    pub(super) fallback: Option<Reroute>,
    pub(super) elsewhere: Option<Elsewhere>,
    /// Whether it may have been bought without the database knowing it.
    pub(super) is_doubtful: bool,
    pub(super) reservation: Reservation,
    pub(super) origin: Origin,
    /// When the shop inserted it, if this is the first time that it is sent.
    pub(super) created_at: Option<DateTime<Utc>>,
}

/// What a turn has sorted its candidates into.
#[derive(Default)]
pub(super) struct Sorted {
    pub(super) ready: Vec<Ready>,
    pub(super) holds: Vec<NewHold>,
    pub(super) skipped: usize,
}

impl Sorted {
    /// Reserves a place for an order, here and at its panel; without one it waits for its turn.
    fn admit(&mut self, order: Sendable, panel: &Arc<Panel>, capacity: &Capacity) {
        let permit = panel.concurrency.try_acquire(RequestKind::Buy);
        let reservation = permit.and_then(|permit| capacity.try_reserve(permit));
        let (Some(reservation), Ok(provider)) = (reservation, &panel.provider) else {
            self.skipped += 1;
            return;
        };

        self.ready.push(Ready {
            claim: Claim {
                order: order.candidate.order,
                integration: panel.id(),
                reference: order.purchase.reference.clone(),
                round: 0,
                expected: order.expected,
                sold_for: order.candidate.sold_for,
                product: (
                    order.candidate.shop.package,
                    order.purchase.goods.player.fields.clone(),
                ),
            },
            purchase: order.purchase,
            watched: order.watched,
            provider: Arc::clone(provider),
            panel: Arc::clone(panel),
            tenant: order.candidate.tenant,
            fallback: order.fallback,
            elsewhere: order.elsewhere,
            is_doubtful: order.is_doubtful,
            reservation,
            origin: order.origin,
            created_at: order
                .candidate
                .created_at
                .filter(|_| order.origin == Origin::New),
        });
    }
}

/// An order with all that a purchase needs.
struct Sendable {
    candidate: Candidate,
    fallback: Option<Reroute>,
    elsewhere: Option<Elsewhere>,
    is_doubtful: bool,
    purchase: Purchase,
    watched: Watched,
    expected: Option<Decimal>,
    origin: Origin,
}

impl Dispatch {
    /// The price list for an entry.
    fn prices(&self, panel: &Arc<Panel>, entry: &str) -> Look {
        let look = panel.catalogue.look(entry);

        // Beside the stream: a slow panel must not hold up the orders of the others.
        if let (Look::Fetch, Ok(provider)) = (&look, &panel.provider) {
            let (panel, provider) = (Arc::clone(panel), Arc::clone(provider));
            let wakeup = Arc::clone(&self.shop.sends);
            self.tasks.spawn(async move {
                if let Err(error) = panel.catalogue.fetch(&*provider).await {
                    tracing::warn!(
                        panel = panel.name(),
                        integration = %panel.id(),
                        error = chain(&error),
                        "the price list cannot be read; orders that need it wait"
                    );
                }
                // After a failure, too: orders whose mapping names both numbers go on without a list.
                wakeup.wake();
            });
        }

        look
    }

    /// What can be done with an order, also for the money that it brings.
    fn resolution(
        &self,
        panel: &Arc<Panel>,
        candidate: &Candidate,
        max_loss: Option<Decimal>,
    ) -> Resolution {
        let terms = Terms {
            player: &self.shop.rules.player,
            max_loss,
        };
        at_panel(panel, candidate, terms, |entry| self.prices(panel, entry))
    }

    pub(super) fn sort_new(
        &self,
        candidates: Vec<Candidate>,
        round: &Round<'_>,
        sorted: &mut Sorted,
    ) {
        for candidate in candidates {
            // Its circuit has opened since the candidates were read.
            let Some(panel) = round.buying.get(&candidate.integration) else {
                continue;
            };
            // Nobody has sent it, says a database that has lost the claim.
            if self.shop.results.miss(candidate.order) {
                tracing::warn!(
                    order = %candidate.order,
                    "the database has lost that this order was sent; it is not bought again"
                );
                sorted.skipped += 1;
                continue;
            }

            if is_out_of_reach(&candidate, round) {
                sorted.skipped += 1;
                continue;
            }

            match self.resolution(panel, &candidate, self.settings().max_loss) {
                Resolution::Hold(cause) => sorted.holds.push(NewHold {
                    order: candidate.order,
                    tenant: candidate.tenant,
                    integration: Some(candidate.integration),
                    cause,
                }),
                Resolution::Later => sorted.skipped += 1,
                Resolution::Ready { goods, expected } => {
                    let purchase = Purchase {
                        reference: panel.reference(candidate.order, 0),
                        goods,
                    };

                    let order = Sendable {
                        watched: self.claimed(round.now),
                        fallback: fallback(&candidate, round.buying),
                        elsewhere: elsewhere(&candidate, round),
                        is_doubtful: is_doubtful(&candidate, round),
                        candidate,
                        purchase,
                        expected,
                        origin: Origin::New,
                    };
                    sorted.admit(order, panel, round.capacity);
                }
            }
        }
    }

    pub(super) async fn sort_queued(
        &self,
        queued: Vec<QueuedCandidate>,
        round: &Round<'_>,
        sorted: &mut Sorted,
    ) -> Result<(), StoreError> {
        let now = round.now;
        for order in queued {
            let Some(panel) = round.buying.get(&order.candidate.integration) else {
                continue;
            };
            // A claim that the database has lost: its call goes on, or was made, and its result claims the order
            // again. What is sent once more by decision is known here, too.
            let (results, id) = (&self.shop.results, order.candidate.order);
            if results.is_at_work(id) || order.watched.may_resend && results.miss(id) {
                sorted.skipped += 1;
                continue;
            }

            let hold = order.hold(panel.kind().naming);
            let max_loss = order.max_loss(self.settings().max_loss);
            let candidate = order.candidate;
            if let Some(cause) = hold {
                self.hold_queued(candidate.order, candidate.integration, cause, now)
                    .await?;
                continue;
            }
            if let Some(why) = order.unwanted {
                self.take_back(candidate.order, why, &order.watched, now)
                    .await?;
                continue;
            }
            if is_out_of_reach(&candidate, round) {
                sorted.skipped += 1;
                continue;
            }

            match self.resolution(panel, &candidate, max_loss) {
                Resolution::Hold(cause) => {
                    let cause = order.watched.held_for(cause);
                    self.hold_queued(candidate.order, candidate.integration, cause, now)
                        .await?;
                }
                Resolution::Later => sorted.skipped += 1,
                Resolution::Ready { goods, expected } => {
                    // The reference that it has: the panel may know it by that one already.
                    let purchase = Purchase {
                        reference: order.reference,
                        goods,
                    };
                    let order = Sendable {
                        watched: order.watched,
                        fallback: fallback(&candidate, round.buying),
                        elsewhere: elsewhere(&candidate, round),
                        is_doubtful: is_doubtful(&candidate, round),
                        candidate,
                        purchase,
                        expected,
                        origin: Origin::Queued,
                    };
                    sorted.admit(order, panel, round.capacity);
                }
            }
        }

        Ok(())
    }

    /// Ends an order that the shop no longer wants. What may have been bought is asked about instead: a delivery would
    /// be paid for, and given to nobody.
    async fn take_back(
        &self,
        order: OrderId,
        why: Release,
        watched: &Watched,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let store = &self.shop.store;
        if watched.may_resend {
            store.withdraw_queued(order, why, now).await?;
            tracing::info!(%order, why = why.as_str(), "no longer to be sent");
        } else {
            store.ask_queued(order, why, now).await?;
            tracing::warn!(
                %order,
                why = why.as_str(),
                "no longer to be sent, and may have been bought: the panel is asked"
            );
        }
        Ok(())
    }

    /// What is known about an order at the moment of its first claim.
    fn claimed(&self, now: DateTime<Utc>) -> Watched {
        Watched {
            stage: Stage::Dispatching,
            dispatched_at: Some(now),
            sent_at: None,
            // Of sending; with the panel's answer it begins anew.
            give_up_at: Some(after(now, self.shop.rules.give_up_after)),
            processing: false,
            attempts: 0,
            errors: 0,
            unknowns: 0,
            may_resend: true,
        }
    }
}

/// Where an order goes when it is refused; `None` as well when nothing may be sent there.
fn fallback(candidate: &Candidate, panels: &ById) -> Option<Reroute> {
    let panel = panels.get(&candidate.fallback?)?;
    panel.provider.as_ref().ok()?;
    Some(Reroute {
        integration: panel.id(),
        reference: panel.reference(candidate.order, 0),
    })
}
