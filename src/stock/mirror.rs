//! An order's row in the warehouse's tables, as the warehouse's application writes it.
//!
//! One row per order: where an order has several packages, their lines are together in `details`, each with
//! its package, and the row's other columns are those of the first package that is still alive. What must
//! stay true: only columns that have a value are written, so nothing that the warehouse knows is erased.

mod columns;
mod content;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use self::{
    columns::{Columns, number},
    content::lines_of,
};
pub(crate) use content::Content;

use super::{
    PackageStatus, StockEffect,
    held::{HeldLine, HeldPackage},
    order_table::{OrderTable, target, wanted},
    owed::{settle, shown},
};

/// Where an order comes from, in the words of the warehouse's application.
const SOURCE: &str = "TRENDYOL";

#[derive(Clone, Debug)]
pub struct OrderRowWrite {
    pub(crate) table: OrderTable,
    /// Columns and their values.
    pub(crate) columns: Value,
}

/// A package with what the warehouse's tables show of it.
#[derive(Clone, Debug)]
pub(crate) struct MirroredPackage {
    pub(crate) held: HeldPackage,
    /// `lastModifiedDate`, or when it was read.
    pub(crate) changed_at: DateTime<Utc>,
    /// A [`Content`].
    pub(crate) content: Value,
}

/// Where the order's row belongs, and what it says there; `stands` is where it is, `ours` where orderwatch
/// put it last.
pub(crate) fn row(
    order: &str,
    packages: &[MirroredPackage],
    (stands, ours): (Option<OrderTable>, Option<OrderTable>),
    now: DateTime<Utc>,
) -> Option<OrderRowWrite> {
    let held: Vec<HeldPackage> = packages.iter().map(|p| p.held.clone()).collect();
    let mut units = shown(&held);

    // What stands for a package without an id is not shown: nobody can pick it.
    let with_id = packages.iter().filter(|p| !p.held.is_placeholder());
    let shown: Vec<Shown> = with_id
        .map(|package| {
            let mut shown = Shown {
                status: status(&package.held),
                changed_at: package.changed_at,
                content: serde_json::from_value(package.content.clone()).unwrap_or_default(),
            };
            let units = units.remove(&package.held.package_id);
            shown.reduce(&units.unwrap_or_default());
            shown
        })
        .collect();
    if shown.is_empty() {
        return None;
    }

    let wanted = wanted_of(&shown, &held, stands);
    let table = target(stands, ours, wanted)?;
    let mut columns = facts(order, &shown, table, stands.is_none(), now);

    if wanted != Some(table)
        && let Some(columns) = columns.as_object_mut()
    {
        // The warehouse is further than Trendyol knows; its own status stays.
        columns.remove("status");
    }

    Some(OrderRowWrite { table, columns })
}

/// Where the order belongs by its packages.
fn wanted_of(
    shown: &[Shown],
    held: &[HeldPackage],
    stands: Option<OrderTable>,
) -> Option<OrderTable> {
    let wanted = wanted(shown.iter().map(|shown| &shown.status))?;
    let has_left = matches!(stands, Some(OrderTable::Shipped | OrderTable::Delivered));
    if wanted != OrderTable::Created || !has_left {
        return Some(wanted);
    }

    // A part that is read later than the one that was shipped was picked with it. It is still to be sent, but in
    // `orders_created` the warehouse would pick it a second time.
    let with_others = settle(held).taken;
    let is_taken =
        |package: &HeldPackage| package.was_taken() || with_others.contains(&package.package_id);
    let mut open = held
        .iter()
        .filter(|package| package.status.stock_effect() == StockEffect::Reserved);
    Some(if open.all(is_taken) {
        OrderTable::Picking
    } else {
        wanted
    })
}

/// A row for each of the warehouse's tables, as they are written, to check that the tables take them.
#[must_use]
pub fn sample_rows(now: DateTime<Utc>) -> Vec<OrderRowWrite> {
    let tables = [
        (OrderTable::Created, PackageStatus::Created),
        (OrderTable::Picking, PackageStatus::Picking),
        (OrderTable::Shipped, PackageStatus::Shipped),
        (OrderTable::Delivered, PackageStatus::Delivered),
        (OrderTable::Cancelled, PackageStatus::Cancelled),
    ];

    let row = |(table, status)| {
        let shown = Shown {
            status,
            changed_at: now,
            content: Content::default(),
        };
        OrderRowWrite {
            table,
            columns: facts("orderwatch-trial", &[shown], table, true, now),
        }
    };

    tables.map(row).into()
}

fn status(package: &HeldPackage) -> PackageStatus {
    // A package all of whose lines were cancelled may keep its own status.
    let mut lines = package.lines.iter();
    let is_cancelled = |line: &HeldLine| line.effect(&package.status) == StockEffect::Released;
    if !package.lines.is_empty() && lines.all(is_cancelled) {
        return PackageStatus::Cancelled;
    }
    package.status.clone()
}

/// A package of an order, for its row.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) status: PackageStatus,
    /// When that was so.
    pub(crate) changed_at: DateTime<Utc>,
    pub(crate) content: Content,
}

impl Shown {
    /// Shows only these units of each line: what other packages carry on, or what was cancelled, is
    /// shown there or not at all.
    fn reduce(&mut self, units: &[u32]) {
        for (line, units) in self.content.details.iter_mut().zip(units) {
            let stands = line.get("quantity").and_then(Value::as_u64).unwrap_or(0);
            line["quantity"] = json!(stands.min(u64::from(*units)));
        }

        self.content
            .details
            .retain(|line| line["quantity"] != json!(0));
    }

    /// Whether other packages carry on all of it.
    fn is_gone(&self) -> bool {
        let superseded = self.status.stock_effect() == StockEffect::Superseded;
        superseded && self.content.details.is_empty()
    }
}

/// The status as the warehouse's application names it; one that it does not know is that of the table.
fn status_name(status: &PackageStatus, table: OrderTable) -> &'static str {
    match status {
        PackageStatus::Created | PackageStatus::ReadyToShip => "Created",
        PackageStatus::Picking | PackageStatus::Invoiced => "Picking",
        PackageStatus::Shipped => "Shipped",
        PackageStatus::Delivered => "Delivered",
        PackageStatus::Cancelled | PackageStatus::UnSupplied => "Cancelled",
        _ => match table {
            // The application moves the row on as it is.
            OrderTable::Created | OrderTable::Preparing | OrderTable::Elsewhere => "Created",
            OrderTable::Picking => "Picking",
            OrderTable::ReadyToShip => "ReadyToShip",
            OrderTable::Shipped => "Shipped",
            OrderTable::Delivered => "Delivered",
            OrderTable::Cancelled => "Cancelled",
        },
    }
}

/// The columns of an order's row in a table; status and times are those of the packages.
pub(crate) fn facts(
    order: &str,
    packages: &[Shown],
    table: OrderTable,
    new: bool,
    now: DateTime<Utc>,
) -> Value {
    let alive = |shown: &&Shown| match shown.status.stock_effect() {
        _ if shown.is_gone() => false,
        StockEffect::Released => table == OrderTable::Cancelled,
        // What has left is not to be picked.
        StockEffect::Left | StockEffect::Returned => table >= OrderTable::Picking,
        StockEffect::Reserved | StockEffect::Superseded | StockEffect::Unknown => true,
    };
    let mut parts: Vec<&Shown> = packages.iter().filter(alive).collect();
    // A row without lines would hide what the order was.
    if parts.is_empty() {
        parts = packages.iter().collect();
    }

    let mut columns = Columns::default();
    if let Some(first) = parts.first() {
        columns.0.clone_from(&first.content.columns);
    }
    let lines: Vec<Value> = parts.iter().flat_map(|p| lines_of(&p.content)).collect();
    columns.lines(&lines);

    let sum = |part: fn(&Content) -> Option<Decimal>| {
        let values: Vec<Decimal> = parts.iter().filter_map(|p| part(&p.content)).collect();
        (!values.is_empty()).then(|| values.iter().sum::<Decimal>())
    };
    columns.set("amount", sum(|c| c.amount).and_then(number));
    columns.set("discount", sum(|c| c.discount).and_then(number));

    // As for the table: the package that is furthest behind decides, because somebody has to pick it.
    let behind = parts.iter().filter(|p| wanted([&p.status]).is_some());
    let behind = behind.min_by_key(|p| wanted([&p.status])).or(parts.first());
    columns.text(
        "status",
        behind.map(|p| status_name(&p.status, table).to_owned()),
    );

    columns.text("order_number", Some(order.to_owned()));
    columns.time("updated_at", Some(now));
    if new {
        columns.time("created_at", Some(now));
        // Where the table has the column, it takes no row without it.
        columns.text("source", Some(SOURCE.to_owned()));
    }

    let at = parts.iter().map(|p| p.changed_at).max();
    match table {
        OrderTable::Shipped => columns.time("shipping_time", at),
        OrderTable::Delivered => columns.time("delivery_date", at),
        OrderTable::Cancelled => {
            columns.time("cancellation_date", at);
            let reason = parts.iter().find_map(|p| p.content.cancel_reason.clone());
            columns.text("cancellation_reason", reason);
        }
        OrderTable::Created
        | OrderTable::Preparing
        | OrderTable::Picking
        | OrderTable::ReadyToShip
        | OrderTable::Elsewhere => {}
    }

    Value::Object(columns.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(id: i64, status: &str, lines: &[(&str, u32)]) -> Shown {
        let details = lines.iter().map(|(barcode, quantity)| {
            json!({ "barcode": barcode, "quantity": quantity, "line_id": id, "shipmentPackageId": id })
        });
        let columns = json!({ "customer_name": "Ayşe", "shipment_package_id": id.to_string() });
        Shown {
            status: PackageStatus::parse(status),
            changed_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            content: Content {
                columns: columns.as_object().unwrap().clone(),
                details: details.collect(),
                cancel_reason: Some("Vazgeçtim".to_owned()),
                amount: Some(Decimal::new(4990, 2)),
                discount: None,
            },
        }
    }

    fn row(packages: &[Shown], place: OrderTable) -> Value {
        let now = DateTime::from_timestamp(1_800_000_060, 0).unwrap();
        facts("4711", packages, place, true, now)
    }

    #[test]
    fn an_order_of_two_packages_is_one_row() {
        let packages = [
            shown(1, "Shipped", &[("a", 1)]),
            shown(2, "Created", &[("b", 2), ("c", 1)]),
            shown(3, "Picking", &[("b", 1)]),
            shown(4, "Cancelled", &[("d", 1)]),
        ];
        let row = row(&packages, OrderTable::Created);
        assert_eq!(row["product_barcode"], "b, c, b");
        assert_eq!(
            (&row["quantity"], &row["amount"]),
            (&json!(4), &json!(99.8))
        );
        assert_eq!(
            (&row["status"], &row["shipment_package_id"]),
            (&json!("Created"), &json!("2"))
        );
        assert_eq!(row["created_at"], "2027-01-15T08:01:00");
        assert_eq!(row.get("commission"), None, "it is not known");
        let details: Vec<Value> = serde_json::from_str(row["details"].as_str().unwrap()).unwrap();
        let ids: Vec<_> = details
            .iter()
            .map(|line| line["shipmentPackageId"].clone())
            .collect();
        assert_eq!(ids, [2, 2, 3]);
        assert_eq!(row.get("shipping_time"), None);
    }

    #[test]
    fn each_table_has_its_own_columns() {
        let at = json!("2027-01-15T08:00:00");
        let cancelled = row(&[shown(1, "Cancelled", &[("a", 1)])], OrderTable::Cancelled);
        assert_eq!(cancelled["cancellation_date"], at);
        assert_eq!(cancelled["cancellation_reason"], "Vazgeçtim");
        assert_eq!(
            row(&[shown(1, "Shipped", &[("a", 1)])], OrderTable::Shipped)["shipping_time"],
            at
        );
        assert_eq!(
            row(&[shown(1, "Delivered", &[("a", 1)])], OrderTable::Delivered)["delivery_date"],
            at
        );
    }

    fn package(id: i64, status: &str, taken: bool) -> MirroredPackage {
        let shown = shown(id, status, &[("a", 1)]);
        let line = HeldLine {
            barcode: "a".to_owned(),
            quantity: 1,
            line_id: Some(id),
            status: None,
        };
        MirroredPackage {
            held: HeldPackage {
                package_id: id,
                order_number: "4711".to_owned(),
                status: shown.status.clone(),
                created_by: None,
                since: shown.changed_at,
                lines: vec![line],
                origins: Vec::new(),
                taken,
                unpicked: false,
                released: false,
                transferred: false,
                asked_in_vain: 0,
            },
            changed_at: shown.changed_at,
            content: serde_json::to_value(&shown.content).unwrap(),
        }
    }

    #[test]
    fn a_part_that_was_picked_with_a_shipped_one_is_not_to_be_picked_again() {
        use OrderTable::{Created, Picking, Shipped};
        let now = DateTime::from_timestamp(1_800_000_060, 0).unwrap();
        let table = |open: bool, stands: OrderTable| {
            let packages = [package(1, "Shipped", true), package(2, "Created", open)];
            super::row("4711", &packages, (Some(stands), Some(stands)), now)
                .unwrap()
                .table
        };

        assert_eq!(table(true, Shipped), Picking);
        assert_eq!(table(false, Shipped), Created);
        assert_eq!(table(true, Created), Created, "the warehouse moves it on");
    }

    #[test]
    fn what_other_packages_carry_on_is_shown_there() {
        let mut split = shown(1, "UnPacked", &[("a", 2), ("a", 2), ("b", 1)]);
        split.reduce(&[2, 1, 0]);
        let part = shown(2, "Created", &[("b", 1)]);
        let row = row(&[split, part], OrderTable::Created);
        assert_eq!(
            (&row["product_barcode"], &row["quantity"]),
            (&json!("a, b"), &json!(4))
        );
        assert_eq!(row["status"], "Created");
    }

    #[test]
    fn a_row_has_the_status_of_its_package_or_else_of_its_table() {
        use OrderTable::{Created, Delivered, Elsewhere, Picking, Preparing, ReadyToShip, Shipped};
        for (status, table, want) in [
            ("Created", Picking, "Created"),
            ("ReadyToShip", Picking, "Created"),
            ("Picking", Created, "Picking"),
            ("Invoiced", Created, "Picking"),
            ("Shipped", Delivered, "Shipped"),
            ("Delivered", Shipped, "Delivered"),
            ("Cancelled", Created, "Cancelled"),
            ("UnSupplied", Created, "Cancelled"),
            ("OnTheMoon", Created, "Created"),
            ("OnTheMoon", Preparing, "Created"),
            ("OnTheMoon", Elsewhere, "Created"),
            ("OnTheMoon", Picking, "Picking"),
            ("OnTheMoon", ReadyToShip, "ReadyToShip"),
            ("OnTheMoon", Shipped, "Shipped"),
            ("OnTheMoon", Delivered, "Delivered"),
            ("OnTheMoon", OrderTable::Cancelled, "Cancelled"),
        ] {
            let status = PackageStatus::parse(status);
            assert_eq!(status_name(&status, table), want, "{status:?} {table:?}");
        }
    }

    #[test]
    fn what_other_packages_carry_on_as_a_whole_lends_the_row_nothing() {
        let mut split = shown(1, "UnPacked", &[("a", 2)]);
        split.reduce(&[0]);
        let part = shown(2, "Created", &[("a", 2)]);
        let row = row(&[split, part], OrderTable::Created);
        assert_eq!(
            (&row["shipment_package_id"], &row["amount"]),
            (&json!("2"), &json!(49.9))
        );
        // A package that is alive stays, though nothing that could be read is in it.
        let empty = [shown(1, "Created", &[]), shown(2, "Created", &[("a", 1)])];
        assert_eq!(
            super::tests::row(&empty, OrderTable::Created)["amount"],
            99.8
        );
    }

    #[test]
    fn the_warehouses_own_status_stays_where_it_is_further() {
        let now = DateTime::from_timestamp(1_800_000_060, 0).unwrap();
        let status = |stands: OrderTable| {
            let package = package(1, "Created", false);
            let row = super::row("4711", &[package], (Some(stands), None), now).unwrap();
            row.columns.get("status").cloned()
        };
        assert_eq!(status(OrderTable::Created), Some(json!("Created")));
        assert_eq!(status(OrderTable::Picking), None);
    }

    #[test]
    fn a_package_all_of_whose_lines_were_cancelled_is_cancelled() {
        let of = |statuses: &[&str]| {
            let mut package = package(1, "Picking", false).held;
            let line = package.lines.remove(0);
            package.lines.extend(statuses.iter().map(|status| HeldLine {
                status: Some((*status).to_owned()),
                ..line.clone()
            }));
            super::status(&package)
        };
        assert_eq!(of(&["Cancelled", "Cancelled"]), PackageStatus::Cancelled);
        assert_eq!(of(&["Cancelled", "Picking"]), PackageStatus::Picking);
        assert_eq!(of(&[]), PackageStatus::Picking);
    }

    #[test]
    fn each_table_that_is_written_has_its_trial() {
        let now = DateTime::from_timestamp(1_800_000_060, 0).unwrap();
        let rows = sample_rows(now);
        let tables: Vec<_> = rows.iter().map(|row| row.table).collect();
        assert_eq!(
            tables,
            [
                OrderTable::Created,
                OrderTable::Picking,
                OrderTable::Shipped,
                OrderTable::Delivered,
                OrderTable::Cancelled
            ]
        );
        for row in rows {
            assert_eq!(row.columns["order_number"], "orderwatch-trial");
        }
    }
}
