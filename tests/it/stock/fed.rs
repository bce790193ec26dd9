//! A feed of orders whose records a test writes itself, to the byte, beside the practice store.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use orderwatch::{
    marketplace::{
        BatchId, BatchResult, Cursor, MarketError, Marketplace, PackageQuery, Page, PushNotSent,
        PushOutcome, PushPermit, ReadBack, StockItem, StreamPage, Window,
        trendyol::{AccountSettings, RateLimits, Trendyol},
    },
    stock::{Barcode, Claim, Package},
    worker::trendyol::Pull,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::rig::{Rig, http};

/// Records of a page of the stream.
const PAGE: usize = 5;

/// What the feed holds, and what was asked of it.
#[derive(Default)]
pub(crate) struct Told {
    /// The records, each as it is told.
    pub(crate) records: Vec<Value>,
    /// Where the stream refuses to go on: asked with the number of its page.
    pub(crate) refuses: Option<Box<dyn FnMut(usize) -> Option<MarketError> + Send>>,
    /// Pages of the stream that were asked for.
    pub(crate) pages: usize,
    /// What was sent of packages that are picked.
    pub(crate) picked: Vec<String>,
}

/// The practice store with another feed.
pub(crate) struct Fed {
    told: Arc<Mutex<Told>>,
    feed: Trendyol,
    store: Arc<dyn Marketplace>,
}

impl Rig {
    /// Takes the orders from a feed that the test writes.
    pub(crate) async fn fed(&mut self) -> Arc<Mutex<Told>> {
        let told = Arc::<Mutex<Told>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let account = AccountSettings {
            seller_id: "2738".to_owned(),
            api_key: "key".into(),
            api_secret: "secret".into(),
            base_url: format!("http://{}", listener.local_addr().unwrap()),
            integrator: "SelfIntegration".to_owned(),
            store_front_code: None,
        };
        tokio::spawn(serve(listener, Arc::clone(&told)));
        let unpaced = RateLimits {
            orders: 0,
            stream_every: Duration::ZERO,
            push: 0,
            read: 0,
            claims: 0,
            packages: 0,
            path: 0,
        };
        let feed = Trendyol::new(&account, &unpaced, http(), Duration::from_secs(30));
        self.seller.market = Arc::new(Fed {
            told: Arc::clone(&told),
            feed: feed.unwrap(),
            store: Arc::clone(&self.seller.market),
        });
        self.pull = Arc::new(Pull::new(self.seller.clone(), Duration::from_mins(15)));
        told
    }
}

async fn serve(listener: TcpListener, told: Arc<Mutex<Told>>) {
    while let Ok((connection, _)) = listener.accept().await {
        answer(connection, &told).await;
    }
}

async fn answer(mut connection: TcpStream, told: &Mutex<Told>) {
    let mut request = Vec::new();
    let text = loop {
        let mut part = [0; 8192];
        let count = connection.read(&mut part).await.unwrap();
        request.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        let head = text.find("\r\n\r\n");
        if count == 0 || head.is_some_and(|head| text.len() >= head + 4 + length) {
            break text;
        }
    };
    let body = told.lock().unwrap().answer(&text).to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(answer.as_bytes()).await.unwrap();
}

impl Told {
    fn answer(&mut self, request: &str) -> Value {
        let line = request.lines().next().unwrap_or_default();
        let path = line.split(' ').nth(1).unwrap_or_default();
        let field = |name: &str| {
            let (_, query) = path.split_once('?')?;
            let mut fields = query.split('&').filter_map(|field| field.split_once('='));
            fields
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
        };
        if line.starts_with("PUT") {
            let id = path.rsplit('/').next().unwrap_or_default();
            let (_, body) = request.split_once("\r\n\r\n").unwrap();
            self.picked.push(format!("{id} {body}"));
            return json!({});
        }
        if let Some(order) = field("orderNumber") {
            let records = self.records.iter();
            let found = records.filter(|record| record["orderNumber"] == order.as_str());
            let found: Vec<&Value> = found.collect();
            return json!({
                "totalElements": found.len(), "totalPages": usize::from(!found.is_empty()), "page": 0,
                "size": 200, "content": found,
            });
        }
        self.stream(&field)
    }

    /// The newest first, as the stream has them. A record without a time is in every window.
    fn stream(&self, field: &impl Fn(&str) -> Option<String>) -> Value {
        let ms = |name| field(name).unwrap().parse::<i64>().unwrap();
        let window = ms("lastModifiedStartDate")..=ms("lastModifiedEndDate");
        let time = |record: &&Value| record["lastModifiedDate"].as_i64();
        let records = self.records.iter();
        let found = records.filter(|record| time(record).is_none_or(|at| window.contains(&at)));
        let mut found: Vec<&Value> = found.collect();
        found.sort_by_key(|record| std::cmp::Reverse(time(record)));
        let begin: usize = field("nextCursor").map_or(0, |at| at.parse().unwrap());
        let end = found.len().min(begin + PAGE);
        json!({ "hasMore": end < found.len(), "nextCursor": end.to_string(), "content": found[begin..end] })
    }
}

impl fmt::Debug for Fed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fed").finish_non_exhaustive()
    }
}

#[async_trait]
impl Marketplace for Fed {
    async fn package_stream(
        &self,
        window: Window,
        cursor: Option<&Cursor>,
    ) -> Result<StreamPage, MarketError> {
        {
            let mut told = self.told.lock().unwrap();
            told.pages += 1;
            let page = cursor.map_or(0, |cursor| cursor.0.parse::<usize>().unwrap() / PAGE);
            if let Some(error) = told.refuses.as_mut().and_then(|refuses| refuses(page + 1)) {
                return Err(error);
            }
        }
        self.feed.package_stream(window, cursor).await
    }

    async fn packages(
        &self,
        query: &PackageQuery,
        page: u32,
    ) -> Result<Page<Package>, MarketError> {
        self.feed.packages(query, page).await
    }

    async fn set_picking(&self, package_id: i64, lines: &[(i64, i32)]) -> Result<(), MarketError> {
        self.feed.set_picking(package_id, lines).await
    }

    async fn push_permit(&self) -> Result<PushPermit, PushNotSent> {
        self.store.push_permit().await
    }

    async fn push(&self, permit: PushPermit, items: &[StockItem]) -> PushOutcome {
        self.store.push(permit, items).await
    }

    async fn batch_result(&self, batch: &BatchId) -> Result<BatchResult, MarketError> {
        self.store.batch_result(batch).await
    }

    async fn read_back(&self, barcodes: &[Barcode]) -> Result<ReadBack, MarketError> {
        self.store.read_back(barcodes).await
    }

    async fn claims(&self, window: Window, page: u32) -> Result<Page<Claim>, MarketError> {
        self.store.claims(window, page).await
    }
}
