//! The daemon as it is shipped: the release binary, run with a log that is written to a file.

use std::{
    fs::File,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{database::Database, process};

/// No limits per panel: what is measured is the daemon, not its politeness.
pub(crate) const UNLIMITED: [(&str, &str); 2] = [
    ("ORDERWATCH__ZNET__MAX_IN_FLIGHT", "0"),
    ("ORDERWATCH__ZNET__REQUESTS_PER_SECOND", "0"),
];

/// A running daemon.
pub(crate) struct Daemon {
    child: Child,
    pid: u32,
    folder: TempDir,
}

/// What a daemon left behind.
pub(crate) struct Log(String);

impl Daemon {
    /// Starts it with the shipped settings and these, and waits until it runs.
    pub(crate) async fn start(
        database: &Database,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        Self::start_at(database.url(), settings).await
    }

    /// The same by another way to the database.
    pub(crate) async fn start_at(url: &str, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let child = Command::new(env!("CARGO_BIN_EXE_orderwatch"))
            .arg("run")
            .env_clear()
            .env("DATABASE_URL", url)
            .env("ORDERWATCH__LOG__FORMAT", "json")
            .env("ORDERWATCH__HTTP__LISTEN", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(log_file(&folder))?)
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().context("the daemon has ended")?;
        let mut daemon = Self { child, pid, folder };
        daemon.wait_until_running().await?;
        Ok(daemon)
    }

    async fn wait_until_running(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.log()?.0.contains("orderwatch is running") {
            if let Some(status) = self.child.try_wait()? {
                bail!("the daemon ended ({status}):\n{}", self.log()?.0);
            }
            ensure!(Instant::now() < deadline, "the daemon does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Where its pages and metrics are.
    pub(crate) fn address(&self) -> anyhow::Result<String> {
        let log = self.log()?.0;
        let (_, rest) = log
            .split_once("the page is at http://")
            .context("the daemon does not say where its page is")?;
        Ok(rest.split('/').next().unwrap_or(rest).to_owned())
    }

    /// Processor time used so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        process::cpu(self.pid)
    }

    fn log(&self) -> anyhow::Result<Log> {
        let bytes = std::fs::read(log_file(&self.folder))?;
        Ok(Log(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Stops it softly; it must end well.
    pub(crate) async fn stop(mut self) -> anyhow::Result<Log> {
        let pid = Pid::from_raw(i32::try_from(self.pid)?).context("a process id")?;
        kill_process(pid, Signal::TERM)?;
        let status: ExitStatus = self.child.wait().await?;
        let log = self.log()?;
        ensure!(
            status.success(),
            "the daemon ended badly ({status}):\n{}",
            log.tail()
        );
        Ok(log)
    }
}

impl Log {
    /// How many lines hold this text.
    pub(crate) fn lines_with(&self, text: &str) -> u64 {
        self.0
            .lines()
            .map(|line| u64::from(line.contains(text)))
            .sum()
    }

    fn tail(&self) -> &str {
        let from = self.0.len().saturating_sub(4000);
        self.0.get(from..).unwrap_or(&self.0)
    }
}

fn log_file(folder: &TempDir) -> PathBuf {
    folder.path().join("log")
}
