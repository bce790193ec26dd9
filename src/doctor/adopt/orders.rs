//! What would become of each open order of the shop, were `dispatch.mode` "live" now.
//!
//! The queries are those of the dispatcher and the sweep, and so is what is decided about what they find. Only of
//! what neither would touch it is asked why (`order explain`).

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta};
use futures::{StreamExt, stream};
use rust_decimal::Decimal;
use tokio::time::{Instant, timeout_at};

use super::{
    super::Lists,
    Fate, ForeseenOrders, Scene,
    foreseen::{Found, by_panel, list, sums},
};
use crate::{
    clock::DatabaseClock,
    order::{
        HoldReason, IntegrationId, OrderId, Reference,
        explain::{Buying, Facts, Why, explain},
    },
    provider::Catalogue,
    store::{Candidate, Share, ShopSent, Store, StoreError},
    text::{Lang, format::Format},
    worker::{
        before,
        catalogue::Look,
        panels::{Panel, Panels},
        rates::RatesCache,
        resolve::{Resolution, Terms, at_panel},
    },
};

/// Orders of one panel that are examined one by one.
const MANY: usize = 5000;
/// Orders of a sweep's page.
const PAGE: i64 = 1000;
/// Orders that are neither bought nor adopted, and are asked about one by one.
const REST: i64 = 2000;
/// Questions about one order each that are under way at once.
const AT_ONCE: usize = 4;
/// Older ones are only counted.
const RECENT: TimeDelta = TimeDelta::days(7);

/// The orders that were examined so far, and what with.
struct Examination<'a> {
    scene: Scene<'a>,
    store: &'a Store,
    panels: HashMap<IntegrationId, Arc<Panel>>,
    rates: RatesCache,
    /// The price lists that were read.
    lists: HashMap<IntegrationId, Arc<Catalogue>>,
    found: Vec<Found>,
    /// Names of purchases that were adopted.
    given: HashSet<(IntegrationId, Reference)>,
    /// No order is asked about one by one after this.
    until: Instant,
    more: bool,
}

/// `lists` are the price lists of the panels, where these were asked.
pub(super) async fn foresee(scene: Scene<'_>, lists: Lists) -> Result<ForeseenOrders, StoreError> {
    let store = scene.patient.store;
    let lists = lists.into_iter().map(|(id, list)| (id, Arc::new(list)));
    let mut examination = Examination {
        scene,
        store,
        panels: panels(scene).await?,
        rates: RatesCache::default(),
        lists: lists.collect(),
        found: Vec::new(),
        given: HashSet::new(),
        // The other half is for what has to be read in any case.
        until: Instant::now() + scene.patient.pace.part / 2,
        more: false,
    };

    examination.sent().await?;
    examination.queued().await?;
    examination.fresh().await?;
    examination.unroutable().await?;
    examination.rest().await?;
    examination.end().await
}

/// The panels as the dispatcher has them.
async fn panels(scene: Scene<'_>) -> Result<HashMap<IntegrationId, Arc<Panel>>, StoreError> {
    let (config, store) = (scene.patient.config, scene.patient.store);
    let clock = Arc::new(DatabaseClock::new());
    // Without root certificates no panel could be asked either; `doctor` says so.
    let Ok(panels) = Panels::new(Arc::new(config.clone()), store.clone(), clock) else {
        return Ok(HashMap::new());
    };

    let panels = panels.current().await?;
    let by_id = panels.iter().map(|panel| (panel.id(), Arc::clone(panel)));
    Ok(by_id.collect())
}

impl Examination<'_> {
    fn add(
        &mut self,
        order: OrderId,
        panel: Option<IntegrationId>,
        (fate, why): (Fate, &'static str),
        sentence: impl Into<String>,
    ) {
        let name = panel.and_then(|id| self.panels.get(&id));
        self.found.push(Found {
            order,
            panel,
            name: name.map(|panel| panel.name().to_owned()),
            fate,
            why,
            sentence: sentence.into(),
            expected: None,
        });
    }

    fn hold(&mut self, order: OrderId, panel: Option<IntegrationId>, reason: HoldReason) {
        let sentence = format!("{}.", reason.clause(Lang::En));
        self.add(order, panel, (Fate::Held, reason.as_str()), sentence);
    }

    /// What the sweep takes over.
    async fn sent(&mut self) -> Result<(), StoreError> {
        let (now, config) = (self.scene.now, self.scene.patient.config);
        let from = before(now, config.poll.give_up_after);
        let mut last = None;
        loop {
            // Also the youngest, which it leaves for a later run.
            let page = self.store.unwatched(from, now, last, PAGE).await?;
            let Some(end) = page.last() else {
                return Ok(());
            };
            last = Some((end.sent_at, end.order));
            self.adopt(page).await?;
        }
    }

    async fn adopt(&mut self, page: Vec<ShopSent>) -> Result<(), StoreError> {
        let named = page.iter().filter_map(|sent| {
            let name = sent.name().ok()?;
            Some((sent, name))
        });
        let named: Vec<_> = named.collect();
        let taken = self.store.names_of_others(&named).await?;

        // Of two with one name the first is watched, as the sweep takes them.
        for sent in page {
            let panel = Some(sent.integration);
            if !self.scene.patient.config.sweep.enabled {
                let sentence =
                    "The shop has sent it, and nobody adopts it: sweep.enabled is false.";
                self.add(sent.order, panel, (Fate::Waits, "sweep_off"), sentence);
                continue;
            }
            match sent.name() {
                Err(reason) => self.hold(sent.order, panel, reason),
                Ok(name) => {
                    let first = self.given.insert((sent.integration, name));
                    if !first || taken.contains(&sent.order) {
                        self.hold(sent.order, panel, HoldReason::ReferenceShared);
                        continue;
                    }
                    let sentence = "The shop has sent it; it is watched from the next sweep on.";
                    self.add(sent.order, panel, (Fate::Adopted, "sent_by_shop"), sentence);
                }
            }
        }
        Ok(())
    }

    /// As much as there is at each panel that buys.
    fn shares(&self) -> Vec<Share> {
        let buying = self.panels.values().filter(|panel| panel.may_buy());
        buying
            .map(|panel| Share {
                integration: panel.id(),
                tenant: panel.tenant(),
                limit: MANY,
            })
            .collect()
    }

    /// What orderwatch itself has still to send, from before, and whose time has come.
    async fn queued(&mut self) -> Result<(), StoreError> {
        let (shares, now) = (self.shares(), self.scene.now);
        let mut queued = self.store.queued_candidates(&shares, now).await?;
        self.cut(queued.iter().map(|order| order.candidate.integration));
        let sold_again = queued.iter_mut().map(|order| &mut order.candidate);
        self.rates.price(self.store, sold_again).await;

        let most = self.scene.patient.config.dispatch.max_loss;
        for order in queued {
            let (id, panel) = (order.candidate.order, order.candidate.integration);
            let at = self.panels.get(&panel);
            if let Some(cause) = at.and_then(|at| order.hold(at.kind().naming)) {
                self.hold(id, Some(panel), cause.reason);
            } else if order.unwanted.is_none() {
                self.dispatch(&order.candidate, order.max_loss(most));
            }
            // What the shop no longer wants ends: nothing is bought.
        }
        Ok(())
    }

    /// What the dispatcher finds.
    async fn fresh(&mut self) -> Result<(), StoreError> {
        let shares = self.shares();
        let age = self.scene.patient.config.dispatch.max_order_age;
        let since = before(self.scene.now, age);
        let mut new = self.store.new_candidates(&shares, since, false).await?;
        self.cut(new.iter().map(|order| order.integration));
        self.rates.price(self.store, new.iter_mut()).await;

        let most = self.scene.patient.config.dispatch.max_loss;
        for candidate in new {
            self.dispatch(&candidate, most);
        }
        Ok(())
    }

    /// Each panel has a limit of its own.
    fn cut(&mut self, panels: impl Iterator<Item = IntegrationId>) {
        let mut orders: HashMap<IntegrationId, usize> = HashMap::new();
        for panel in panels {
            *orders.entry(panel).or_default() += 1;
        }
        self.more |= orders.into_values().any(|orders| orders >= MANY);
    }

    fn dispatch(&mut self, candidate: &Candidate, max_loss: Option<Decimal>) {
        let (order, panel) = (candidate.order, candidate.integration);
        let Some(at) = self.panels.get(&panel) else {
            return;
        };
        let list = self.lists.get(&panel).cloned();
        let unread = list.is_none();
        let config = self.scene.patient.config;
        let terms = Terms {
            player: &config.player,
            max_loss,
        };
        let resolution = at_panel(at, candidate, terms, |_| {
            list.map_or(Look::Failed, Look::List)
        });

        match resolution {
            Resolution::Hold(cause) => self.hold(order, Some(panel), cause.reason),
            Resolution::Ready { expected, .. } => {
                let sentence = if unread {
                    "It is sent, if the panel's price list has its product."
                } else {
                    "It is sent at once."
                };
                self.add(order, Some(panel), (Fate::Bought, "ready"), sentence);
                if let Some(last) = self.found.last_mut() {
                    last.expected = expected;
                }
            }
            // Nobody has asked the panel for it.
            Resolution::Later if !self.scene.wanted.ask_panels => {
                let sentence = "It is sent, if the panel's price list has its product.";
                self.add(order, Some(panel), (Fate::Bought, "if_listed"), sentence);
            }
            Resolution::Later => {
                let sentence = "It waits for the panel's price list, which cannot be read.";
                self.add(order, Some(panel), (Fate::Waits, "price_list"), sentence);
            }
        }
    }

    /// What the dispatcher and the sweep hold without looking for a product.
    async fn unroutable(&mut self) -> Result<(), StoreError> {
        let (now, config) = (self.scene.now, self.scene.patient.config);
        let young = before(now, config.dispatch.max_order_age);
        let oldest = before(now, config.poll.give_up_after);
        let limit = i64::try_from(MANY).unwrap_or(i64::MAX);

        let nowhere = self.store.unroutable(young, limit).await?;
        // These are held by the sweep; without one they stay as they are.
        let stale = if config.sweep.enabled {
            self.store.stale(oldest, young, limit).await?
        } else {
            Vec::new()
        };
        self.more |= nowhere.len().max(stale.len()) >= MANY;
        for order in nowhere.into_iter().chain(stale) {
            self.hold(order.order, None, order.reason);
        }
        Ok(())
    }

    /// What neither touches, and why not.
    async fn rest(&mut self) -> Result<(), StoreError> {
        let since = self.scene.now - RECENT;
        let open = self.store.open_untracked(since, REST).await?;
        self.more |= open.len() >= usize::try_from(REST).unwrap_or(usize::MAX);

        let known: HashSet<OrderId> = self.found.iter().map(|found| found.order).collect();
        let mut settings = self.scene.patient.config.explaining();
        settings.buying = Buying::On;
        let left = open.into_iter().filter(|order| !known.contains(order));

        let (store, now) = (self.store, self.scene.now);
        let facts = |order| async move { (order, store.facts(order, settings, now).await) };
        let mut facts = std::pin::pin!(stream::iter(left).map(facts).buffered(AT_ONCE));
        loop {
            match timeout_at(self.until, facts.next()).await {
                Ok(Some((order, facts))) => self.left(order, &facts?),
                Ok(None) => return Ok(()),
                Err(_) => {
                    self.more = true;
                    return Ok(());
                }
            }
        }
    }

    fn left(&mut self, order: OrderId, facts: &Facts) {
        let why = explain(facts).why;
        let fate = match &why {
            Why::TooOld { .. } => Fate::TooOld,
            Why::PanelDisabled { .. } | Why::Paused(_) | Why::BreakerOpen(_) | Why::Ready => {
                Fate::Waits
            }
            _ => Fate::LeftToShop,
        };
        let sentence = format!("{}.", why.clause(&Format::PLAIN));
        self.add(order, None, (fate, why.as_str()), sentence);

        // Of whatever kind it is: the panels above are those that orderwatch talks to.
        let shop = facts.shop.as_ref();
        let routed = shop.and_then(|shop| shop.route.as_ref()?.panel.as_ref());
        let at = shop.and_then(|shop| shop.provider.as_ref()).or(routed);
        if let Some(last) = self.found.last_mut() {
            last.name = at.map(|panel| panel.name.clone());
        }
    }

    async fn end(self) -> Result<ForeseenOrders, StoreError> {
        let (now, config) = (self.scene.now, self.scene.patient.config);
        // Nothing that the dispatcher or the sweep reads, whatever their limits are.
        let looked = [
            before(now, config.dispatch.max_order_age),
            before(now, config.poll.give_up_after),
        ];
        let oldest = looked.into_iter().fold(now - RECENT, DateTime::min);
        let orders = if self.scene.wanted.list {
            Some(list(self.store, &self.found).await?)
        } else {
            None
        };

        Ok(ForeseenOrders {
            sums: sums(&self.found),
            panels: by_panel(&self.found),
            orders,
            older: self.store.older_untracked(oldest, REST).await?,
            more: self.more,
        })
    }
}
