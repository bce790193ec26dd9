//! The real server of the tests, to stop and to start: it ends the sessions of every other test as well, so whoever
//! does has a server to itself.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::{
    os::unix::fs::{MetadataExt as _, chown},
    path::PathBuf,
    process::{ExitStatus, Stdio},
};

use sqlx::{PgPool, postgres::PgConnectOptions};
use tempfile::TempDir;
use tokio::process::Command;

/// The server's own folder and account.
#[derive(Clone)]
pub(super) struct Server {
    data: PathBuf,
    user: u32,
    group: u32,
    /// Where its socket is, and who is let in there.
    sockets: PathBuf,
    port: String,
    owner: String,
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
        let sockets = ask("unix_socket_directories").await;
        Self {
            data,
            user: owner.uid(),
            group: owner.gid(),
            sockets: PathBuf::from(sockets.trim_matches('"')),
            port: ask("port").await,
            owner: ask("session_authorization").await,
        }
    }

    /// A running copy that follows this one.
    pub(super) async fn standby(&self) -> Standby {
        let folder = tempfile::tempdir().unwrap();
        chown(folder.path(), Some(self.user), Some(self.group)).unwrap();
        let server = Self {
            data: folder.path().join("data"),
            sockets: folder.path().to_owned(),
            ..self.clone()
        };

        let mut copy = server.command("pg_basebackup");
        copy.args(["--write-recovery-conf", "--checkpoint=fast"])
            .arg("--host")
            .arg(&self.sockets)
            .args(["--port", &self.port, "--username", &self.owner]);
        let copied = copy.status().await.unwrap();
        assert!(copied.success(), "pg_basebackup: {copied}");
        let sockets = server.sockets.display();
        let settings = format!("-c listen_addresses='' -c unix_socket_directories='{sockets}'");
        let log = server.data.join("server.log");
        let log = log.to_str().unwrap();
        server.must(&["start", "-l", log, "-o", &settings]).await;

        Standby {
            server,
            _folder: folder,
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
        let mut command = self.command("pg_ctl");
        command.args(args).args(["-w", "-t", "60"]);
        command.status().await.unwrap()
    }

    /// A program of the server's, about its data and in its account.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command
            .arg("-D")
            .arg(&self.data)
            .current_dir("/")
            .uid(self.user)
            .gid(self.group)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }
}

/// A copy that follows another server, until it is promoted.
pub(super) struct Standby {
    server: Server,
    _folder: TempDir,
}

impl Standby {
    /// The way to a database here that is the copy of one at the other server.
    pub(super) fn lead(&self, there: PgConnectOptions) -> PgConnectOptions {
        there.socket(&self.server.sockets)
    }

    pub(super) async fn promote(&self) {
        self.server.must(&["promote"]).await;
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        let mut stop = self.server.command("pg_ctl");
        let stop = stop.args(["stop", "-m", "immediate", "-w"]).as_std_mut();
        // A test that has failed says so itself.
        drop(stop.status());
    }
}
