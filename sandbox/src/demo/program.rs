//! The real orderwatch, as a process of its own.
//!
//! What must stay true: it never outlives the demo, and of this process's environment it knows the
//! database alone.

use std::{
    env, fs,
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, ChildStderr, Command},
    sync::watch,
    task::JoinHandle,
};

use super::{
    database::Database,
    log::{Entry, Log},
    stop::Stop,
};

/// The program's name, beside this one.
const NAME: &str = "orderwatch";
/// How it is configured, but for the database and the account at the store.
const CONFIGURATION: &str = include_str!("orderwatch.toml");
/// How long it may take until it serves its page.
const START: Duration = Duration::from_secs(30);
/// How long it may take to end; a little longer than it gives itself.
const END: Duration = Duration::from_secs(40);

/// A setting, as in the environment.
pub(super) type Setting = (&'static str, String);

/// The program with its configuration.
pub(super) struct Program {
    path: PathBuf,
    configuration: Configuration,
    settings: Vec<Setting>,
}

/// The configuration's file; it is removed with this.
struct Configuration(PathBuf);

/// The daemon while it runs. It is killed when this is dropped.
pub(super) struct Running {
    child: Child,
    heard: watch::Receiver<Heard>,
    reader: JoinHandle<()>,
}

/// What was read in its log.
#[derive(Clone, Debug, Default)]
struct Heard {
    /// Where it serves its page.
    address: Option<SocketAddr>,
    /// Its last words that are not of the log: why it failed.
    error: Option<Arc<str>>,
}

impl Program {
    /// The one that was asked for, or the one that was built with this program.
    pub(super) fn find(
        wanted: Option<&Path>,
        database: &Database,
        account: [Setting; 4],
    ) -> anyhow::Result<Self> {
        let path = match wanted {
            Some(path) => path.to_owned(),
            None => env::current_exe()?.with_file_name(NAME),
        };

        ensure!(
            path.is_file(),
            "there is no orderwatch at {}; `cargo build --release` makes it, or name it with --program",
            path.display()
        );

        let database = ("DATABASE_URL", database.url.clone());
        Ok(Self {
            path,
            configuration: Configuration::write()?,
            settings: account.into_iter().chain([database]).collect(),
        })
    }

    pub(super) async fn migrate(&self) -> anyhow::Result<()> {
        let output = self.command("migrate").output().await;
        let output = output.with_context(|| format!("{} cannot be run", self.path.display()))?;
        ensure!(
            output.status.success(),
            "the tables cannot be made: {}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
        Ok(())
    }

    pub(super) fn run(&self, log: Log) -> anyhow::Result<Running> {
        let mut child = self
            .command("run")
            .stderr(Stdio::piped())
            // Ctrl-C is for the demo alone, which then ends the sales first.
            .process_group(0)
            .spawn()
            .with_context(|| format!("{} cannot be run", self.path.display()))?;

        let stderr = child.stderr.take().context("its log cannot be read")?;
        let (sender, heard) = watch::channel(Heard::default());

        Ok(Running {
            child,
            heard,
            reader: tokio::spawn(listen(stderr, log, sender)),
        })
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args([name, "--config"])
            .arg(&self.configuration.0)
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            // `sslrootcert` and the like may lie there.
            .envs(env::var_os("HOME").map(|home| ("HOME", home)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

impl Configuration {
    fn write() -> anyhow::Result<Self> {
        let name = format!("orderwatch-demo-{}.toml", std::process::id());
        let path = env::temp_dir().join(name);
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("{} cannot be written", path.display()))?;

        let configuration = Self(path);
        file.write_all(CONFIGURATION.as_bytes())?;
        Ok(configuration)
    }
}

impl Drop for Configuration {
    fn drop(&mut self) {
        // It holds no secret; what is left in the folder for temporary files goes with the others there.
        drop(fs::remove_file(&self.0));
    }
}

impl Running {
    /// Where its page is, once it is served.
    pub(super) async fn address(&mut self) -> anyhow::Result<String> {
        let mut heard = self.heard.clone();
        let served = heard.wait_for(|heard| heard.address.is_some());
        let served = tokio::time::timeout(START, served)
            .await
            .context("orderwatch does not start")?
            .ok()
            .and_then(|heard| heard.address);
        match served {
            Some(address) => Ok(format!("http://{address}/")),
            None => Err(self.ended().await),
        }
    }

    /// Why the daemon has ended by itself, which it should not, once it has.
    pub(super) async fn ended(&mut self) -> anyhow::Error {
        match self.child.wait().await {
            Ok(status) => {
                self.read_out().await;
                anyhow!(self.why(status))
            }
            Err(error) => error.into(),
        }
    }

    /// Asks it to end, as a service manager would, and waits for it; at once where that is wanted.
    pub(super) async fn stop(&mut self, stop: &Stop) -> anyhow::Result<()> {
        self.signal(Signal::TERM)?;
        let status = tokio::select! {
            status = self.child.wait() => status?,
            () = stop.hard.cancelled() => {
                self.signal(Signal::TERM)?;
                self.child.wait().await?
            }
            () = tokio::time::sleep(END) => bail!("orderwatch does not end"),
        };
        self.read_out().await;
        ensure!(status.success(), "{}", self.why(status));
        Ok(())
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        // `None` once it has ended.
        let id = self.child.id().map(i32::try_from).transpose()?;
        if let Some(id) = id.and_then(Pid::from_raw) {
            kill_process(id, signal).context("orderwatch cannot be stopped")?;
        }
        Ok(())
    }

    /// Waits for the rest of its log.
    async fn read_out(&mut self) {
        // It ends with the other end of the pipe, and cannot fail.
        drop((&mut self.reader).await);
    }

    fn why(&self, status: ExitStatus) -> String {
        match &self.heard.borrow().error {
            Some(error) => format!("orderwatch ended: {error}"),
            None => format!("orderwatch ended ({status})"),
        }
    }
}

/// Reads its log until it ends.
async fn listen(stderr: ChildStderr, log: Log, heard: watch::Sender<Heard>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Some(entry) = Entry::read(&line) else {
            log.write(&line);
            heard
                .send_modify(|heard| heard.error = Some(line.trim_start_matches("error: ").into()));
            continue;
        };
        log.entry(&entry);
        if let Ok(address) = entry.text("address").parse() {
            heard.send_modify(|heard| heard.address = heard.address.or(Some(address)));
        }
    }
}
