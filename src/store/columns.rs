//! Whether the tables of the two applications take what is read and written. No two databases are quite
//! alike, so it is tried rather than believed: in a transaction that is taken back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::postgres::PgDatabaseError;
use uuid::Uuid;

use super::{
    Additions, PushLog, Store, StoreError, Transaction, order_places::put_order, pool::whole,
    returns, stock_log,
};
use crate::stock::{Cargo, Claim, ClaimItem, ClaimStatus, Customer, mirror::OrderRowWrite};

/// Named like no order, return or product.
const TRIAL: &str = "orderwatch-trial";
/// A table that is in use now is not waited for longer.
const LOCK: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Shop,
    Warehouse,
}

/// A table lacks what is to be read, or does not take what is to be written.
#[derive(Clone, Debug)]
pub struct TableFault {
    pub(crate) side: Side,
    pub sentence: String,
    /// The statement that fixes it, or what to check.
    pub fix: String,
    /// Whether the work is done without it.
    pub optional: bool,
}

/// What is read and written of the shop's tables: one table a line, its columns with their types, as
/// `ALTER TABLE` wants them. What older databases lack is read in a way that allows for it, and is not
/// in here.
const SHOP: &str = "\
product_orders: id uuid, tenantId uuid, orderNo integer, status varchar, packageId uuid, \
    quantity integer NOT NULL DEFAULT 1, userIdentifier varchar, extraField varchar, \
    providerId varchar, externalOrderId varchar, \
    externalStatus varchar NOT NULL DEFAULT 'not_sent', provider_referans varchar(255), \
    sellPriceCurrency varchar(10), sellPriceAmount numeric(10,2), \
    costCurrency varchar(10), costAmount numeric(10,2), lastMessage varchar(250), \
    providerMessage text, notes jsonb NOT NULL DEFAULT '[]', \
    notesCount integer NOT NULL DEFAULT 0, pinCode varchar(120), sentAt timestamptz, \
    lastSyncAt timestamptz, completedAt timestamptz, durationMs integer, \
    createdAt timestamptz NOT NULL DEFAULT now()
integrations: id uuid, tenantId uuid, name varchar(120), provider varchar(20), \
    baseUrl varchar(255), kod varchar(120), sifre varchar(120)
package_routing: tenantId uuid, package_id uuid, mode varchar(10), providerType varchar(32), \
    primaryProviderId varchar, fallbackProviderId varchar
package_mappings: tenantId uuid, our_package_id varchar, provider_api_id varchar, \
    provider_package_id varchar, meta jsonb
product_packages: id uuid, name varchar(255)";

/// The same of the warehouse's.
const WAREHOUSE: &str = "\
central_stock: barcode varchar, qty integer NOT NULL DEFAULT 0, updated_at timestamp
raf_urunleri: id serial, raf_kodu varchar, urun_barkodu varchar, adet integer DEFAULT 1
stock_push_log: id serial, push_time timestamptz NOT NULL DEFAULT now(), \
    total_items integer NOT NULL DEFAULT 0, total_quantity integer NOT NULL DEFAULT 0, \
    reserved_quantity integer NOT NULL DEFAULT 0, batch_count integer NOT NULL DEFAULT 0, \
    success boolean NOT NULL DEFAULT true, error_message text, duration_seconds double precision
orders_created: id serial, order_number varchar, details text, product_barcode text, quantity integer
orders_picking: order_number varchar
orders_shipped: order_number varchar
orders_delivered: order_number varchar
orders_cancelled: order_number varchar";

/// What is written where it is there.
const OPTIONAL: &str = "central_stock: last_push_date timestamptz";

/// A column that is read or written.
#[derive(Clone, Copy)]
struct Column {
    side: Side,
    table: &'static str,
    name: &'static str,
    kind: &'static str,
    optional: bool,
}

impl Column {
    fn fault(self) -> TableFault {
        let Self {
            table, name, kind, ..
        } = self;

        let rest = if self.optional {
            "; the work is done without it"
        } else {
            ""
        };

        TableFault {
            side: self.side,
            sentence: format!("public.{table} has no column \"{name}\"{rest}."),
            fix: format!("ALTER TABLE public.{table} ADD COLUMN \"{name}\" {kind};"),
            optional: self.optional,
        }
    }

    /// Its type alone.
    fn type_name(self) -> &'static str {
        let end = [" NOT NULL", " DEFAULT"].map(|words| self.kind.find(words));
        let end = end.into_iter().flatten().min();
        match end.map_or(self.kind, |end| &self.kind[..end]) {
            // No type, but an integer with a sequence.
            "serial" => "integer",
            kind => kind,
        }
    }

    fn other_type(self, found: &str) -> TableFault {
        let Self { table, name, .. } = self;
        let wanted = self.type_name();
        TableFault {
            side: self.side,
            sentence: format!("public.{table}.\"{name}\" is {found}, and {wanted} is expected."),
            fix: format!(
                "ALTER TABLE public.{table} ALTER COLUMN \"{name}\" TYPE {wanted}; if its application can live with that."
            ),
            optional: self.optional,
        }
    }
}

fn columns(side: Side, tables: &'static str, optional: bool) -> impl Iterator<Item = Column> {
    // The lists are constants of this file; a test reads every line and column of them.
    let tables = tables.lines().filter_map(|line| line.split_once(": "));

    tables.flat_map(move |(table, columns)| {
        let columns = columns.split(", ").map(str::trim);
        let columns = columns.filter_map(|column| column.split_once(' '));
        columns.map(move |(name, kind)| Column {
            side,
            table,
            name,
            kind,
            optional,
        })
    })
}

/// What the warehouse's application does when it reads and moves an order, besides the order's own row:
/// known by the table that it keeps it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OwnWork {
    pub(crate) table: &'static str,
    /// What nobody would do in its place.
    pub(crate) stands_still: &'static str,
}

const OWN_WORK: [OwnWork; 4] = [
    OwnWork {
        table: "orders_hazirlaniyor",
        stands_still: "the packers' queue (orders_hazirlaniyor) stays empty",
    },
    OwnWork {
        table: "stock_movement",
        stands_still: "units that are shipped without being packed there, or cancelled afterwards, are not booked (stock_movement)",
    },
    OwnWork {
        table: "uretim_siparis",
        stands_still: "goods that are made to order are not ordered (uretim_siparis), and no mail is sent",
    },
    OwnWork {
        table: "order_audit_logs",
        stands_still: "orders have no history (order_audit_logs)",
    },
];

impl Store {
    /// What the warehouse's application does besides when it moves an order.
    pub(crate) async fn own_work(&self) -> Result<Vec<OwnWork>, StoreError> {
        let tables: Vec<String> = OWN_WORK.map(|work| work.table.to_owned()).into();
        let there = sqlx::query_scalar!(
            r#"SELECT name AS "name!" FROM unnest($1::text[]) AS t (name)
               WHERE to_regclass('public.' || name) IS NOT NULL"#,
            &tables
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking at the warehouse's tables"))?;

        let is_there = |work: &OwnWork| there.iter().any(|name| name == work.table);
        Ok(OWN_WORK.into_iter().filter(is_there).collect())
    }

    /// The columns that the tables of the sides that are on do not have.
    pub async fn missing_columns(&self) -> Result<Vec<TableFault>, StoreError> {
        let missing = self.absent_columns().await?;
        Ok(missing.into_iter().map(Column::fault).collect())
    }

    /// Those that they will not have after the migrations either.
    pub(crate) async fn lacking_columns(
        &self,
        added: &Additions,
    ) -> Result<Vec<TableFault>, StoreError> {
        let missing = self.absent_columns().await?;
        let lacking = missing.into_iter().filter(|column| {
            !added.tables.iter().any(|table| table == column.table)
                && !added.has_column(column.table, column.name)
        });
        Ok(lacking.map(Column::fault).collect())
    }

    async fn absent_columns(&self) -> Result<Vec<Column>, StoreError> {
        let wanted = self.wanted_columns();
        let (tables, names): (Vec<String>, Vec<String>) = wanted
            .iter()
            .map(|column| (column.table.to_owned(), column.name.to_owned()))
            .unzip();

        let missing = sqlx::query_scalar!(
            r#"SELECT w.place AS "place!"
               FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (tab, col, place)
               WHERE NOT EXISTS (
                   SELECT FROM pg_attribute a
                   WHERE a.attrelid = to_regclass('public.' || w.tab) AND a.attname = w.col
                     AND a.attnum > 0 AND NOT a.attisdropped)
               ORDER BY w.place"#,
            &tables,
            &names
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for columns"))?;

        // `WITH ORDINALITY` counts from 1.
        let column = |place: i64| wanted.get(usize::try_from(place).ok()?.checked_sub(1)?);
        Ok(missing.into_iter().filter_map(column).copied().collect())
    }

    /// The columns that hold values of another type than is read and written.
    pub(crate) async fn other_types(&self) -> Result<Vec<TableFault>, StoreError> {
        let wanted = self.wanted_columns();
        let (tables, (names, kinds)): (Vec<String>, (Vec<String>, Vec<String>)) = wanted
            .iter()
            .map(|column| {
                let (table, name) = (column.table.to_owned(), column.name.to_owned());
                (table, (name, column.type_name().to_owned()))
            })
            .unzip();

        // Texts of any length are read alike, and so are times with and without a zone.
        let found = sqlx::query!(
            r#"SELECT w.place AS "place!", format_type(a.atttypid, a.atttypmod) AS "kind!"
               FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY
                    AS w (tab, col, kind, place)
               JOIN pg_attribute a ON a.attrelid = to_regclass('public.' || w.tab)
                AND a.attname = w.col AND a.attnum > 0 AND NOT a.attisdropped
               JOIN pg_type t ON t.oid = a.atttypid
               JOIN pg_type u ON u.oid = to_regtype(w.kind)
               WHERE t.oid <> u.oid
                 AND NOT (t.typcategory = u.typcategory AND t.typcategory IN ('S', 'D'))
               ORDER BY w.place"#,
            &tables,
            &names,
            &kinds
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking at the types of columns"))?;

        let faults = found.into_iter().filter_map(|row| {
            let column = wanted.get(usize::try_from(row.place).ok()?.checked_sub(1)?)?;
            Some(column.other_type(&row.kind))
        });
        Ok(faults.collect())
    }

    /// Columns without a default that demand a value, in tables into which rows with these columns alone
    /// are written.
    pub(crate) async fn unfilled_columns(
        &self,
        written: &[(String, Vec<String>)],
    ) -> Result<Vec<TableFault>, StoreError> {
        let pairs = written
            .iter()
            .flat_map(|(table, names)| names.iter().map(move |name| (table.clone(), name.clone())));
        let (tables, names): (Vec<String>, Vec<String>) = pairs.unzip();
        let rows = sqlx::query!(
            r#"SELECT c.relname::text AS "table!", a.attname::text AS "name!", t.typcategory::text AS "kind!"
               FROM pg_class c
               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               JOIN pg_type t ON t.oid = a.atttypid
               WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                 AND c.relname = ANY($1) AND a.attnotnull AND NOT a.atthasdef
                 AND a.attidentity = '' AND a.attgenerated = ''
                 AND NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS w (tab, col)
                                 WHERE w.tab = c.relname AND w.col = a.attname)
               ORDER BY 1, a.attnum"#,
            &tables,
            &names
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for columns that demand a value"))?;

        let faults = rows.into_iter().map(|row| TableFault {
            side: Side::Warehouse,
            sentence: format!(
                "public.{} demands a value for \"{}\", which orderwatch does not know.",
                row.table, row.name
            ),
            fix: set_default(&row.table, &row.name, Some(&row.kind)),
            optional: false,
        });
        Ok(faults.collect())
    }

    fn wanted_columns(&self) -> Vec<Column> {
        let mut wanted = Vec::new();
        if self.sides.shop {
            wanted.extend(columns(Side::Shop, SHOP, false));
        }
        if self.sides.warehouse {
            wanted.extend(columns(Side::Warehouse, WAREHOUSE, false));
            wanted.extend(columns(Side::Warehouse, OPTIONAL, true));
        }
        wanted
    }

    /// Writes what would be written, and takes it back. `rows` are those of orders.
    ///
    /// # Errors
    /// [`StoreError::Database`] when the database fails for another reason than what is written.
    pub async fn try_writes(
        &self,
        rows: &[OrderRowWrite],
        now: DateTime<Utc>,
    ) -> Result<Vec<TableFault>, StoreError> {
        let work = async {
            let doing = StoreError::doing("trying what is written");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            // For this transaction alone: a plain SET would reach other users of a pooled session.
            sqlx::query!(
                r#"SELECT set_config('lock_timeout', $1, true) AS "set!""#,
                format!("{}ms", LOCK.as_millis())
            )
            .fetch_one(&mut transaction)
            .await
            .map_err(&doing)?;

            // Each in a savepoint of its own: a refusal aborts all that follows it.
            let mut refused = Vec::new();
            if self.sides.shop {
                refused.extend(self.trial(&mut transaction, Trial::Purchase, now).await?);
            }
            if self.sides.warehouse {
                for trial in self.warehouse_trials(rows) {
                    refused.extend(self.trial(&mut transaction, trial, now).await?);
                }
            }

            // Whatever came of it, nothing of a trial may stay.
            transaction.rollback().await.map_err(&doing)?;
            Ok(refused)
        };

        whole(work, "trying what is written").await
    }

    fn warehouse_trials<'r>(&self, rows: &'r [OrderRowWrite]) -> Vec<Trial<'r>> {
        let mut trials = vec![Trial::Stock, Trial::Log];
        // Without the mirror the warehouse's application writes these rows itself.
        if self.mirror {
            trials.extend(rows.iter().map(Trial::Order));
            trials.push(Trial::Return);
        }
        trials
    }

    async fn trial(
        &self,
        transaction: &mut Transaction<'_>,
        trial: Trial<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<TableFault>, StoreError> {
        let doing = StoreError::doing("trying what is written");
        // A savepoint, since a transaction is open.
        let mut part = transaction.begin().await.map_err(&doing)?;
        let tried = trial.write(&mut part, now).await;
        // Also after success: the next trial starts from the tables as they are.
        part.rollback().await.map_err(&doing)?;

        match tried {
            Ok(()) => Ok(None),
            // Missing rights are reported by a check of their own, and a table that is in use now says
            // nothing about its columns.
            Err(error) if error.is_transient() || error.lacks_a_right() => {
                tracing::warn!(cause = %error.words(), "{} could not be tried", trial.what());
                Ok(None)
            }
            Err(error) => {
                let fix = fix(transaction, &error).await?;
                Ok(Some(TableFault {
                    side: trial.side(),
                    sentence: format!("{} is refused: {}.", trial.what(), error.words()),
                    fix,
                    optional: false,
                }))
            }
        }
    }
}

/// Something that is written.
#[derive(Clone, Copy)]
enum Trial<'r> {
    /// What becomes of a purchase.
    Purchase,
    /// What is taken from the shelves.
    Stock,
    /// A run that sent stock.
    Log,
    /// An order's row.
    Order(&'r OrderRowWrite),
    /// A return with a piece.
    Return,
}

impl Trial<'_> {
    const fn side(self) -> Side {
        match self {
            Self::Purchase => Side::Shop,
            Self::Stock | Self::Log | Self::Order(_) | Self::Return => Side::Warehouse,
        }
    }

    fn what(self) -> String {
        match self {
            Self::Purchase => "An outcome in product_orders".to_owned(),
            Self::Stock => "Stock in central_stock and raf_urunleri".to_owned(),
            Self::Log => "A pass in stock_push_log".to_owned(),
            Self::Order(put) => format!("An order in orders_{}", put.table.as_str()),
            Self::Return => "A return in return_orders and return_products".to_owned(),
        }
    }

    async fn write(
        self,
        transaction: &mut Transaction<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Purchase => outcome(transaction, now).await,
            Self::Stock => stock(transaction, now).await,
            Self::Log => {
                let run = PushLog {
                    push_time: now,
                    success: true,
                    error_message: Some(TRIAL.to_owned()),
                    duration_seconds: Some(0.0),
                    ..PushLog::default()
                };
                stock_log::write(&mut *transaction, &run).await.map(drop)
            }
            Self::Order(put) => put_order(transaction, TRIAL, None, put, now).await,
            Self::Return => returns::write(transaction, &sample_return(now), None)
                .await
                .map(drop),
        }
    }
}

/// No row has this id: what is tried is whether the columns take such values.
async fn outcome(transaction: &mut Transaction<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query!(
        r#"UPDATE public.product_orders SET
               status = 'pending', "providerId" = $2::text, "externalOrderId" = $2::text,
               "externalStatus" = 'queued', provider_referans = $2::text,
               "lastMessage" = $2::text, "providerMessage" = $2::text, "pinCode" = $2::text, notes = '[]'::jsonb, "notesCount" = 0,
               "sentAt" = $3, "lastSyncAt" = $3, "completedAt" = $3, "durationMs" = 0,
               "costAmount" = 0, "costCurrency" = 'TRY'
           WHERE id = $1"#,
        Uuid::nil(),
        TRIAL,
        now
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("trying an outcome"))?;

    Ok(())
}

async fn stock(transaction: &mut Transaction<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
    let doing = StoreError::doing("trying to take stock");
    // Nothing is taken from no row; rights and columns are checked all the same.
    sqlx::query!(
        "UPDATE public.central_stock SET qty = qty - 0, updated_at = $2 WHERE barcode = $1",
        TRIAL,
        now.naive_utc()
    )
    .execute(&mut *transaction)
    .await
    .map_err(&doing)?;

    sqlx::query!(
        "UPDATE public.raf_urunleri SET adet = adet - 0 WHERE urun_barkodu = $1::text AND raf_kodu = $1::text",
        TRIAL
    )
    .execute(&mut *transaction)
    .await
    .map_err(&doing)?;

    Ok(())
}

fn sample_return(now: DateTime<Utc>) -> Claim {
    Claim {
        id: TRIAL.to_owned(),
        order_number: Some(TRIAL.to_owned()),
        claim_date: Some(now),
        last_modified: Some(now),
        customer: Customer::default(),
        cargo: Cargo::default(),
        items: vec![ClaimItem {
            id: Uuid::new_v4().to_string(),
            barcode: Some(TRIAL.to_owned()),
            product_name: None,
            product_size: None,
            product_color: None,
            price: Some(Decimal::ZERO),
            // A settled one has all dates.
            status: ClaimStatus::Accepted,
            reason: None,
            customer_note: None,
        }],
        unreadable: Vec::new(),
    }
}

/// The statement that fixes it, or what to check.
async fn fix(transaction: &mut Transaction<'_>, error: &StoreError) -> Result<String, StoreError> {
    const LOOK: &str =
        "Check what the table demands: a constraint, a trigger or the type of a column.";
    let StoreError::Database { source, .. } = error else {
        return Ok(LOOK.to_owned());
    };

    let refusal = source
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    let Some(refusal) = refusal else {
        return Ok(LOOK.to_owned());
    };

    // SQLSTATE not_null_violation, undefined_table, undefined_column.
    match (refusal.code(), refusal.table(), refusal.column()) {
        // A column that must have a value, and that nobody but its application knows.
        ("23502", Some(table), Some(column)) => default(transaction, table, column).await,
        ("42P01", ..) => Ok(
            "Run `orderwatch migrate`; otherwise check whether the table was dropped or renamed."
                .to_owned(),
        ),
        ("42703", ..) => Ok("ALTER TABLE … ADD COLUMN the one that it names.".to_owned()),
        _ => Ok(LOOK.to_owned()),
    }
}

async fn default(
    transaction: &mut Transaction<'_>,
    table: &str,
    column: &str,
) -> Result<String, StoreError> {
    let kind = sqlx::query_scalar!(
        r#"SELECT t.typcategory::text AS "kind!" FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
           WHERE a.attrelid = to_regclass('public.' || quote_ident($1)) AND a.attname = $2"#,
        table,
        column
    )
    .fetch_optional(&mut *transaction)
    .await
    .map_err(StoreError::doing("looking at a column"))?;

    Ok(set_default(table, column, kind.as_deref()))
}

/// By the category of the type: a default of another type would be refused in its turn.
fn set_default(table: &str, column: &str, kind: Option<&str>) -> String {
    let value = match kind {
        Some("B") => "false",
        Some("N") => "0",
        Some("D") => "now()",
        Some("S") => "''",
        _ => "a value that fits",
    };

    format!("ALTER TABLE public.\"{table}\" ALTER COLUMN \"{column}\" SET DEFAULT {value};")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_table_and_a_type() {
        let of = |side, tables| columns(side, tables, false).collect::<Vec<_>>();
        let (shop, warehouse) = (of(Side::Shop, SHOP), of(Side::Warehouse, WAREHOUSE));
        assert_eq!((shop.len(), warehouse.len()), (26 + 7 + 6 + 5 + 2, 25));
        assert!(shop.iter().chain(&warehouse).all(|column| {
            !column.table.contains(' ')
                && !column.name.contains(['(', ':'])
                && !column.kind.is_empty()
        }));
        let cost = shop.iter().find(|column| column.name == "costAmount");
        assert_eq!(cost.map(|column| column.kind), Some("numeric(10,2)"));
        let types = |of: &[Column], name| {
            let column = of.iter().find(|column| column.name == name);
            column.map(|column| column.type_name())
        };
        assert_eq!(types(&shop, "notes"), Some("jsonb"));
        assert_eq!(types(&warehouse, "id"), Some("integer"));
        assert_eq!(
            types(&warehouse, "duration_seconds"),
            Some("double precision")
        );
    }
}
