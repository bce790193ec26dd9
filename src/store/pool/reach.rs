//! Whether the server is reached directly, or through a pooler that hands its sessions on.

use sqlx::{ConnectOptions, Connection, Error, error::DatabaseError, postgres::PgConnectOptions};

/// How the server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Reach {
    /// A connection is one session for as long as it lasts.
    Direct,
    /// Each transaction may get another session, which the shop used before and will use after it.
    Pooler,
}

impl Reach {
    pub(in crate::store) const fn from_pooler(pooler: bool) -> Self {
        if pooler { Self::Pooler } else { Self::Direct }
    }
}

/// A setting that nobody else knows. The server takes it when a session starts and tells it in that session.
const MARK: &str = "orderwatch.direct";
/// A pooler hands its own sessions out, so it refuses what only the start of a session can set: with
/// `protocol_violation` (PgBouncer), or `feature_not_supported` (proxies of hosted databases).
const REFUSED: [&str; 2] = ["08P01", "0A000"];

/// Asks for a session with the mark. A pooler refuses that, or gives one without it.
pub(super) async fn find(options: &PgConnectOptions) -> Result<Reach, Error> {
    let marked = options.clone().options([(MARK, "on")]);
    let mut connection = match marked.connect().await {
        Err(Error::Database(refusal)) if refuses(refusal.as_ref()) => return Ok(report_pooler()),
        connected => connected?,
    };

    // As text without parameters: a prepared statement would be left in somebody's session.
    let asked = sqlx::raw_sql(
        "SELECT current_setting('orderwatch.direct', true) IS NOT DISTINCT FROM 'on' AS marked",
    );
    let row = asked.fetch_one(&mut connection).await?;
    let marked: bool = sqlx::Row::try_get(&row, "marked")?;
    connection.close().await?;

    Ok(if marked {
        Reach::Direct
    } else {
        report_pooler()
    })
}

fn refuses(refusal: &dyn DatabaseError) -> bool {
    refusal
        .code()
        .is_some_and(|code| REFUSED.contains(&code.as_ref()))
}

fn report_pooler() -> Reach {
    tracing::info!(
        "the database is behind a pooler: each statement runs in a transaction of its own, and without notices (LISTEN) \
         new orders and changes of stock are found by their scans"
    );
    Reach::Pooler
}
