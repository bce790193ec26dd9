//! What passes cost, counted: statements, the rows that they wrote, requests.
//!
//! Statements are those that sqlx reports on the test's own thread, on which all of its runtime works. The server's
//! `xact_commit` also counts each statement that a connection meets for the first time and each visit of autovacuum, so
//! it differs from run to run; `pg_stat_statements` needs a server that was started with it. Rows are the server's own
//! figures by table, which nobody else's work touches.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
    sync::{Mutex, Once},
};

use sqlx::{Executor as _, PgPool};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    layer::{Context, Layer, SubscriberExt as _},
    registry,
};

/// How often something was done, by its name.
type Counts = BTreeMap<String, i64>;

/// What a pass may cost, by the names of [`Counts`].
pub(crate) type Allowed = &'static [(&'static str, i64)];

/// Counts what the passes of one database do.
pub(crate) struct Meter {
    /// The sessions that the counted statements go over.
    daemon: PgPool,
    /// Those of the test, which may read the statistics.
    own: PgPool,
    /// What was not as allowed.
    differing: Mutex<Vec<String>>,
}

impl Meter {
    /// Before the rows are there that are to be counted.
    pub(crate) async fn new(own: &PgPool, daemon: &PgPool) -> Self {
        count_statements();
        // Room in every page: whether an update is HOT is decided by the indexes alone.
        let room = "DO $$ DECLARE t regclass; BEGIN
            FOR t IN SELECT relid FROM pg_stat_user_tables LOOP
                EXECUTE format('ALTER TABLE %s SET (fillfactor = 10)', t);
            END LOOP; END $$";
        sqlx::raw_sql(room).execute(own).await.unwrap();
        Self {
            daemon: daemon.clone(),
            own: own.clone(),
            differing: Mutex::default(),
        }
    }

    /// Does it and holds what was counted against what is allowed: no more, no less, and nothing that is not named.
    /// `requests` tells how many there were so far, by their names.
    pub(crate) async fn hold(
        &self,
        what: &str,
        allowed: Allowed,
        requests: impl Fn() -> Counts,
        work: impl AsyncFnOnce(),
    ) {
        let (rows, asked) = (self.rows().await, requests());
        STATEMENTS.take();
        // Boxed, as a pass is a large future.
        Box::pin(work()).await;
        let statements = STATEMENTS.take();

        let mut counted = since(&rows, self.rows().await);
        counted.extend(since(&asked, requests()));
        counted.extend(totals(&statements));
        if let Some(table) = differing(what, allowed, &counted) {
            let table = format!("{table}{}", Listed(&statements));
            self.differing.lock().unwrap().push(table);
        }
    }

    /// Fails with all that differed.
    pub(crate) fn finish(self) {
        let differing = self.differing.into_inner().unwrap();
        assert!(differing.is_empty(), "\n{}", differing.join("\n"));
    }

    /// Rows written so far, by table and kind.
    async fn rows(&self) -> Counts {
        for pool in [&self.daemon, &self.own] {
            flush(pool).await;
        }
        let sql = "SELECT format('%s.%s %s', schemaname, relname, kind), rows
            FROM pg_stat_user_tables, LATERAL (VALUES
                ('inserted', n_tup_ins), ('updated', n_tup_upd), ('updated (HOT)', n_tup_hot_upd),
                ('deleted', n_tup_del)) AS _ (kind, rows)";
        let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(&self.own).await.unwrap();
        rows.into_iter().collect()
    }
}

/// Has every session of a pool flush its statistics, which else wait for up to a minute. Postgres 15 is the first that
/// can be asked to.
async fn flush(pool: &PgPool) {
    // All of them at once, opened or not: none is left out.
    let mut sessions = Vec::new();
    for _ in 0..pool.options().get_max_connections() {
        sessions.push(pool.acquire().await.unwrap());
    }
    for session in &mut sessions {
        let flushed = session.execute("SELECT pg_stat_force_next_flush()").await;
        flushed.unwrap();
    }
}

fn since(before: &Counts, now: Counts) -> Counts {
    let grown = |(name, count)| {
        let count = count - before.get(&name).unwrap_or(&0);
        (name, count)
    };
    now.into_iter()
        .map(grown)
        .filter(|(_, n)| *n != 0)
        .collect()
}

/// Statements, and how often several of them were committed together.
fn totals(statements: &Counts) -> Counts {
    let mut totals = Counts::new();
    for (words, count) in statements {
        let name = match words.split([' ', ';']).next() {
            Some("BEGIN") => continue,
            Some("COMMIT") => "transactions",
            Some("ROLLBACK") => "transactions rolled back",
            _ => "statements",
        };
        *totals.entry(name.to_owned()).or_default() += count;
    }
    totals
}

/// The table of what is allowed and what was counted, unless they are the same.
fn differing(what: &str, allowed: Allowed, counted: &Counts) -> Option<String> {
    let allowed: Counts = allowed
        .iter()
        .map(|(name, n)| ((*name).to_owned(), *n))
        .collect();
    if allowed == *counted {
        return None;
    }

    let names: BTreeSet<&String> = allowed.keys().chain(counted.keys()).collect();
    let mut table = format!("{what:<56} allowed  counted\n");
    for name in names {
        let of = |counts: &Counts| counts.get(name).copied().unwrap_or_default();
        let (allowed, counted) = (of(&allowed), of(counted));
        let mark = if allowed == counted {
            ""
        } else {
            "  <- differs"
        };
        writeln!(table, "  {name:<54} {allowed:>7}  {counted:>7}{mark}").unwrap();
    }
    Some(table)
}

/// Statements by their first words, for whoever has to find the one too many.
struct Listed<'a>(&'a Counts);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (words, count) in self.0 {
            writeln!(f, "  {count:>5} × {words}")?;
        }
        Ok(())
    }
}

thread_local! {
    /// Statements that were reported on this thread.
    static STATEMENTS: RefCell<Counts> = RefCell::default();
}

/// Every thread of the process counts its statements from now on.
fn count_statements() {
    static ONCE: Once = Once::new();
    // For all of them: with a subscriber of one thread, another thread's first statement would decide for all threads
    // that nobody listens.
    ONCE.call_once(|| {
        let subscriber = registry().with(StatementCounter);
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

struct StatementCounter;

impl<S: Subscriber> Layer<S> for StatementCounter {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        STATEMENTS.with_borrow_mut(|counts| *counts.entry(words.0).or_default() += 1);
    }
}

/// The first words of a statement.
struct Words(String);

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "summary" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
