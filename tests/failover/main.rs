//! The primary of a Patroni cluster dies under load, again and again, and its standby takes over.
//!
//! `scripts/check-failover` runs this beside a cluster whose commits wait for the standby, and beside one whose
//! commits do not and which loses the last ones at every failover. Without a cluster it says so and does nothing.
//! `ORDERWATCH_TEST_KILLS` sets how many primaries die.
//!
//! What must stay true: the panels sell again under a reference that they know (znet), and the failover takes rows,
//! claims and results away, so that whoever forgets a purchase and does not ask for it buys twice.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod cluster;
mod customers;
mod toll;

/// What the other tests start the program with.
#[path = "../it"]
mod it {
    #[allow(dead_code, reason = "these tests need a part of it")]
    pub(crate) mod process;
}
use it::process;

use std::{
    collections::{BTreeSet, HashSet},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use sandbox::{
    barakat::{Barakat, BarakatPlan},
    panel::Readiness,
};
use sqlx::PgPool;
use uuid::Uuid;

use self::{
    cluster::{Cluster, Revived},
    customers::{Customers, Placed},
    toll::Toll,
};
use crate::process::{
    Process, Signal, figures,
    settings::Settings,
    until,
    world::{PIN, World},
};

const KILLS: &str = "ORDERWATCH_TEST_KILLS";
const TOKEN: &str = "practice-token-1234";
/// At the panel of the kind barakat; it asks for nothing about the player.
const CODE: &str = "505";

/// Two replicas, two panels, and customers who order all the time.
struct Failovers {
    cluster: Cluster,
    world: World,
    barakat: Barakat,
    replicas: [Process; 2],
    customers: Customers,
    /// Orders whose commit a customer was told of, and that are gone.
    lost: BTreeSet<Uuid>,
    /// Orders that were bought, whose claim was lost, and that were claimed again.
    forgotten: HashSet<Uuid>,
}

/// What one failover cost.
struct Round {
    /// From the kill to the first order that the shop could write.
    written_after: Duration,
    /// From the kill until that order was completed.
    completed_after: Duration,
    lost_rows: usize,
    forgotten: usize,
    revived: Revived,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_is_killed_under_load_takes_no_purchase_with_it() {
    let Some(cluster) = Cluster::beside() else {
        eprintln!("left out: there is no cluster; scripts/check-failover starts one");
        return;
    };
    let kills: usize = std::env::var(KILLS).map_or(5, |kills| kills.parse().unwrap());
    let mut failovers = Failovers::begin(cluster).await;

    let mut lost_commits = 0;
    for number in 0..kills {
        let round = failovers.round(number).await;
        lost_commits += round.revived.lost_commits;
        eprintln!(
            "failover {}: orders again after {:.1} s, completed after {:.1} s; gone {} commits, {} confirmed orders, \
             {} purchases forgotten; the old primary back after {:.1} s{}",
            number + 1,
            round.written_after.as_secs_f64(),
            round.completed_after.as_secs_f64(),
            round.revived.lost_commits,
            round.lost_rows,
            round.forgotten,
            round.revived.seconds,
            if round.revived.rewound {
                ", rewound"
            } else {
                ""
            },
        );
    }
    failovers.end(kills, lost_commits).await;
}

impl Failovers {
    async fn begin(cluster: Cluster) -> Self {
        let latency = Duration::ZERO..=Duration::from_millis(60);
        let mut plan = BarakatPlan::sample(7);
        plan.readiness = Readiness::after_waits(1);
        plan.faults.latency = latency.clone();
        let barakat = Barakat::start(plan).await.unwrap();
        let world = World::with(|plan| {
            plan.readiness = Readiness::after_waits(1);
            plan.faults.latency = latency;
        })
        .await;
        world.shop.barakat(&barakat.base_url(), TOKEN, CODE).await;

        let settings = settings(&world, &cluster);
        let replicas = [world.start(&settings).await, world.start(&settings).await];
        world.command(&["once", "balance"]).await.good();
        Self {
            customers: Customers::come(&world, &[PIN, PIN, PIN, CODE]),
            cluster,
            world,
            barakat,
            replicas,
            lost: BTreeSet::new(),
            forgotten: HashSet::new(),
        }
    }

    /// Some orders, the death of the primary, and work that goes on.
    async fn round(&mut self, number: usize) -> Round {
        self.customers.rest_during(self.caught_up()).await;
        self.customers.place(20).await;
        if self.cluster.synchronous {
            // Every other time in the middle of commits that wait for the standby: they are as good as never made.
            if number.is_multiple_of(2) {
                self.cluster.hold().await;
                self.commits_wait().await;
            }
        } else {
            self.buy_unseen_by_the_standby().await;
        }

        let sold = self.sold();
        let node = self.cluster.kill().await;
        let killed = Instant::now();
        #[expect(
            clippy::disallowed_methods,
            reason = "the database cannot be asked for the time of its death"
        )]
        let killed_at = Utc::now();
        let before = self.customers.placed();
        self.customers.place(1).await;
        let written_after = killed.elapsed();
        let next = self.customers.placed()[before.len()].order;
        self.completed(next).await;
        let completed_after = killed.elapsed();

        let revived = self.cluster.revive(&node).await;
        let lost_rows = self.look_for_lost(&before).await;
        let forgotten = self.look_for_forgotten(&before, &sold, killed_at).await;
        Round {
            written_after,
            completed_after,
            lost_rows,
            forgotten,
            revived,
        }
    }

    /// Orders that the standby has and whose purchases it never hears of, then orders that it never hears of.
    async fn buy_unseen_by_the_standby(&self) {
        for replica in &self.replicas {
            replica.signal(Signal::STOP);
        }
        self.customers.place(20).await;
        self.cluster.hold().await;
        for replica in &self.replicas {
            replica.signal(Signal::CONT);
        }

        let before = self.sold().len();
        self.customers.place(30).await;
        until("purchases that the standby does not hear of", || async {
            (self.sold().len() >= before + 30).then_some(())
        })
        .await;
    }

    /// What is measured below is the failover, not the queue that the one before has left.
    async fn caught_up(&self) {
        let open = "SELECT count(*) FROM product_orders o WHERE NOT EXISTS (
            SELECT FROM orderwatch.orders t WHERE t.order_id = o.id AND t.finished_at IS NOT NULL)";
        until("the orders of before", || async {
            let open: i64 = sqlx::query_scalar(open).fetch_one(self.pool()).await.ok()?;
            (open == 0).then_some(())
        })
        .await;
    }

    async fn commits_wait(&self) {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        until("commits that wait for the standby", || async {
            let count: i64 = sqlx::query_scalar(waiting)
                .fetch_one(self.pool())
                .await
                .ok()?;
            (count >= 3).then_some(())
        })
        .await;
    }

    async fn completed(&self, order: Uuid) {
        let stage = "SELECT stage FROM orderwatch.orders WHERE order_id = $1";
        until("an order of after the failover", || async {
            let stage = sqlx::query_scalar::<_, String>(stage).bind(order);
            let stage = stage.fetch_optional(self.pool()).await.ok()??;
            (stage == "completed").then_some(())
        })
        .await;
    }

    /// Orders that were bought at either panel so far, by player.
    fn sold(&self) -> HashSet<String> {
        let players = self.customers.players();
        let barakat = self.barakat.ledger().sales().into_iter();
        let barakat = barakat.filter_map(|sale| players.get(&sale.order_uuid).cloned());
        let znet = self.world.panel.ledger().sales().into_iter();
        barakat.chain(znet.map(|sale| sale.player)).collect()
    }

    /// Which of these orders are gone, although whoever placed them was told that they are written. Returns how
    /// many there are that were not gone before.
    async fn look_for_lost(&mut self, placed: &[Placed]) -> usize {
        let there = "SELECT id FROM product_orders WHERE id = ANY($1)";
        let ids: Vec<Uuid> = placed.iter().map(|placed| placed.order).collect();
        let there = sqlx::query_scalar(there).bind(&ids).fetch_all(self.pool());
        let there: HashSet<Uuid> = there.await.unwrap().into_iter().collect();
        let known = self.lost.len();
        self.lost
            .extend(ids.into_iter().filter(|id| !there.contains(id)));
        self.lost.len() - known
    }

    /// Which orders were bought before the kill and claimed after it: the database had forgotten the purchase.
    async fn look_for_forgotten(
        &mut self,
        placed: &[Placed],
        sold: &HashSet<String>,
        killed_at: DateTime<Utc>,
    ) -> usize {
        let again = "SELECT order_id FROM orderwatch.purchases WHERE claimed_at > $1";
        let again = sqlx::query_scalar(again)
            .bind(killed_at)
            .fetch_all(self.pool());
        let again: HashSet<Uuid> = again.await.unwrap().into_iter().collect();
        let known = self.forgotten.len();
        let bought = placed.iter().filter(|placed| sold.contains(&placed.player));
        let forgotten = bought.filter(|placed| again.contains(&placed.order));
        self.forgotten.extend(forgotten.map(|placed| placed.order));
        self.forgotten.len() - known
    }

    fn pool(&self) -> &PgPool {
        &self.world.database.pool
    }

    /// Waits until nobody works on any order, and counts what was lost.
    async fn end(self, kills: usize, commits: u64) {
        let placed = self.customers.leave().await;
        let rows = self.world.shop.settled().await;
        for mut replica in self.replicas {
            assert!(replica.is_running(), "{}", replica.written());
            let log = replica.stop().await.stderr;
            assert!(!log.contains("panicked"), "{log}");
        }
        self.world.command(&["once", "balance"]).await.good();

        let toll = Toll::count(&self.world, &self.barakat, &placed, rows).await;
        let commits_are = if self.cluster.synchronous {
            "synchronous"
        } else {
            "asynchronous"
        };
        figures(&format!(
            "{commits_are}, {kills} primaries killed: {toll}; {commits} commits gone, {} purchases forgotten and found \
             again",
            self.forgotten.len()
        ));
        assert_eq!(toll.lost, self.lost, "orders are lost by failovers alone");
        if self.cluster.synchronous {
            assert_eq!(toll.lost, BTreeSet::new(), "a confirmed order is gone");
            assert_eq!(toll.held, 0, "every answer was sound");
            assert_eq!(
                toll.bought_for_lost.len(),
                0,
                "bought without a confirmed claim"
            );
        } else {
            let hurt =
                commits > 0 && !toll.bought_for_lost.is_empty() && !self.forgotten.is_empty();
            assert!(hurt, "nothing was lost that could have been bought twice");
            let explained = toll.unexplained + toll.unsure + toll.named;
            assert!(
                explained >= toll.spent_for_lost(),
                "money was spent in silence: {:#?}",
                toll.silent
            );
            assert!(toll.unexplained <= toll.spent_for_lost(), "a false alarm");
        }
    }
}

fn settings(world: &World, cluster: &Cluster) -> Settings {
    // Where no commit is lost, nothing is asked before it is bought.
    let ask_first = if cluster.synchronous { "false" } else { "true" };
    world
        .settings()
        .with("dispatch.ask_first", ask_first)
        // All of it on one machine is slow, and a claim that ends before its turn comes is claimed anew.
        .text("dispatch.lease", "20s")
        .text("poll.lease", "20s")
}
