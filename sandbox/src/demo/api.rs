//! What the demo asks of orderwatch, as any program would: by its API.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context as _, ensure};
use sandbox::http::{Answered, Call};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use url::Url;

/// Longer than orderwatch itself waits for a job.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub(super) struct Api(Url);

/// What orderwatch would do with one product.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Planned {
    pub(super) barcode: String,
    /// Units on sale, as far as orderwatch knows.
    pub(super) on_sale: Option<i64>,
    /// `in_sync`, `send` or `wait`.
    pub(super) verdict: String,
}

#[derive(Deserialize)]
struct Plan {
    products: Page<Planned>,
}

#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
}

#[derive(Deserialize)]
struct Picked {
    lines: Vec<PickedLine>,
}

#[derive(Deserialize)]
struct PickedLine {
    barcode: String,
    from_stock: i32,
}

impl Api {
    pub(super) fn at(page: &str) -> anyhow::Result<Self> {
        let page: Url = page.parse()?;
        Ok(Self(page.join("api/v1/")?))
    }

    /// What orderwatch would send of each product.
    pub(super) async fn plan(&self) -> anyhow::Result<Vec<Planned>> {
        let answer = self
            .call("GET", "stock/plan?settled=true&limit=500", "")
            .await?;
        let plan: Plan = read(&answer).context("orderwatch does not say what it would send")?;
        Ok(plan.products.items)
    }

    /// Takes an order's pieces from the shelves. Returns what was taken of each product; `None` when
    /// the order cannot be picked now.
    pub(super) async fn pick(&self, order: &str) -> anyhow::Result<Option<HashMap<String, i32>>> {
        let body = json!({"order": order, "by": "demo"}).to_string();
        let answer = self.call("POST", "pick", &body).await?;
        // Cancelled meanwhile, not paid yet, or the daemon is still starting.
        if matches!(answer.status, 404 | 409 | 422 | 503) {
            return Ok(None);
        }
        let picked: Picked = read(&answer).context("the order cannot be picked")?;
        let lines = picked.lines.into_iter();
        Ok(Some(
            lines.map(|line| (line.barcode, line.from_stock)).collect(),
        ))
    }

    /// Reads the returns now; the daemon by itself does it once a day.
    pub(super) async fn pull_returns(&self) -> anyhow::Result<()> {
        let body = json!({"by": "demo", "reason": "more often than once a day"}).to_string();
        let answer = self.call("POST", "jobs/pull-returns/runs", &body).await?;
        ensure!(
            answer.status < 300,
            "orderwatch answers {}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        Ok(())
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> anyhow::Result<Answered> {
        let url = self.0.join(path)?;
        let call = Call {
            method,
            url: &url,
            header: None,
            body,
        };
        let answer = tokio::time::timeout(PATIENCE, call.send()).await;
        answer
            .context("orderwatch does not answer in time")?
            .context("orderwatch cannot be asked")
    }
}

fn read<T: DeserializeOwned>(answer: &Answered) -> anyhow::Result<T> {
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(answer.status == 200, "{}: {text}", answer.status);
    serde_json::from_str(&text).context("its answer is not understood")
}
