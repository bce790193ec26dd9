//! The rights of the role: all that the work needs, as `config/roles.sql` gives them.

use std::collections::BTreeMap;

use regex::Regex;

use super::finding::Findings;
use crate::{
    config::Config,
    store::{Right, Store, StoreError},
};

/// What gives the rights is also what says which ones are needed: no second list can be forgotten.
const ROLES: &str = include_str!("../../config/roles.sql");
/// A row of its list: for whose work, what, on which columns, of which tables.
const ROW: &str = r"(?m)^ +\('daemon', '(\w+)', '([A-Z, ]+)', '([^']*)', '([^']+)'\)";

/// For what a right is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Our own schema.
    Own,
    Shop,
    /// The Trendyol store.
    Stock,
    /// The rows of the warehouse's orders and returns.
    Mirror,
    /// The history that the warehouse keeps of them. The work is done without it.
    History,
}

impl Need {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "own" => Some(Self::Own),
            "shop" => Some(Self::Shop),
            "stock" => Some(Self::Stock),
            "mirror" => Some(Self::Mirror),
            "history" => Some(Self::History),
            _ => None,
        }
    }

    /// Whether a daemon with these settings needs it.
    fn is_of(self, config: &Config) -> bool {
        match self {
            Self::Own => true,
            Self::Shop => config.shop.enabled,
            Self::Stock => config.trendyol.enabled,
            // Without the mirror their rows are only read, and the role need not be able to change them.
            Self::Mirror => config.trendyol.enabled && config.trendyol.mirrors(),
            Self::History => false,
        }
    }
}

/// All that the daemon's role is given, and what for.
fn listed() -> Vec<(Need, Right)> {
    // It is a constant; a test runs it.
    let Ok(row) = Regex::new(ROW) else {
        return Vec::new();
    };

    let mut all = Vec::new();
    for found in row.captures_iter(ROLES) {
        let (_, [need, privileges, columns, relations]) = found.extract();
        let Some(need) = Need::parse(need) else {
            continue;
        };

        for relation in relations.split(", ") {
            for privilege in privileges.split(", ") {
                let rights = rights(need, relation, privilege, columns);
                all.extend(rights.map(|right| (need, right)));
            }
        }
    }

    all
}

/// Column by column: the role may have a right on these alone, and need not have more.
fn rights(
    need: Need,
    relation: &str,
    privilege: &str,
    columns: &str,
) -> impl Iterator<Item = Right> {
    let schema = if need == Need::Own {
        "orderwatch"
    } else {
        "public"
    };

    columns.split(", ").map(move |column| Right {
        schema,
        relation: relation.to_owned(),
        column: Some(column.to_owned()).filter(|column| !column.is_empty()),
        privilege: privilege.to_owned(),
    })
}

/// Everything that the daemon's role may do, whatever its settings are.
pub(super) fn allowed() -> Vec<Right> {
    listed().into_iter().map(|(_, right)| right).collect()
}

/// The tables of the warehouse into which rows are written, with the columns that these have.
pub(super) fn written(config: &Config) -> Vec<(String, Vec<String>)> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (need, right) in listed() {
        let inserts = right.privilege == "INSERT" && matches!(need, Need::Stock | Need::Mirror);
        if let (true, Some(column)) = (inserts && need.is_of(config), right.column) {
            tables.entry(right.relation).or_default().push(column);
        }
    }
    tables.into_iter().collect()
}

pub(super) async fn check(
    store: &Store,
    config: &Config,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let wanted = listed().into_iter().filter(|(need, _)| need.is_of(config));
    let wanted: Vec<Right> = wanted.map(|(_, right)| right).collect();

    let missing = store.missing_rights(&wanted).await?;
    if missing.is_empty() {
        findings.ok("rights", "The role has every right that the work needs.");
    }

    let (own, others): (Vec<_>, Vec<_>) = missing
        .into_iter()
        .partition(|right| right.schema == "orderwatch");
    for right in others {
        lacks(&right, findings);
    }
    if !own.is_empty() {
        lacks_own(&own, findings);
    }

    Ok(())
}

fn lacks(right: &Right, findings: &mut Findings) {
    let Right {
        schema, privilege, ..
    } = right;
    let table = format!("{schema}.{}", right.relation);
    // In quotes: the shop's columns have capitals in their names.
    let (place, grant) = match &right.column {
        Some(column) => (
            format!("{table}.\"{column}\""),
            format!("{privilege} (\"{column}\")"),
        ),
        None => (table.clone(), privilege.clone()),
    };

    findings
        .fail(
            "rights",
            format!("The role may not {privilege} {place}."),
            format!("GRANT {grant} ON {table} TO the role of database.url; config/roles.sql gives all of them."),
        )
        .about(table);
}

fn lacks_own(missing: &[Right], findings: &mut Findings) {
    let all: Vec<String> = missing
        .iter()
        .map(|right| format!("{} on {}.{}", right.privilege, right.schema, right.relation))
        .collect();

    findings.fail(
        "rights",
        format!("The role lacks {} on our own schema: {}.", all.len(), all.join(", ")),
        "Run config/roles.sql again: it gives the role orderwatch_daemon what this version needs. The role of database.url has to be a member of it.",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(need: Need, relation: &str, column: Option<&str>, privilege: &str) -> bool {
        listed().iter().any(|(of, right)| {
            *of == need
                && right.relation == relation
                && right.column.as_deref() == column
                && right.privilege == privilege
        })
    }

    #[test]
    fn every_row_of_the_list_is_read() {
        let rows = ROLES
            .lines()
            .filter(|line| line.trim_start().starts_with("('daemon'"));
        let row = Regex::new(ROW).unwrap();
        assert_eq!(row.captures_iter(ROLES).count(), rows.count());

        assert!(has(
            Need::Shop,
            "product_orders",
            Some("providerMessage"),
            "UPDATE"
        ));
        assert!(has(Need::Shop, "product_packages", None, "SELECT"));
        assert!(has(Need::Mirror, "orders_picking", None, "DELETE"));
        assert!(has(Need::Own, "stock_plans", None, "USAGE"));
        assert!(has(Need::Own, "prune_events", None, "EXECUTE"));
    }

    #[test]
    fn what_is_to_stay_is_never_deleted_and_nothing_is_truncated() {
        for relation in ["orders", "purchases", "events", "actions", "product_orders"] {
            assert!(
                !listed()
                    .iter()
                    .any(|(_, right)| right.relation == relation && right.privilege == "DELETE"),
                "{relation}"
            );
        }
        for relation in ["events", "actions", "overwritten", "unexplained"] {
            assert!(!has(Need::Own, relation, None, "UPDATE"), "{relation}");
        }
        let privileges = ["SELECT", "INSERT", "UPDATE", "DELETE", "USAGE", "EXECUTE"];
        assert!(
            allowed()
                .iter()
                .all(|right| privileges.contains(&&*right.privilege))
        );
    }
}
