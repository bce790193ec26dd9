//! What `orderwatch migrate` would add to the tables of the applications, as the migrations say it.

use std::collections::BTreeSet;

use regex::Regex;
use serde::Serialize;
use utoipa::ToSchema;

use super::{MigrateError, Store, StoreError};

/// What is made beside the own schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Additions {
    /// Migrations that are not applied yet.
    pub(crate) migrations: usize,
    /// Tables that the database does not have.
    pub(crate) tables: Vec<String>,
    /// As `table.column`.
    pub(crate) columns: Vec<String>,
    /// As `table.index`.
    pub(crate) indexes: Vec<String>,
    /// Triggers by their names; none of them changes a row or keeps one from being written.
    pub(crate) triggers: Vec<String>,
}

/// `'name',` of the list by which a migration knows which tables it makes.
const TABLES: &str = r"(?s)SELECT 'table', name\s+FROM unnest\(ARRAY\[(.*?)\]\)";
const COLUMN: &str = r"ALTER TABLE public\.(\w+) ADD COLUMN IF NOT EXISTS (\w+)";
const INDEX: &str = r"CREATE INDEX CONCURRENTLY IF NOT EXISTS (orderwatch_\w+)\s+ON public\.(\w+)";
const TRIGGER: &str = r"CREATE TRIGGER (orderwatch_\w+)";

impl Additions {
    /// What these migrations make, whether it is there already or not.
    fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let (mut found, mut triggers) = (Self::default(), BTreeSet::new());
        for text in texts {
            found.migrations += 1;

            for [list] in all(TABLES, text) {
                let names = list.split('\'').skip(1).step_by(2);
                found.tables.extend(names.map(str::to_owned));
            }
            let columns = all(COLUMN, text).into_iter();
            found.columns.extend(columns.map(dotted));
            let indexes = all(INDEX, text).into_iter();
            found
                .indexes
                .extend(indexes.map(|[name, table]| dotted([table, name])));
            triggers.extend(all(TRIGGER, text).into_iter().map(|[name]| name.to_owned()));
        }

        found.triggers = triggers.into_iter().collect();
        found
    }

    #[must_use]
    pub(crate) fn has_column(&self, table: &str, column: &str) -> bool {
        let name = dotted([table, column]);
        self.columns.contains(&name)
    }
}

fn dotted([table, name]: [&str; 2]) -> String {
    format!("{table}.{name}")
}

fn all<'t, const N: usize>(pattern: &str, text: &'t str) -> Vec<[&'t str; N]> {
    // The patterns are constants; a test runs each.
    let Ok(pattern) = Regex::new(pattern) else {
        return Vec::new();
    };
    let found = pattern.captures_iter(text);
    found.map(|captures| captures.extract().1).collect()
}

impl Store {
    /// What the missing migrations of the sides that are on would add to the applications' tables.
    pub(crate) async fn additions(&self) -> Result<Additions, MigrateError> {
        let texts = self.missing_texts().await?;
        let mut added = Additions::of(texts.into_iter());

        let (tables, columns) = (&added.tables, &added.columns);
        let there = sqlx::query_scalar!(
            r#"SELECT t.name AS "name!" FROM unnest($1::text[]) AS t (name)
               WHERE to_regclass('public.' || t.name) IS NOT NULL
               UNION ALL
               SELECT t.name FROM unnest($2::text[]) AS t (name)
               JOIN pg_attribute a ON a.attrelid = to_regclass('public.' || split_part(t.name, '.', 1))
                AND a.attname = split_part(t.name, '.', 2) AND NOT a.attisdropped"#,
            tables,
            columns
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for what migrations add"))?;

        added.tables.retain(|name| !there.contains(name));
        added.columns.retain(|name| !there.contains(name));
        Ok(added)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Sides, migrate::up_texts};

    #[test]
    fn the_migrations_say_what_they_add() {
        let shop = Additions::of(up_texts(Sides {
            shop: true,
            warehouse: false,
        }));
        assert!(
            shop.tables.contains(&"package_costs".to_owned()),
            "{shop:?}"
        );
        assert!(
            shop.has_column("product_orders", "provider_referans"),
            "{shop:?}"
        );
        assert!(!shop.has_column("product_orders", "status"), "{shop:?}");
        let unsent = "product_orders.orderwatch_unsent".to_owned();
        assert!(shop.indexes.contains(&unsent), "{shop:?}");
        assert!(
            shop.triggers.contains(&"orderwatch_new_order".to_owned()),
            "{shop:?}"
        );

        let warehouse = Additions::of(up_texts(Sides {
            shop: false,
            warehouse: true,
        }));
        assert!(
            warehouse.tables.contains(&"raf_urunleri".to_owned()),
            "{warehouse:?}"
        );
        assert_eq!(warehouse.indexes, [""; 0]);
        assert!(!warehouse.triggers.is_empty(), "{warehouse:?}");
    }
}
