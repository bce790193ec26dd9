//! The rights of the role: all that the work needs.

use super::finding::Findings;
use crate::{
    config::Config,
    store::{Right, Store, StoreError},
};

const fn right(table: &'static str, column: &'static str, privilege: &'static str) -> Right {
    Right {
        table,
        column: Some(column),
        privilege,
    }
}

const fn whole(table: &'static str, privilege: &'static str) -> Right {
    Right {
        table,
        column: None,
        privilege,
    }
}

const ORDERS: &str = "public.product_orders";
const STOCK: &str = "public.central_stock";

/// What the purchases need.
const SHOP_RIGHTS: [Right; 24] = [
    whole(ORDERS, "SELECT"),
    right(ORDERS, "status", "UPDATE"),
    right(ORDERS, "providerId", "UPDATE"),
    right(ORDERS, "externalOrderId", "UPDATE"),
    right(ORDERS, "externalStatus", "UPDATE"),
    right(ORDERS, "provider_referans", "UPDATE"),
    right(ORDERS, "lastMessage", "UPDATE"),
    right(ORDERS, "providerMessage", "UPDATE"),
    right(ORDERS, "pinCode", "UPDATE"),
    right(ORDERS, "notes", "UPDATE"),
    right(ORDERS, "notesCount", "UPDATE"),
    right(ORDERS, "sentAt", "UPDATE"),
    right(ORDERS, "lastSyncAt", "UPDATE"),
    right(ORDERS, "completedAt", "UPDATE"),
    right(ORDERS, "durationMs", "UPDATE"),
    right(ORDERS, "costAmount", "UPDATE"),
    right(ORDERS, "costCurrency", "UPDATE"),
    whole("public.integrations", "SELECT"),
    right("public.integrations", "balance", "UPDATE"),
    right("public.integrations", "balanceUpdatedAt", "UPDATE"),
    whole("public.package_routing", "SELECT"),
    whole("public.package_mappings", "SELECT"),
    whole("public.product_packages", "SELECT"),
    whole("public.product", "SELECT"),
];

/// What the Trendyol store needs besides.
const STOCK_RIGHTS: [Right; 20] = [
    whole(STOCK, "SELECT"),
    right(STOCK, "last_push_date", "UPDATE"),
    right(STOCK, "qty", "UPDATE"),
    right(STOCK, "updated_at", "UPDATE"),
    whole("public.stock_push_log", "SELECT"),
    whole("public.stock_push_log", "INSERT"),
    whole("public.raf_urunleri", "SELECT"),
    right("public.raf_urunleri", "adet", "UPDATE"),
    whole("public.orders_created", "SELECT"),
    whole("public.orders_picking", "SELECT"),
    whole("public.orders_shipped", "SELECT"),
    whole("public.orders_delivered", "SELECT"),
    whole("public.orders_cancelled", "SELECT"),
    // Of these, what the warehouse has.
    whole("public.orders_hazirlaniyor", "SELECT"),
    whole("public.orders_ready_to_ship", "SELECT"),
    whole("public.orders_archived", "SELECT"),
    whole("public.archive", "SELECT"),
    whole("public.barcode_aliases", "SELECT"),
    whole("public.products", "SELECT"),
    whole("public.stock_movement", "SELECT"),
];

/// What the mirror of the orders and returns needs besides.
const ORDER_RIGHTS: [Right; 25] = [
    whole("public.orders_created", "INSERT"),
    whole("public.orders_created", "UPDATE"),
    whole("public.orders_created", "DELETE"),
    whole("public.orders_picking", "INSERT"),
    whole("public.orders_picking", "UPDATE"),
    whole("public.orders_picking", "DELETE"),
    whole("public.orders_shipped", "INSERT"),
    whole("public.orders_shipped", "UPDATE"),
    whole("public.orders_shipped", "DELETE"),
    whole("public.orders_delivered", "INSERT"),
    whole("public.orders_delivered", "UPDATE"),
    whole("public.orders_delivered", "DELETE"),
    whole("public.orders_cancelled", "INSERT"),
    whole("public.orders_cancelled", "UPDATE"),
    whole("public.orders_cancelled", "DELETE"),
    // Of these, what the warehouse has.
    whole("public.orders_hazirlaniyor", "UPDATE"),
    whole("public.orders_hazirlaniyor", "DELETE"),
    whole("public.orders_ready_to_ship", "UPDATE"),
    whole("public.orders_ready_to_ship", "DELETE"),
    right("public.products", "quantity", "UPDATE"),
    whole("public.stock_movement", "INSERT"),
    whole("public.return_orders", "SELECT"),
    whole("public.return_orders", "INSERT"),
    whole("public.return_orders", "UPDATE"),
    whole("public.return_products", "INSERT"),
];

pub(super) async fn look(
    store: &Store,
    config: &Config,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let mut wanted = Vec::new();
    if config.shop.enabled {
        wanted.extend(SHOP_RIGHTS);
    }
    if config.trendyol.enabled {
        wanted.extend(STOCK_RIGHTS);
    }
    if config.trendyol.enabled && config.trendyol.mirrors() {
        wanted.extend(ORDER_RIGHTS);
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
        let (place, grant) = match column {
            Some(column) => (
                format!("{table}.\"{column}\""),
                format!("{privilege} (\"{column}\")"),
            ),
            None => (table.to_owned(), privilege.to_owned()),
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
