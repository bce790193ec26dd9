//! What the daemon's role may do: rights that it lacks, and rights that it should not have.
//!
//! Asked of the server's catalogue, which counts what comes by membership, by ownership and through PUBLIC.

use super::{Store, StoreError};

/// A right, as `GRANT` has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Right {
    pub(crate) schema: &'static str,
    /// A table, sequence or function, or [`ORDER_TABLES`].
    pub(crate) relation: String,
    /// `None` for all of it.
    pub(crate) column: Option<String>,
    /// Such as `SELECT`.
    pub(crate) privilege: String,
}

/// All of the warehouse's tables of orders, whatever their names are.
pub(crate) const ORDER_TABLES: &str = "orders_*";

/// Who the daemon is in the database, and what it may do besides what it needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct RoleFacts {
    pub(crate) role: String,
    /// Whether the role may do everything.
    pub(crate) superuser: bool,
    /// Whether it may make other roles, and so become them.
    pub(crate) makes_roles: bool,
    /// Schemas in which it may make tables and functions.
    pub(crate) makes_in: Vec<String>,
    /// Tables that belong to it, which it may change and drop.
    pub(crate) owns: Vec<String>,
    /// What it may do to other tables, such as `DELETE, TRUNCATE on public.product_orders`; what changes them first.
    pub(crate) may: Vec<String>,
}

/// Rights as columns for `unnest`: schema, relation, column, privilege.
fn columns(rights: &[Right]) -> (Vec<String>, Vec<String>, Vec<Option<String>>, Vec<String>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for right in rights {
        columns.0.push(right.schema.to_owned());
        columns.1.push(right.relation.clone());
        columns.2.push(right.column.clone());
        columns.3.push(right.privilege.clone());
    }
    columns
}

impl Store {
    /// Of these rights, those that the role does not have, with the relations' real names. What does not exist is
    /// left out: older databases lack some columns.
    pub(crate) async fn missing_rights(&self, wanted: &[Right]) -> Result<Vec<Right>, StoreError> {
        let (schemas, relations, names, privileges) = columns(wanted);
        // By oid: of a table that is not there nothing is asked, instead of the whole question failing.
        let rows = sqlx::query!(
            r#"WITH wanted AS (
                   SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
                        WITH ORDINALITY AS w (schema, relation, col, privilege, place)
               )
               SELECT n.nspname = 'orderwatch' AS "own!", c.relname::text AS "relation!", w.col,
                      w.privilege AS "privilege!", w.place
               FROM wanted w
               JOIN pg_namespace n ON n.nspname = w.schema
               JOIN pg_class c ON c.relnamespace = n.oid
                AND CASE WHEN w.relation = $5 THEN c.oid IN (
                        SELECT a.attrelid FROM pg_attribute a JOIN pg_class o ON o.oid = a.attrelid
                        WHERE (o.relname LIKE 'orders\_%' OR o.relname = 'archive')
                          AND o.relkind IN ('r', 'p') AND a.attname = 'order_number')
                    ELSE c.relname = w.relation END
               LEFT JOIN pg_attribute a
                   ON a.attrelid = c.oid AND a.attname = w.col AND NOT a.attisdropped
               WHERE CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, w.privilege)
                          WHEN w.privilege = 'EXECUTE' THEN false
                          WHEN w.col IS NULL THEN NOT has_table_privilege(c.oid, w.privilege)
                          WHEN a.attnum IS NULL THEN false
                          ELSE NOT has_column_privilege(c.oid, a.attnum, w.privilege) END
               UNION ALL
               SELECT true, p.proname::text, NULL, w.privilege, w.place
               FROM wanted w
               JOIN pg_namespace n ON n.nspname = w.schema
               JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = w.relation
               WHERE w.privilege = 'EXECUTE' AND NOT has_function_privilege(p.oid, w.privilege)
               ORDER BY 5, 2"#,
            &schemas,
            &relations,
            &names as &[Option<String>],
            &privileges,
            ORDER_TABLES
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("asking about rights"))?;

        let missing = rows.into_iter().map(|row| Right {
            schema: if row.own { "orderwatch" } else { "public" },
            relation: row.relation,
            column: row.col,
            privilege: row.privilege,
        });

        Ok(missing.collect())
    }

    /// Who the daemon is, and what it may do besides these rights.
    pub(crate) async fn role_facts(&self, allowed: &[Right]) -> Result<RoleFacts, StoreError> {
        let doing = StoreError::doing("asking about the role");
        let role = sqlx::query!(
            r#"SELECT r.rolname::text AS "role!", r.rolsuper AS "superuser!", r.rolcreaterole AS "makes_roles!",
                      ARRAY(SELECT n.nspname::text FROM pg_namespace n
                            WHERE n.nspname IN ('public', 'orderwatch') AND has_schema_privilege(n.oid, 'CREATE')
                            ORDER BY 1) AS "makes_in!"
               FROM pg_roles r WHERE r.rolname = current_user"#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(&doing)?;

        let (schemas, relations, names, privileges) = columns(allowed);
        // Column by column where rights are given so; a table that is an extension's is nobody's data.
        let tables = sqlx::query!(
            r#"WITH tables AS (
                   SELECT c.oid, n.nspname, c.relname, pg_has_role(c.relowner, 'USAGE') AS owned
                   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
                     AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
                     AND NOT EXISTS (SELECT FROM pg_depend d
                                     WHERE (d.classid, d.objid) = ('pg_class'::regclass, c.oid) AND d.deptype = 'e')
               ), held AS (
                   SELECT t.oid, t.nspname, t.relname, p.privilege, a.attname AS col
                   FROM tables t
                   CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS p (privilege)
                   JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
                   WHERE NOT t.owned AND has_column_privilege(t.oid, a.attnum, p.privilege)
                   UNION ALL
                   SELECT t.oid, t.nspname, t.relname, p.privilege, NULL
                   FROM tables t CROSS JOIN unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) AS p (privilege)
                   WHERE NOT t.owned AND has_table_privilege(t.oid, p.privilege)
               ), beyond AS (
                   SELECT DISTINCT h.oid, h.privilege FROM held h
                   WHERE NOT EXISTS (
                       SELECT FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
                            AS w (schema, relation, col, privilege)
                       WHERE w.schema = h.nspname AND w.privilege = h.privilege
                         AND (w.col IS NULL OR w.col = h.col)
                         AND CASE WHEN w.relation = $5 THEN h.relname LIKE 'orders\_%' OR h.relname = 'archive'
                             ELSE w.relation = h.relname END)
               )
               SELECT format('%I.%I', t.nspname, t.relname) AS "table!", t.owned AS "owned!",
                      string_agg(b.privilege, ', ' ORDER BY b.privilege) AS privileges
               FROM tables t LEFT JOIN beyond b ON b.oid = t.oid
               WHERE t.owned OR b.oid IS NOT NULL
               GROUP BY t.nspname, t.relname, t.owned
               -- What may only be read comes last.
               ORDER BY NOT COALESCE(bool_or(b.privilege <> 'SELECT'), true), 1"#,
            &schemas,
            &relations,
            &names as &[Option<String>],
            &privileges,
            ORDER_TABLES
        )
        .fetch_all(&self.pool)
        .await
        .map_err(&doing)?;

        let mut facts = RoleFacts {
            role: role.role,
            superuser: role.superuser,
            makes_roles: role.makes_roles,
            makes_in: role.makes_in,
            ..RoleFacts::default()
        };
        for row in tables {
            match row.privileges {
                Some(privileges) if !row.owned => {
                    facts.may.push(format!("{privileges} on {}", row.table));
                }
                _ => facts.owns.push(row.table),
            }
        }

        Ok(facts)
    }
}
