//! The rights of the role: all that the work needs.

use super::finding::Findings;
use crate::{
    config::Config,
    store::{Right, Store, StoreError},
};

/// What the purchases need, as `GRANT` has it.
const SHOP_RIGHTS: &str = "\
SELECT ON product_orders, integrations, package_routing, package_mappings, product_packages, product
UPDATE (status, providerId, externalOrderId, externalStatus, provider_referans, lastMessage, \
        providerMessage, pinCode, notes, notesCount, sentAt, lastSyncAt, completedAt, durationMs, \
        costAmount, costCurrency) ON product_orders
UPDATE (balance, balanceUpdatedAt) ON integrations";

/// What the Trendyol store needs besides; of tables, those that the warehouse has.
const STOCK_RIGHTS: &str = "\
SELECT ON central_stock, stock_push_log, raf_urunleri, orders_created, orders_picking, \
          orders_shipped, orders_delivered, orders_cancelled, orders_hazirlaniyor, \
          orders_ready_to_ship, orders_archived, archive, barcode_aliases, products, stock_movement
UPDATE (last_push_date, qty, updated_at) ON central_stock
UPDATE (adet) ON raf_urunleri
INSERT ON stock_push_log";

/// What the mirror of the orders and returns needs besides.
const ORDER_RIGHTS: &str = "\
INSERT, UPDATE, DELETE ON orders_created, orders_picking, orders_shipped, orders_delivered, orders_cancelled
UPDATE, DELETE ON orders_hazirlaniyor, orders_ready_to_ship
UPDATE (quantity) ON products
INSERT ON stock_movement, return_products
SELECT, INSERT, UPDATE ON return_orders";

fn rights(grants: &'static str) -> Vec<Right> {
    let mut rights = Vec::new();
    for (what, tables) in grants.lines().filter_map(|line| line.split_once(" ON ")) {
        let (privileges, columns) = what.split_once(" (").unwrap_or((what, ""));
        let columns = list(columns.trim_end_matches(')')).map(Some);
        // Column by column: the role may have UPDATE on these alone, and need not have more.
        let columns: Vec<_> = if what.contains('(') {
            columns.collect()
        } else {
            vec![None]
        };

        for table in list(tables) {
            for privilege in list(privileges) {
                rights.extend(columns.iter().map(|column| Right {
                    table,
                    column: *column,
                    privilege,
                }));
            }
        }
    }
    rights
}

fn list(names: &'static str) -> impl Iterator<Item = &'static str> {
    names.split(',').map(str::trim)
}

pub(super) async fn check(
    store: &Store,
    config: &Config,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let mut wanted = Vec::new();
    if config.shop.enabled {
        wanted.extend(rights(SHOP_RIGHTS));
    }
    if config.trendyol.enabled {
        wanted.extend(rights(STOCK_RIGHTS));
    }
    // Without the mirror their rows are only read, and the role need not be able to change them.
    if config.trendyol.enabled && config.trendyol.mirrors() {
        wanted.extend(rights(ORDER_RIGHTS));
    }

    let missing = store.missing_rights(&wanted).await?;
    let own = store.missing_own_rights().await?;
    if missing.is_empty() && own.is_empty() {
        findings.ok("rights", "The role has every right that the work needs.");
    }

    for Right {
        table,
        column,
        privilege,
    } in missing
    {
        let table = format!("public.{table}");
        // In quotes: the shop's columns have capitals in their names.
        let (place, grant) = match column {
            Some(column) => (
                format!("{table}.\"{column}\""),
                format!("{privilege} (\"{column}\")"),
            ),
            None => (table.clone(), privilege.to_owned()),
        };

        findings
            .fail(
                "rights",
                format!("The role may not {privilege} {place}."),
                format!("GRANT {grant} ON {table} TO the role of database.url;"),
            )
            .about(table);
    }

    if !own.is_empty() {
        findings.fail(
            "rights",
            format!("The role lacks {} on our own schema: {}.", own.len(), own.join(", ")),
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA orderwatch TO the role of database.url;",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read_table_by_table_and_column_by_column() {
        let shop = rights(SHOP_RIGHTS);
        let has = |table, column, privilege| {
            shop.contains(&Right {
                table,
                column,
                privilege,
            })
        };
        assert_eq!(shop.len(), 6 + 16 + 2);
        assert!(has("product", None, "SELECT"));
        assert!(has("product_orders", Some("providerMessage"), "UPDATE"));
        assert!(has("integrations", Some("balanceUpdatedAt"), "UPDATE"));
        assert_eq!(rights(STOCK_RIGHTS).len(), 15 + 3 + 1 + 1);
        assert_eq!(rights(ORDER_RIGHTS).len(), 15 + 4 + 1 + 2 + 3);
    }
}
