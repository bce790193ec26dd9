//! A marketplace that answers in memory and at once, and a pause that takes no time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use orderwatch::{
    clock::ManualClock,
    marketplace::{
        BatchId, BatchResult, Cursor, MarketError, Marketplace, Next, PackageQuery, Page,
        PushNotSent, PushOutcome, PushPermit, ReadBack, StockItem, StreamPage, Window,
    },
    stock::{
        Barcode, Claim, Package,
        push_result::{BatchItem, ItemStatus},
        rule::Answer,
    },
    worker::trendyol::Rest,
};

/// What is on sale, and what was sent.
#[derive(Debug, Default)]
pub(crate) struct Instant(Mutex<Books>);

#[derive(Debug, Default)]
struct Books {
    on_sale: HashMap<String, i32>,
    batches: Vec<Vec<(String, i32)>>,
}

impl Instant {
    pub(crate) fn new(on_sale: HashMap<String, i32>) -> Self {
        Self(Mutex::new(Books {
            on_sale,
            batches: Vec::new(),
        }))
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Marketplace for Instant {
    async fn package_stream(
        &self,
        _: Window,
        _: Option<&Cursor>,
    ) -> Result<StreamPage, MarketError> {
        Ok(StreamPage {
            packages: Vec::new(),
            unreadable: Vec::new(),
            next: Next::End,
        })
    }

    async fn packages(&self, _: &PackageQuery, _: u32) -> Result<Page<Package>, MarketError> {
        Ok(nothing())
    }

    async fn push_permit(&self) -> Result<PushPermit, PushNotSent> {
        Ok(PushPermit::granted())
    }

    async fn push(&self, _: PushPermit, items: &[StockItem]) -> PushOutcome {
        let mut books = self.books();
        let mut batch = Vec::with_capacity(items.len());
        for item in items {
            let barcode = item.barcode.as_str().to_owned();
            books.on_sale.insert(barcode.clone(), item.quantity);
            batch.push((barcode, item.quantity));
        }
        books.batches.push(batch);
        PushOutcome::Accepted {
            batch: BatchId((books.batches.len() - 1).to_string()),
        }
    }

    async fn batch_result(&self, batch: &BatchId) -> Result<BatchResult, MarketError> {
        let books = self.books();
        let found = batch
            .0
            .parse()
            .ok()
            .and_then(|n: usize| books.batches.get(n));
        let items = found.into_iter().flatten().filter_map(|(barcode, _)| {
            Some(BatchItem {
                barcode: Barcode::parse(barcode).ok()?,
                status: ItemStatus::Success,
            })
        });
        Ok(BatchResult {
            items: items.collect(),
            unreadable: Vec::new(),
        })
    }

    async fn read_back(&self, barcodes: &[Barcode]) -> Result<ReadBack, MarketError> {
        let books = self.books();
        let answers = barcodes.iter().map(|barcode| {
            let units = books.on_sale.get(barcode.as_str());
            let answer = units.map_or(Answer::NotListed, |units| Answer::Units(*units));
            (barcode.clone(), answer)
        });
        Ok(ReadBack {
            answers: answers.collect(),
            unreadable: Vec::new(),
        })
    }

    async fn claims(&self, _: Window, _: u32) -> Result<Page<Claim>, MarketError> {
        Ok(nothing())
    }

    async fn set_picking(&self, _: i64, _: &[(i64, i32)]) -> Result<(), MarketError> {
        Ok(())
    }
}

fn nothing<T>() -> Page<T> {
    Page {
        records: Vec::new(),
        unreadable: Vec::new(),
        total: Some(0),
        last: true,
    }
}

/// Moves the clock instead of waiting.
#[derive(Debug)]
pub(crate) struct NoRest(pub(crate) Arc<ManualClock>);

#[async_trait]
impl Rest for NoRest {
    async fn rest(&self, time: Duration) {
        self.0.advance(time);
    }
}
