//! Reading rows back: whole, and as what has changed since.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use orderwatch::{
    order::{OrderId, Stage},
    store::TrackedOrder,
};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::Shop;

/// A whole row by column; times are written as [`iso`] does, amounts as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row(pub(crate) BTreeMap<String, Value>);

/// A time as rows show it.
pub(crate) fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

impl Row {
    fn read(row: Value) -> Self {
        let Value::Object(columns) = row else {
            panic!("a row is an object: {row}");
        };
        let columns = columns.into_iter();
        Self(columns.map(|(name, value)| (name, plain(value))).collect())
    }

    /// The columns that differ from an earlier state, with their new values.
    pub(crate) fn changes(&self, since: &Self) -> Value {
        assert!(self.0.keys().eq(since.0.keys()), "rows of one table");
        let changed = self.0.iter().filter(|(name, now)| since.0[*name] != **now);
        Value::Object(changed.map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    /// A column.
    pub(crate) fn get(&self, column: &str) -> &Value {
        &self.0[column]
    }

    /// A column that holds a text.
    pub(crate) fn text(&self, column: &str) -> &str {
        self.0[column].as_str().unwrap_or_default()
    }

    /// The texts of the notes, oldest first.
    pub(crate) fn notes(&self) -> Vec<&str> {
        let notes = self.0["notes"].as_array().unwrap();
        let texts = notes.iter().map(|note| note["text"].as_str());
        texts.flatten().collect()
    }
}

fn plain(value: Value) -> Value {
    let time = value.as_str().and_then(|text| {
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        Some(iso(time.with_timezone(&Utc)))
    });
    time.map_or(value, Value::String)
}

impl Shop {
    /// The shop's row of an order.
    pub(crate) async fn shop_row(&self, order: OrderId) -> Row {
        let row = self.find_shop_row(order).await;
        row.unwrap_or_else(|| panic!("{order} has no row"))
    }

    /// The shop's row of an order, if it still has one.
    pub(crate) async fn find_shop_row(&self, order: OrderId) -> Option<Row> {
        // Amounts as text: a number in JSON would be read as a float.
        let sql = r#"SELECT to_jsonb(o) || jsonb_build_object(
                'costAmount', o."costAmount"::text, 'price', o.price::text,
                'profitAmount', o."profitAmount"::text, 'sellPriceAmount', o."sellPriceAmount"::text)
            FROM product_orders o WHERE id = $1"#;
        let row = sqlx::query_scalar(sql).bind(order.0);
        let row: Option<Value> = row.fetch_optional(&self.pool).await.unwrap();
        row.map(Row::read)
    }

    /// Changes with every write to the shop's row, also with one that changes nothing.
    pub(crate) async fn version(&self, order: OrderId) -> String {
        let sql = "SELECT xmin::text || ' ' || ctid::text FROM product_orders WHERE id = $1";
        let version = sqlx::query_scalar(sql).bind(order.0);
        version.fetch_one(&self.pool).await.unwrap()
    }

    /// What orderwatch knows of an order.
    pub(crate) async fn tracked(&self, order: OrderId) -> TrackedOrder {
        let tracked = self.find_tracked(order).await;
        tracked.unwrap_or_else(|| panic!("{order} is not tracked"))
    }

    /// What orderwatch knows of an order, if it does.
    pub(crate) async fn find_tracked(&self, order: OrderId) -> Option<TrackedOrder> {
        self.store.tracked(order).await.unwrap()
    }

    /// Where an order stands.
    pub(crate) async fn stage(&self, order: OrderId) -> Stage {
        self.tracked(order).await.watched.stage
    }

    /// Why an order is held; empty when it is not.
    pub(crate) async fn held(&self, order: OrderId) -> &'static str {
        let held = self.tracked(order).await.held;
        held.map_or("", orderwatch::order::HoldReason::as_str)
    }

    /// The whole code that orderwatch keeps.
    pub(crate) async fn pin(&self, order: OrderId) -> Option<String> {
        let pin = self.store.pin(order).await.unwrap();
        pin.map(|pin| pin.expose_secret().to_owned())
    }

    /// The steps of an order, oldest first.
    pub(crate) async fn events(&self, order: OrderId) -> Vec<String> {
        let events = self.store.events(order).await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }

    /// The facts of the last event of a kind.
    pub(crate) async fn event(&self, order: OrderId, kind: &str) -> Value {
        let events = self.store.events(order).await.unwrap();
        let found = events.into_iter().rfind(|event| event.kind == kind);
        found.map_or(Value::Null, |event| event.detail)
    }

    /// The spend ledger's rows of an order, in the order of their rounds.
    pub(crate) async fn purchases(&self, order: OrderId) -> Vec<Row> {
        let sql = "SELECT to_jsonb(p) || jsonb_build_object(
                'cost', p.cost::text, 'expected', p.expected::text)
            FROM orderwatch.purchases p WHERE order_id = $1 ORDER BY round";
        let rows = sqlx::query_scalar(sql).bind(order.0);
        let rows: Vec<Value> = rows.fetch_all(&self.pool).await.unwrap();
        rows.into_iter().map(Row::read).collect()
    }
}
