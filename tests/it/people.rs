//! The command line as a person uses it: the real binary on the database of a test.
//!
//! Its clock is the database's, years before a rig's: what a command made due is carried over to
//! the rig's time before the rig takes a turn.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

mod brakes;
mod explain;
mod list;
mod resolve;
mod retry;
mod shadow;

use std::{process::Stdio, time::Duration};

use orderwatch::order::OrderId;
use serde_json::Value;

use crate::{
    process::roles::{of_command, url_as},
    support::Shop,
};

/// Who runs the commands.
pub(crate) const PERSON: &str = "ayse";

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Standard output of a command that went well.
    #[track_caller]
    pub(crate) fn fine(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        assert_eq!(self.err, "", "{self:?}");
        self.out.trim_end()
    }

    /// The message of a command that failed and printed nothing else.
    #[track_caller]
    pub(crate) fn refused(&self) -> &str {
        assert_eq!(self.code, 1, "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        self.err.trim_end()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.fine()).unwrap()
    }
}

/// Runs `orderwatch` with these arguments, which are parted by blanks; `_` stands for a blank, and `__` for itself.
pub(crate) async fn run(shop: &Shop, arguments: &str) -> Said {
    run_with(shop, &[], arguments).await
}

/// The same with other settings, such as `("DISPATCH__MODE", "shadow")`.
pub(crate) async fn run_with(shop: &Shop, settings: &[(&str, &str)], arguments: &str) -> Said {
    let settings = settings.iter();
    let settings = settings.map(|(key, value)| (format!("ORDERWATCH__{key}"), (*value).to_owned()));
    run_in(shop, settings.collect(), arguments).await
}

/// The same with a configuration file.
pub(crate) async fn run_by(shop: &Shop, toml: &str, arguments: &str) -> Said {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), toml).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    run_in(
        shop,
        vec![("ORDERWATCH_CONFIG".to_owned(), path)],
        arguments,
    )
    .await
}

async fn run_in(shop: &Shop, variables: Vec<(String, String)>, arguments: &str) -> Said {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let url = url_as(&shop.pool.connect_options(), of_command(&words));
    let command = tokio::process::Command::new(env!("CARGO_BIN_EXE_orderwatch"))
        .args(arguments.split_whitespace().map(|word| {
            word.replace("__", "\0")
                .replace('_', " ")
                .replace('\0', "_")
        }))
        // Not the file of this repository, nor the settings of whoever runs the tests.
        .current_dir("/")
        .env_clear()
        .env("DATABASE_URL", url)
        .env("ORDERWATCH__LOG__LEVEL", "error")
        .env("ORDERWATCH__ORDERS__CUSTOMER_LANGUAGE", "en")
        // Whatever else listens on this machine.
        .env("ORDERWATCH__HTTP__LISTEN", "127.0.0.1:0")
        .env("USER", PERSON)
        .envs(variables)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_mins(1), command).await;
    let output = output
        .unwrap_or_else(|_| panic!("{arguments} hangs"))
        .unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Shop {
    /// What people did, oldest first: who, what, about what, why.
    pub(crate) async fn actions(&self) -> Vec<[String; 4]> {
        let sql = "SELECT who, what, target, why FROM orderwatch.actions ORDER BY id";
        let rows = sqlx::query_as(sql).fetch_all(&self.pool).await.unwrap();
        let rows: Vec<(String, String, String, String)> = rows;
        rows.into_iter().map(<[String; 4]>::from).collect()
    }

    /// Moves what a command has made due from the database's clock to the test's.
    pub(crate) async fn carry_over(&self, order: OrderId) {
        let sql = "UPDATE orderwatch.orders
            SET due_at = $2, give_up_at = $2 + (give_up_at - due_at) WHERE order_id = $1";
        let moved = sqlx::query(sql).bind(order.0).bind(self.now());
        assert_eq!(moved.execute(&self.pool).await.unwrap().rows_affected(), 1);
    }

    /// Everything that an action on an order could change, to see that nothing has.
    pub(crate) async fn state(&self, order: OrderId) -> String {
        let sql = "SELECT row_to_json(o)::text || COALESCE(row_to_json(t)::text, '')
                || (SELECT count(*) FROM orderwatch.events WHERE order_id = $1)
                || (SELECT count(*) FROM orderwatch.actions)
            FROM product_orders o LEFT JOIN orderwatch.orders t ON t.order_id = o.id
            WHERE o.id = $1";
        let state = sqlx::query_scalar(sql).bind(order.0);
        state.fetch_one(&self.pool).await.unwrap()
    }
}
