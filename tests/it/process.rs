//! The program itself as a child process, and the world that it works in.
//!
//! Nothing here waits for a time to pass: tests wait for lines, rows and requests, with a deadline
//! that only a failure reaches.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

pub(crate) mod audit;
pub(crate) mod database;
pub(crate) mod front;
pub(crate) mod halt;
pub(crate) mod market;
pub(crate) mod proxy;
pub(crate) mod roles;
pub(crate) mod settings;
pub(crate) mod shop;
pub(crate) mod terminal;
pub(crate) mod world;

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use rustix::process::{Pid, kill_process};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
};

pub(crate) use rustix::process::Signal;

/// Only a failure takes this long.
const DEADLINE: Duration = Duration::from_secs(90);

/// Ends the test when something does not happen.
pub(crate) async fn within<T>(what: &str, happening: impl Future<Output = T>) -> T {
    let Ok(value) = tokio::time::timeout(DEADLINE, happening).await else {
        panic!("waited in vain: {what}");
    };
    value
}

/// What a test counted, for the table in this folder's README: `scripts/prove` reads these lines.
#[expect(clippy::print_stderr, reason = "shown with `--nocapture`")]
pub(crate) fn figures(counted: &str) {
    eprintln!("figures: {counted}");
}

/// Asks again until there is an answer.
pub(crate) async fn until<T, F>(what: &str, ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    match attempt(ask).await {
        Some(answer) => answer,
        None => panic!("waited in vain: {what}"),
    }
}

/// The same; `None` when there was none in time.
pub(crate) async fn attempt<T, F>(mut ask: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.ok()
}

/// A command line, with nothing of this process's environment but what is given.
pub(crate) struct Program {
    command: Command,
}

/// A running program. It is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    output: Output,
    readers: Vec<JoinHandle<()>>,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

#[derive(Clone)]
struct Output {
    texts: [Arc<Mutex<Vec<u8>>>; 2],
    changed: watch::Sender<()>,
}

impl Program {
    /// `orderwatch ARGS`
    pub(crate) fn new<S: Into<OsString>>(args: impl IntoIterator<Item = S>) -> Self {
        let mut program = Self::named(env!("CARGO_BIN_EXE_orderwatch"));
        program.command.args(args.into_iter().map(Into::into));
        program
    }

    /// `sandbox ARGS`: the program of the crate beside this one, which `cargo test` builds too.
    pub(crate) fn sandbox<S: Into<OsString>>(args: impl IntoIterator<Item = S>) -> Self {
        let path = Path::new(env!("CARGO_BIN_EXE_orderwatch")).with_file_name("sandbox");
        assert!(
            path.exists(),
            "`cargo build --package sandbox` makes {}",
            path.display()
        );
        let mut program = Self::named(&path);
        program.command.args(args.into_iter().map(Into::into));
        program
    }

    /// `sh -c SCRIPT`, where `$0` is the program.
    pub(crate) fn shell(script: &str) -> Self {
        let mut program = Self::named("/bin/sh");
        program
            .command
            .args(["-c", script, env!("CARGO_BIN_EXE_orderwatch")]);
        program
    }

    fn named(name: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(name);
        command
            .env_clear()
            // Not the workspace, whose `config/orderwatch.toml` would be found.
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self { command }
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    pub(crate) fn current_dir(mut self, folder: &std::path::Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub(crate) fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.command.stdout(to);
        self
    }

    pub(crate) fn stderr(mut self, to: impl Into<Stdio>) -> Self {
        self.command.stderr(to);
        self
    }

    pub(crate) fn spawn(mut self) -> Process {
        let mut child = self.command.spawn().expect("the program cannot be started");
        let output = Output {
            texts: Default::default(),
            changed: watch::Sender::new(()),
        };
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            readers.push(tokio::spawn(output.clone().collect(0, stdout)));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.push(tokio::spawn(output.clone().collect(1, stderr)));
        }
        Process {
            child,
            output,
            readers,
        }
    }

    /// Runs it to its end.
    pub(crate) async fn run(self) -> Ended {
        self.spawn().ended().await
    }
}

impl Output {
    async fn collect(self, place: usize, mut from: impl AsyncRead + Unpin) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count) = from.read(&mut buffer).await
            && count > 0
        {
            let mut text = self.texts[place].lock().unwrap();
            text.extend_from_slice(&buffer[..count]);
            drop(text);
            self.changed.send_replace(());
        }
    }

    fn text(&self, place: usize) -> String {
        String::from_utf8_lossy(&self.texts[place].lock().unwrap()).into_owned()
    }
}

impl Process {
    /// What it has written so far: the log, then its standard output.
    pub(crate) fn written(&self) -> String {
        format!("{}{}", self.output.text(1), self.output.text(0))
    }

    /// How many lines of its log hold this text.
    pub(crate) fn count_lines(&self, text: &str) -> usize {
        let log = self.output.text(1);
        log.lines().filter(|line| line.contains(text)).count()
    }

    /// Waits until it has written a line with this text.
    pub(crate) async fn wait_for_line(&self, text: &str) {
        self.wait_for_lines(text, 1).await;
    }

    /// Waits until it has written so many lines with this text.
    pub(crate) async fn wait_for_lines(&self, text: &str, count: usize) {
        let mut changed = self.output.changed.subscribe();
        let seen = async {
            while self.count_lines(text) < count {
                // The sender lives in self.
                changed.changed().await.unwrap();
            }
        };
        let seen = tokio::time::timeout(DEADLINE, seen).await;
        assert!(
            seen.is_ok(),
            "no line with {text:?} in:\n{}",
            self.written()
        );
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it has ended")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).expect("it takes no signal");
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) -> Ended {
        self.child.start_kill().expect("it cannot be killed");
        self.ended().await
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGTERM, and the end.
    pub(crate) async fn stop(mut self) -> Ended {
        self.signal(Signal::TERM);
        let ended = self.ended().await;
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        ended
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> Ended {
        let Ok(status) = tokio::time::timeout(DEADLINE, self.child.wait()).await else {
            panic!("it does not end:\n{}", self.written());
        };
        for reader in self.readers.drain(..) {
            within("the end of its output", reader).await.unwrap();
        }
        Ended {
            status: status.unwrap(),
            stdout: self.output.text(0),
            stderr: self.output.text(1),
        }
    }
}

impl Ended {
    /// Its exit code; -1 after a signal.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }

    /// Its standard output, after a good end.
    pub(crate) fn good(self) -> String {
        assert_eq!(self.code(), 0, "{self:?}");
        self.stdout
    }
}
