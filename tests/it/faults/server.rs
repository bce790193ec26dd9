//! The real server of the tests, to stop and to start: it ends the sessions of every other test as well, so whoever
//! does has a server to itself.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::{
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    process::{ExitStatus, Stdio},
};

use sqlx::PgPool;
use tokio::process::Command;

/// The server's own folder and account.
pub(super) struct Server {
    data: PathBuf,
    user: u32,
    group: u32,
}

impl Server {
    pub(super) async fn of(pool: &PgPool) -> Self {
        let ask = async |setting: &str| {
            let value = sqlx::query_scalar("SELECT current_setting($1)").bind(setting);
            let value: String = value.fetch_one(pool).await.unwrap();
            value
        };
        let durable = ask("synchronous_commit").await;
        assert_eq!(durable, "on", "a crash would lose what was committed");
        let data = PathBuf::from(ask("data_directory").await);
        let owner = std::fs::metadata(&data).unwrap();
        Self {
            data,
            user: owner.uid(),
            group: owner.gid(),
        }
    }

    pub(super) async fn stop(&self, mode: &str) {
        self.must(&["stop", "-m", mode]).await;
    }

    pub(super) async fn start(&self) {
        let log = self.data.join("server.log");
        self.must(&["start", "-l", log.to_str().unwrap()]).await;
    }

    /// Whether it runs, and has not given up by itself.
    pub(super) async fn runs(&self) -> bool {
        self.control(&["status"]).await.success()
    }

    async fn must(&self, args: &[&str]) {
        let ended = self.control(args).await;
        assert!(ended.success(), "pg_ctl {args:?}: {ended}");
    }

    async fn control(&self, args: &[&str]) -> ExitStatus {
        let mut command = Command::new("pg_ctl");
        let command = command
            .args(args)
            .args(["-w", "-t", "60", "-D"])
            .arg(&self.data)
            .current_dir("/")
            .uid(self.user)
            .gid(self.group)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command.status().await.unwrap()
    }
}
