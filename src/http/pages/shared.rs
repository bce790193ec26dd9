//! What all viewers of a page share: read once for all of them.
//!
//! A picture is read again when somebody asks and the one at hand is older than its page allows, or
//! shows another state of the world: that of the stock is known by its mark.
//!
//! What must stay true: whoever asks during a reading waits for it, so however many look, a heavy query
//! runs once at a time. A failure goes to whoever asked and is not kept.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::{sync::Mutex, time::Instant};

use super::{
    charts::{ChartPicture, Range},
    stock::StockPicture,
};
use crate::{
    attention::{Warning, assess},
    http::{World, problem::Problem},
    overview::Situation,
    store::{FoundOrder, PanelHealth, Search, StoreError},
};

/// A little less than the interval at which pages are notified, so that each change is read.
const WHOLE_FOR: Duration = Duration::from_millis(900);
/// Statistics are written a few times a minute.
const CHARTS_FOR: Duration = Duration::from_secs(5);
/// The health of the panels is that of this time.
const HEALTH: TimeDelta = TimeDelta::hours(1);
/// Orders on the first page.
const LATEST: i64 = 10;
/// The whole stock is read for it. After a pass it is read anew, whoever ran the pass.
const STOCK_FOR: Duration = Duration::from_secs(10);

/// The pictures of one process; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages(Arc<Pictures>);

#[derive(Debug, Default)]
struct Pictures {
    whole: Picture<WholePicture>,
    charts: [Picture<ChartPicture>; 3],
    stock: Picture<StockPicture>,
}

/// What the first page, the panels and the jobs show.
#[derive(Debug)]
pub(crate) struct WholePicture {
    pub(crate) situation: Situation,
    pub(crate) warnings: Vec<Warning>,
    /// How the panels have answered in the last hour.
    pub(crate) health: Vec<PanelHealth>,
    /// The orders that were claimed last.
    pub(crate) latest: Vec<FoundOrder>,
}

impl WholePicture {
    async fn read(world: &World, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let store = &world.store;
        let situation = world.situation().await?;
        let warnings = assess(&situation, &world.limits, now);
        Ok(Self {
            warnings,
            health: store.panel_health(now - HEALTH).await?,
            // Without a shop its tables may not even exist.
            latest: if situation.shop {
                store
                    .search_orders(&Search::default(), None, LATEST)
                    .await?
                    .orders
            } else {
                Vec::new()
            },
            situation,
        })
    }
}

/// A picture as of some time.
#[derive(Debug)]
pub(crate) struct Seen<T> {
    pub(crate) value: T,
    /// When it was read, by the database's clock.
    pub(crate) at: DateTime<Utc>,
    /// The state of the world that it was read in; what was read may be newer, never older.
    mark: String,
    read: Instant,
}

/// One picture, read when it is asked for.
#[derive(Debug)]
struct Picture<T>(Mutex<Option<Arc<Seen<T>>>>);

impl<T> Default for Picture<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Picture<T> {
    async fn forget(&self) {
        *self.0.lock().await = None;
    }

    /// The picture at hand, unless it is older than `most` or of another state; then a new one.
    async fn get(
        &self,
        most: Duration,
        mark: &str,
        at: DateTime<Utc>,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Arc<Seen<T>>, StoreError> {
        // Held while reading: those who ask meanwhile wait for it instead of reading, too.
        let mut kept = self.0.lock().await;
        if let Some(seen) = kept.as_ref()
            && seen.read.elapsed() < most
            && seen.mark == mark
        {
            return Ok(Arc::clone(seen));
        }

        let seen = Arc::new(Seen {
            value: read.await?,
            at,
            mark: mark.to_owned(),
            read: Instant::now(),
        });
        *kept = Some(Arc::clone(&seen));
        Ok(seen)
    }
}

impl Pages {
    /// The next who looks sees everything anew.
    pub(crate) async fn forget(&self) {
        // Not the charts: their statistics are written a few times a minute at most.
        self.0.whole.forget().await;
        self.0.stock.forget().await;
    }

    /// The figures and what needs attention.
    pub(crate) async fn whole(&self, world: &World) -> Result<Arc<Seen<WholePicture>>, Problem> {
        let now = world.clock.now();
        let read = WholePicture::read(world, now);
        // Without a mark: it is read again as soon as pages are notified.
        Ok(self.0.whole.get(WHOLE_FOR, "", now, read).await?)
    }

    /// The series of a range.
    pub(crate) async fn charts(
        &self,
        world: &World,
        range: Range,
    ) -> Result<Arc<Seen<ChartPicture>>, Problem> {
        let now = world.clock.now();
        let read = ChartPicture::read(&world.store, range, now);
        let picture = &self.0.charts[range as usize];
        Ok(picture.get(CHARTS_FOR, "", now, read).await?)
    }

    /// The stock side.
    pub(crate) async fn stock(&self, world: &World) -> Result<Arc<Seen<StockPicture>>, Problem> {
        // Before the picture: what changes while it is read makes the next one.
        let mark = world.store.stock_mark().await?;
        let now = world.clock.now();
        let read = StockPicture::read(&world.store, world.config.trendyol.stock, now);
        Ok(self.0.stock.get(STOCK_FOR, &mark, now, read).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_who_look_at_once_read_once() {
        let picture = Picture::default();
        let readings = AtomicUsize::new(0);
        let now = DateTime::UNIX_EPOCH;
        let look = |mark: &'static str| {
            picture.get(Duration::from_secs(1), mark, now, async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(readings.fetch_add(1, Ordering::Relaxed))
            })
        };

        let seen = futures::future::join_all((0..50).map(|_| look("a"))).await;
        assert!(seen.into_iter().all(|seen| seen.unwrap().value == 0));
        assert_eq!(look("b").await.unwrap().value, 1, "another state");
        assert_eq!(look("b").await.unwrap().value, 1);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(look("b").await.unwrap().value, 2, "an old picture");
    }
}
