//! `orderwatch adopt`: what it says will happen is what a live daemon then does, and saying it changes nothing.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

mod foreseen;
mod steps;
mod unread;

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor};
use uuid::Uuid;

use crate::process::{
    Ended,
    settings::Settings,
    world::{KOD, SIFRE, World},
};

/// A reference as the shop's own sender makes them.
const SENT: &str = "1795641799498220";

async fn sql(world: &World, sql: &str) {
    let pool = &world.database.pool;
    let done = pool.execute(AssertSqlSafe(sql.to_owned())).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn adopt_with(world: &World, settings: &Settings, more: &[&str]) -> (Ended, Value) {
    let args: Vec<&str> = ["adopt", "--json", "--list"]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    let ended = world.program(settings, &args).run().await;
    for secret in [KOD, SIFRE] {
        assert!(!ended.stdout.contains(secret), "{secret}: {ended:?}");
        assert!(!ended.stderr.contains(secret), "{secret}: {ended:?}");
    }
    let found = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    (ended, found)
}

async fn adopt(world: &World) -> (Ended, Value) {
    adopt_with(world, &world.settings(), &[]).await
}

/// The findings of one check of a side, as `outcome: sentence`.
fn said(side: &Value, check: &str) -> Vec<String> {
    let findings = side["findings"].as_array().unwrap().iter();
    let findings = findings.filter(|finding| finding["check"] == check);
    let text = |finding: &Value| format!("{}: {}", finding["outcome"], finding["sentence"]);
    findings
        .map(|finding| text(finding).replace('"', ""))
        .collect()
}

/// The state and the evidence of the step that begins like this.
fn step<'v>(steps: &'v Value, begins: &str) -> (&'v str, &'v str) {
    let mut all = steps.as_array().unwrap().iter();
    let step = all.find(|step| step["what"].as_str().unwrap().starts_with(begins));
    let step = step.unwrap_or_else(|| panic!("no step {begins}: {steps:#}"));
    let text = |key| step[key].as_str().unwrap_or_default();
    (text("state"), text("evidence"))
}

/// What is in the applications' tables and in ours, with the transactions that wrote it.
async fn written(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
                  WHERE schemaname IN ('public', 'orderwatch') ORDER BY 1";
    let pool = &world.database.pool;
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(pool).await.unwrap();
    for table in tables {
        let rows =
            format!("SELECT '{table} ' || xmin::text || ' ' || t::text FROM {table} t ORDER BY 1");
        let rows = sqlx::query_scalar(AssertSqlSafe(rows));
        let rows: Vec<String> = rows.fetch_all(pool).await.unwrap();
        all.extend(rows);
    }
    all
}

/// What was foreseen of each order.
fn foreseen(found: &Value) -> BTreeMap<Uuid, (String, String)> {
    let list = found["shop"]["orders"]["orders"].as_array().unwrap().iter();
    let text = |order: &Value, key: &str| order[key].as_str().unwrap().to_owned();
    list.map(|order| {
        let id = text(order, "order").parse().unwrap();
        (id, (text(order, "fate"), text(order, "why")))
    })
    .collect()
}
