//! The panels that this process can talk to, kept in step with the shop's `integrations`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use secrecy::ExposeSecret;

use super::{
    breaker::PanelBreaker, catalogue::CatalogueCache, concurrency::ConcurrencyLimit,
    metered::Metered, pace::Pace,
};
use crate::{
    breaker::BreakerLimits,
    clock::Clock,
    meter::{Meter, PanelMeter},
    order::{IntegrationId, TenantId},
    provider::{
        Provider,
        znet::{Account, AccountError, Http, Znet},
    },
    store::{Integration, Store, StoreError},
    telemetry::Secrets,
};

/// Limits that hold for each panel.
#[derive(Clone, Copy, Debug)]
pub struct PanelLimits {
    /// Requests under way at once; 0 means no limit.
    pub max_in_flight: usize,
    /// Requests in a second; 0 means no limit.
    pub requests_per_second: f64,
    /// How long a price list is used.
    pub catalogue_ttl: Duration,
    /// When it is left alone.
    pub breaker: BreakerLimits,
}

/// One reseller account.
#[derive(Debug)]
pub struct Panel {
    /// Its row as it was read last.
    row: Integration,
    /// The client, or why there is none.
    pub provider: Result<Arc<dyn Provider>, AccountError>,
    /// Its limits.
    pub concurrency: Arc<ConcurrencyLimit>,
    /// Its price list.
    pub catalogue: Arc<CatalogueCache>,
    /// Whether it is left alone for now.
    pub breaker: Arc<PanelBreaker>,
    /// What is measured of it.
    pub meter: Arc<PanelMeter>,
}

/// All panels.
#[derive(Debug)]
pub struct Panels {
    store: Store,
    clock: Arc<dyn Clock>,
    http: Http,
    limits: PanelLimits,
    refresh: Duration,
    meter: Arc<Meter>,
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

    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.row.tenant
    }

    /// `integrations.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.row.name
    }

    /// Whether the shop uses it.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.row.enabled
    }

    /// Whether orders may be sent to it. What was bought there is watched all the same.
    #[must_use]
    pub fn may_buy(&self) -> bool {
        self.row.enabled && !self.row.paused && self.may_ask()
    }

    /// Whether it may be asked.
    #[must_use]
    pub fn may_ask(&self) -> bool {
        !self.breaker.is_open()
    }

    fn has_account_of(&self, row: &Integration) -> bool {
        account(&self.row) == account(row)
    }
}

/// Base URL, account and password of a row.
fn account(row: &Integration) -> [Option<&str>; 3] {
    [&row.base_url, &row.kod, &row.sifre]
        .map(|secret| secret.as_ref().map(ExposeSecret::expose_secret))
}

impl Panels {
    /// No panels yet; they are read when they are asked for, and again after `refresh`.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        http: Http,
        limits: PanelLimits,
        refresh: Duration,
    ) -> Self {
        Self {
            store,
            clock,
            http,
            limits,
            refresh,
            meter: Meter::new(),
            state: Mutex::default(),
        }
    }

    /// The same panels, measured by this meter.
    #[must_use]
    pub fn metered(mut self, meter: Arc<Meter>) -> Self {
        self.meter = meter;
        self
    }

    /// What measures the panels and those who use them.
    #[must_use]
    pub fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// The panels, as the shop's tables had them at most `refresh` ago.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn current(&self) -> Result<Arc<[Arc<Panel>]>, StoreError> {
        let (read, list) = self.read();
        if read.is_some_and(|read| read.elapsed() < self.refresh) {
            return Ok(list);
        }
        let rows = self.store.integrations().await?;
        let secrets = rows.iter().flat_map(|row| [&row.kod, &row.sifre]);
        Secrets::process().register(secrets.flatten());
        let mut before: HashMap<_, _> = list.iter().map(|panel| (panel.id(), panel)).collect();
        let list: Arc<[Arc<Panel>]> = rows
            .into_iter()
            .map(|row| {
                let old = before.remove(&row.id);
                Arc::new(self.panel(row, old.map(Arc::as_ref)))
            })
            .collect();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.read = Some(Instant::now());
        state.list = Arc::clone(&list);
        Ok(list)
    }

    /// The panels as they were read last; none before the first time.
    #[must_use]
    pub fn known(&self) -> Arc<[Arc<Panel>]> {
        self.read().1
    }

    fn read(&self) -> (Option<Instant>, Arc<[Arc<Panel>]>) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.read, Arc::clone(&state.list))
    }

    /// The limits stay with the panel; client and price list only as long as the account does.
    fn panel(&self, row: Integration, old: Option<&Panel>) -> Panel {
        let concurrency = old.map_or_else(
            || self.concurrency(row.id),
            |old| Arc::clone(&old.concurrency),
        );
        let breaker = old.map_or_else(
            || {
                let breaker = PanelBreaker::new(row.id, self.limits.breaker);
                Arc::new(breaker.metered(Arc::clone(&self.meter)))
            },
            |old| Arc::clone(&old.breaker),
        );
        let meter = old.map_or_else(|| self.meter.panel(row.id), |old| Arc::clone(&old.meter));
        breaker.follow(row.open_until);
        if let Some(old) = old.filter(|old| old.has_account_of(&row)) {
            return Panel {
                provider: old.provider.clone(),
                catalogue: Arc::clone(&old.catalogue),
                concurrency,
                breaker,
                meter,
                row,
            };
        }
        let provider = self.connect(&row);
        if let Err(error) = &provider {
            tracing::warn!(
                panel = %row.name,
                integration = %row.id,
                error = error as &dyn std::error::Error,
                "this panel cannot be used; its orders are held"
            );
        }
        Panel {
            provider,
            concurrency,
            breaker,
            catalogue: Arc::new(CatalogueCache::new(self.limits.catalogue_ttl)),
            meter,
            row,
        }
    }

    fn concurrency(&self, panel: IntegrationId) -> Arc<ConcurrencyLimit> {
        let pace = Pace::shared(
            self.limits.requests_per_second,
            panel,
            self.store.clone(),
            Arc::clone(&self.clock),
        );
        Arc::new(ConcurrencyLimit::new(self.limits.max_in_flight, pace))
    }

    fn connect(&self, row: &Integration) -> Result<Arc<dyn Provider>, AccountError> {
        let [base_url, kod, sifre] = account(row);
        let account = Account::new(base_url, kod, sifre)?;
        let panel = Znet::new(account, self.http.clone());
        let meter = self.meter.panel(row.id);
        Ok(Arc::new(Metered::new(panel, meter)))
    }
}
