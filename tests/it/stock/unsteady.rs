//! The marketplace as it is on a bad day: answers are lost, calls are refused, feeds are out, and
//! time passes during every call.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use fastrand::Rng;
use orderwatch::{
    marketplace::{
        BatchId, BatchResult, Cursor, MarketError, Marketplace, PackageQuery, Page, PushNotSent,
        PushOutcome, PushPermit, ReadBack, StockItem, StreamPage, Webhooks, Window,
    },
    stock::{Barcode, Claim, Package},
    worker::trendyol::Rest,
};

use crate::process::halt::Halt;

/// What happens while time passes.
pub(crate) type Tide = Arc<dyn Fn(Duration) + Send + Sync>;

/// The real client, and what goes wrong around it.
pub(crate) struct Unsteady {
    inner: Arc<dyn Marketplace>,
    tide: Tide,
    weather: Mutex<Weather>,
    /// Stops pushes that wait for their turn,
    pub(crate) permits: Halt,
    /// calls that were not made yet,
    pub(crate) calls: Halt,
    /// and answers on their way.
    pub(crate) answers: Halt,
}

/// How bad the day is.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    /// Share of calls that are not made.
    pub(crate) refused: f64,
    /// Share of calls whose answer is lost.
    pub(crate) lost: f64,
    /// Whether orders cannot be read.
    pub(crate) feed_out: bool,
    /// Seconds that a call takes at most.
    pub(crate) seconds: u64,
    /// How long each of the next looks waits for its turn before it is made.
    pub(crate) looks_wait: VecDeque<Duration>,
    /// Barcodes with which a look fails.
    pub(crate) unreadable: Vec<&'static str>,
    /// How long a push takes, and its answer.
    pub(crate) push_takes: Duration,
    /// Chance.
    pub(crate) rng: Rng,
}

impl Default for Weather {
    fn default() -> Self {
        Self {
            refused: 0.0,
            lost: 0.0,
            feed_out: false,
            seconds: 0,
            looks_wait: VecDeque::new(),
            unreadable: Vec::new(),
            push_takes: Duration::ZERO,
            rng: Rng::with_seed(1),
        }
    }
}

enum Luck {
    Fine,
    Refused,
    Lost,
}

impl Unsteady {
    pub(crate) fn new(inner: Arc<dyn Marketplace>, tide: Tide) -> Self {
        Self {
            inner,
            tide,
            weather: Mutex::default(),
            permits: Halt::default(),
            calls: Halt::default(),
            answers: Halt::default(),
        }
    }

    pub(crate) fn weather(&self, change: impl FnOnce(&mut Weather)) {
        change(&mut self.weather.lock().unwrap());
    }

    /// Time before the work is done; the same again passes after it.
    fn draw(&self, feed: bool) -> (Luck, Duration) {
        let mut weather = self.weather.lock().unwrap();
        let seconds = weather.seconds;
        let took = Duration::from_secs(if seconds == 0 {
            0
        } else {
            weather.rng.u64(0..=seconds)
        });
        let draw = weather.rng.f64();
        let luck = if feed && weather.feed_out || draw < weather.refused {
            Luck::Refused
        } else if draw < weather.refused + weather.lost {
            Luck::Lost
        } else {
            Luck::Fine
        };
        (luck, took)
    }

    async fn call<T>(
        &self,
        feed: bool,
        work: impl Future<Output = Result<T, MarketError>> + Send,
    ) -> Result<T, MarketError> {
        let (luck, took) = self.draw(feed);
        (self.tide)(took);
        if let Luck::Refused = luck {
            return Err(refused(feed));
        }
        self.calls.pass_later().await;
        let result = work.await;
        self.answers.pass_later().await;
        (self.tide)(took);
        match luck {
            Luck::Lost => Err(MarketError::Unreachable {
                trouble: "the connection was reset".to_owned(),
            }),
            _ => result,
        }
    }
}

fn refused(feed: bool) -> MarketError {
    if feed {
        MarketError::Transient {
            status: 503,
            text: "down".to_owned(),
        }
    } else {
        MarketError::RateLimited {
            retry_after: Duration::from_secs(5),
        }
    }
}

impl fmt::Debug for Unsteady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsteady").finish_non_exhaustive()
    }
}

#[async_trait]
impl Marketplace for Unsteady {
    async fn package_stream(
        &self,
        window: Window,
        cursor: Option<&Cursor>,
    ) -> Result<StreamPage, MarketError> {
        self.call(true, self.inner.package_stream(window, cursor))
            .await
    }

    async fn packages(
        &self,
        query: &PackageQuery,
        page: u32,
    ) -> Result<Page<Package>, MarketError> {
        self.call(true, self.inner.packages(query, page)).await
    }

    async fn push_permit(&self) -> Result<PushPermit, PushNotSent> {
        self.permits.pass_later().await;
        self.inner.push_permit().await
    }

    async fn push(&self, permit: PushPermit, items: &[StockItem]) -> PushOutcome {
        let (luck, took) = self.draw(false);
        let took = took + self.weather.lock().unwrap().push_takes;
        (self.tide)(took);
        if let Luck::Refused = luck {
            return PushOutcome::RateLimited {
                retry_after: Duration::from_secs(5),
            };
        }
        self.calls.pass_later().await;
        let outcome = self.inner.push(permit, items).await;
        self.answers.pass_later().await;
        (self.tide)(took);
        match luck {
            Luck::Lost => PushOutcome::Unknown {
                why: "the connection was reset".to_owned(),
            },
            _ => outcome,
        }
    }

    async fn batch_result(&self, batch: &BatchId) -> Result<BatchResult, MarketError> {
        self.call(false, self.inner.batch_result(batch)).await
    }

    async fn read_back(&self, barcodes: &[Barcode]) -> Result<ReadBack, MarketError> {
        let waits = self.weather.lock().unwrap().looks_wait.pop_front();
        (self.tide)(waits.unwrap_or_default());
        let unreadable = self.weather.lock().unwrap().unreadable.clone();
        if barcodes.iter().any(|b| unreadable.contains(&b.as_str())) {
            return Err(refused(true));
        }
        self.call(false, self.inner.read_back(barcodes)).await
    }

    async fn claims(&self, window: Window, page: u32) -> Result<Page<Claim>, MarketError> {
        self.call(false, self.inner.claims(window, page)).await
    }

    fn hooks(&self) -> Option<&dyn Webhooks> {
        self.inner.hooks()
    }

    async fn set_picking(&self, package_id: i64, lines: &[(i64, i32)]) -> Result<(), MarketError> {
        self.call(false, self.inner.set_picking(package_id, lines))
            .await
    }
}

/// Waiting moves the time.
pub(crate) struct TideRest(pub(crate) Tide);

impl fmt::Debug for TideRest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TideRest").finish_non_exhaustive()
    }
}

#[async_trait]
impl Rest for TideRest {
    async fn rest(&self, time: Duration) {
        (self.0)(time);
    }
}
