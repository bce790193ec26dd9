//! A session that has planned its statements while the tables were empty, and meets them full.
//!
//! The server keeps the plan of a statement for as long as the session lasts. One that was good
//! for an empty table (read all of it) would be ruinous for a full one.

use std::time::{Duration, Instant};

use anyhow::ensure;
use chrono::{DateTime, Utc};
use orderwatch::{
    backoff::Backoff,
    order::{
        IntegrationId, OrderId, PlayerRules, Reference, Rules, Settle, Stage, StatusAnswer,
        TenantId, UnconfirmedPolicy, Watched as Known, decide,
    },
    store::{DueOrder, Outcome, Prices, Recorded, Store},
    text::Lang,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    claims::claim,
    support::{
        database::{Database, Shop, Watched},
        figures::{median, millis},
        targets::Targets,
    },
};

/// Orders that come into the empty tables.
const ORDERS: u64 = 100_000;
/// Times of one session beside another that count as the same.
const SAME: f64 = 1.5;
/// How often each statement is run before and after.
const TURNS: usize = 20;

/// Milliseconds of each statement.
#[derive(Default)]
struct Times {
    claim: Vec<f64>,
    waiting: Vec<f64>,
    done: Vec<f64>,
}

/// Measures and prints what the old session takes beside a new one.
pub(crate) async fn measure(targets: &mut Targets) -> anyhow::Result<()> {
    println!("\ngrown: statements of a session that is older than the {ORDERS} orders");
    Database::with(async |database| {
        let shop = database.shop("http://127.0.0.1:9").await?;
        let old = database.store(1)?;
        for _ in 0..TURNS {
            run_on_nothing(&old, shop).await?;
        }
        let orders = Watched {
            orders: ORDERS,
            due: Duration::ZERO,
            spread: Duration::ZERO,
        };
        database.put_watched(shop, orders).await?;
        database.settle().await?;
        let new = database.store(1)?;
        let (mut before, mut after) = (Times::default(), Times::default());
        for _ in 0..TURNS {
            before.take(&old, shop).await?;
            after.take(&new, shop).await?;
        }
        old.close().await;
        new.close().await;
        let statements = [
            ("claim", &mut before.claim, &mut after.claim),
            ("record, waiting", &mut before.waiting, &mut after.waiting),
            ("record, done", &mut before.done, &mut after.done),
        ];
        for (what, old, new) in statements {
            let (old, new) = (median(old), median(new));
            println!("  {what:<16} old session {old:>8.2} ms, new session {new:>8.2} ms");
            let what = format!("grown: {what}, old session beside new");
            targets.at_most(&what, old / new, SAME, "x");
        }
        Ok(())
    })
    .await
}

async fn run_on_nothing(store: &Store, shop: Shop) -> anyhow::Result<()> {
    let claimed = claim(store, shop, Uuid::new_v4()).await?;
    ensure!(claimed.is_empty(), "the table is not empty");
    let nobody = DueOrder {
        package: None,
        waited_at: None,
        answer: None,
        order: OrderId(Uuid::new_v4()),
        tenant: TenantId(shop.tenant),
        integration: IntegrationId(shop.integration),
        reference: Reference::parse("3000000000000001")?,
        watched: known(),
        due_at: None,
    };
    for answer in [waiting(), done()] {
        let outcome = outcome(nobody.clone(), answer, Uuid::new_v4(), DateTime::default())?;
        let recorded = store.record(&[outcome]).await?;
        ensure!(
            recorded == [Recorded::LeaseLost],
            "a result of no order was written"
        );
    }
    Ok(())
}

impl Times {
    async fn take(&mut self, store: &Store, shop: Shop) -> anyhow::Result<()> {
        for (answer, times) in [(waiting(), &mut self.waiting), (done(), &mut self.done)] {
            let (began, token) = (Instant::now(), Uuid::new_v4());
            let claimed = claim(store, shop, token).await?;
            self.claim.push(millis(began.elapsed()));
            let (now, _) = store.now().await?;
            let outcomes = claimed
                .into_iter()
                .map(|due| outcome(due, answer.clone(), token, now))
                .collect::<anyhow::Result<Vec<_>>>()?;
            let began = Instant::now();
            let recorded = store.record(&outcomes).await?;
            times.push(millis(began.elapsed()));
            let written = |recorded: &Recorded| matches!(recorded, Recorded::Done { .. });
            ensure!(recorded.iter().all(written), "a result was not written");
        }
        Ok(())
    }
}

fn outcome(
    due: DueOrder,
    answer: StatusAnswer,
    token: Uuid,
    at: DateTime<Utc>,
) -> anyhow::Result<Outcome> {
    Ok(Outcome {
        order: due.order,
        tenant: due.tenant,
        integration: due.integration,
        reference: due.reference,
        package: due.package,
        token,
        decision: decide::after_check(due.watched, answer, at, &rules()?, 0.5),
        at,
        quiet: None,
        prices: Prices::default(),
        sent_by: None,
        known: None,
        at_work: None,
        detail: json!({"answer": "text", "body": "OK|1||İşlem sırada bekliyor", "took_ms": 3}),
    })
}

fn waiting() -> StatusAnswer {
    StatusAnswer::Waiting {
        pin: None,
        text: "İşlem sırada bekliyor".to_owned(),
    }
}

fn done() -> StatusAnswer {
    StatusAnswer::Done {
        pin: Some("AB12-CD34-EF56-GH78".into()),
        text: "İşlem tamamlandı".to_owned(),
    }
}

fn known() -> Known {
    Known {
        stage: Stage::Submitted,
        dispatched_at: None,
        sent_at: None,
        give_up_at: None,
        processing: true,
        attempts: 5,
        errors: 0,
        unknowns: 0,
        may_resend: false,
    }
}

/// The shipped numbers.
fn rules() -> anyhow::Result<Rules> {
    Ok(Rules {
        player: PlayerRules::default(),
        backoff: Backoff::new(Duration::from_secs(30), Duration::from_mins(10), 0.1)?,
        first_check_after: Duration::from_mins(1),
        max_attempts: 20,
        give_up_after: Duration::from_hours(24),
        confirm_after: vec![Duration::from_secs(10)],
        unconfirmed: UnconfirmedPolicy::Hold,
        settle: Settle::Status,
        language: Lang::En,
    })
}
