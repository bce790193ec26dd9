//! The panels that this process can talk to, kept in step with the shop's `integrations`.
//!
//! What must stay true: a panel keeps its limits and its breaker however often its row is read, since
//! calls that are under way count against them; a client never outlives the account that it was made for.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use parking_lot::Mutex;

use super::{
    breaker::PanelBreaker, catalogue::CatalogueCache, concurrency::ConcurrencyLimit,
    metered::Metered, pace::Pace,
};
use crate::{
    clock::Clock,
    config::Config,
    order::{IntegrationId, OrderId, Reference, TenantId},
    outbound::Secrecy,
    provider::{AccountError, Http, HttpError, Provider, kind::Kind},
    store::{Integration, Store, StoreError},
    telemetry::Secrets,
    telemetry::chain,
};

/// One reseller account.
#[derive(Debug)]
pub struct Panel {
    /// Its row as it was read last.
    row: Integration,
    /// The client, or why there is none.
    pub(crate) provider: Result<Arc<dyn Provider>, AccountError>,
    pub(crate) concurrency: Arc<ConcurrencyLimit>,
    pub(crate) catalogue: Arc<CatalogueCache>,
    /// Whether it is known to say that it does not know a name.
    pub(crate) tells_names: Arc<AtomicBool>,
    pub breaker: Arc<PanelBreaker>,
}

#[derive(Debug)]
pub struct Panels {
    store: Store,
    clock: Arc<dyn Clock>,
    http: Http,
    config: Arc<Config>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    read: Option<Instant>,
    list: Arc<[Arc<Panel>]>,
}

impl Panel {
    /// `integrations.id`.
    #[must_use]
    pub fn id(&self) -> IntegrationId {
        self.row.id
    }

    #[must_use]
    pub(crate) fn tenant(&self) -> TenantId {
        self.row.tenant
    }

    #[must_use]
    pub(crate) fn kind(&self) -> &'static Kind {
        self.row.kind
    }

    /// What an order is called here; `round` as in [`Reference::derive`].
    #[must_use]
    pub(crate) fn reference(&self, order: OrderId, round: u16) -> Reference {
        self.row.kind.naming.reference(order, self.row.id, round)
    }

    /// `integrations.name`.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        &self.row.name
    }

    /// Whether the shop uses it.
    #[must_use]
    pub(crate) fn is_enabled(&self) -> bool {
        self.row.enabled
    }

    /// Whether orders may be sent to it. What was bought there is watched all the same.
    #[must_use]
    pub(crate) fn may_buy(&self) -> bool {
        self.row.enabled && !self.row.paused && self.may_ask()
    }

    #[must_use]
    pub(crate) fn may_ask(&self) -> bool {
        !self.breaker.is_open()
    }

    fn has_account_of(&self, row: &Integration) -> bool {
        let same_kind = std::ptr::eq(self.row.kind, row.kind);
        same_kind && self.row.credentials.is_same(&row.credentials)
    }
}

impl Panels {
    /// No panels yet; they are read when they are asked for, and again after `dispatch.scan_interval`.
    pub(crate) fn new(
        config: Arc<Config>,
        store: Store,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HttpError> {
        Ok(Self {
            store,
            clock,
            http: Http::new(&config.znet.timeouts())?,
            config,
            state: Mutex::default(),
        })
    }

    /// The panels, as the shop's tables had them at most `dispatch.scan_interval` ago.
    pub async fn current(&self) -> Result<Arc<[Arc<Panel>]>, StoreError> {
        let (read, list) = self.read();
        if read.is_some_and(|read| read.elapsed() < self.config.dispatch.scan_interval) {
            return Ok(list);
        }

        let rows = self.store.integrations().await?;
        // Panels echo what they are sent, so the log has to know these before the first request.
        let secrets = rows.iter().flat_map(|row| row.credentials.secrets());
        Secrets::process().register(secrets);

        let mut before: HashMap<_, _> = list.iter().map(|panel| (panel.id(), panel)).collect();
        let list: Arc<[Arc<Panel>]> = rows
            .into_iter()
            .map(|row| {
                let old = before.remove(&row.id);
                Arc::new(self.panel(row, old.map(Arc::as_ref)))
            })
            .collect();

        let mut state = self.state.lock();
        state.read = Some(Instant::now());
        state.list = Arc::clone(&list);
        Ok(list)
    }

    /// The panels as they were read last; none before the first time.
    #[must_use]
    pub(crate) fn known(&self) -> Arc<[Arc<Panel>]> {
        self.read().1
    }

    /// The name of a panel that was read before; otherwise empty.
    pub(super) fn name(&self, id: IntegrationId) -> String {
        let panels = self.known();
        let panel = panels.iter().find(|panel| panel.id() == id);
        panel.map_or_else(String::new, |panel| panel.name().to_owned())
    }

    fn read(&self) -> (Option<Instant>, Arc<[Arc<Panel>]>) {
        let state = self.state.lock();
        (state.read, Arc::clone(&state.list))
    }

    fn panel(&self, row: Integration, old: Option<&Panel>) -> Panel {
        // Calls may be under way: with a new limit they would not count.
        let concurrency = old.map_or_else(
            || self.concurrency(row.id),
            |old| Arc::clone(&old.concurrency),
        );
        let breaker = old.map_or_else(
            || Arc::new(PanelBreaker::new(row.id, self.config.znet.breaker())),
            |old| Arc::clone(&old.breaker),
        );
        // Another replica may have opened or closed it.
        breaker.follow(row.open_until);

        // Client and price list belong to the account, and end with it.
        if let Some(old) = old.filter(|old| old.has_account_of(&row)) {
            return Panel {
                provider: old.provider.clone(),
                catalogue: Arc::clone(&old.catalogue),
                tells_names: Arc::clone(&old.tells_names),
                concurrency,
                breaker,
                row,
            };
        }

        let provider = self.connect(&row);
        self.report(&row, provider.as_ref().err());

        Panel {
            provider,
            concurrency,
            breaker,
            catalogue: Arc::new(CatalogueCache::new(self.config.znet.catalog_ttl)),
            tells_names: Arc::default(),
            row,
        }
    }

    /// Called when the row is new or has changed, not with every read.
    fn report(&self, row: &Integration, error: Option<&AccountError>) {
        let plain = &self.config.znet.allow_plain_http;
        if let Some(error) = error {
            tracing::warn!(
                panel = %row.name,
                integration = %row.id,
                error = chain(error),
                "this panel cannot be used; its orders are held"
            );
        } else if row.credentials.secrecy(plain) == Some(Secrecy::PlainAllowed) {
            tracing::warn!(
                panel = %row.name,
                integration = %row.id,
                "this panel is called over plain http, as znet.allow_plain_http permits: its account and its codes \
                 can be read on the way"
            );
        }
    }

    fn concurrency(&self, panel: IntegrationId) -> Arc<ConcurrencyLimit> {
        let max_in_flight = self.config.znet.max_in_flight;
        let max_in_flight = max_in_flight.and_then(|max| usize::try_from(max.get()).ok());

        let pace = Pace::shared(
            self.config.znet.requests_per_second.unwrap_or_default(),
            panel,
            self.store.clone(),
            Arc::clone(&self.clock),
        );
        Arc::new(ConcurrencyLimit::new(max_in_flight.unwrap_or(0), pace))
    }

    fn connect(&self, row: &Integration) -> Result<Arc<dyn Provider>, AccountError> {
        let panel = row.kind.connect(
            &row.credentials,
            &self.http,
            &self.config.znet.allow_plain_http,
        )?;
        Ok(Arc::new(Metered { panel, id: row.id }))
    }
}
