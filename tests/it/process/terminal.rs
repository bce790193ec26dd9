//! A terminal of its own for the program: what it shows there, and the keys that are pressed.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    num::NonZeroU16,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};
use tokio::process::Command;

use super::{Ended, Process, Program, Signal, within};

/// Leaves the screen that is drawn in place.
const LEAVES: &str = "\u{1b}[?1049l";

/// The program on its terminal.
pub(crate) struct OnTerminal {
    process: Process,
    terminal: File,
    seen: Arc<Mutex<Seen>>,
    reader: Option<JoinHandle<()>>,
    before: LocalModes,
}

/// What came out of the program.
struct Seen {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

impl Program {
    /// Runs it on a terminal of this size, which is the controlling one: otherwise the program would
    /// ask the terminal of whoever runs the tests.
    pub(crate) fn on_terminal(mut self, columns: u16, rows: u16) -> OnTerminal {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let terminal = File::from(terminal);
        resize(&terminal, columns, rows);
        let before = tcgetattr(&terminal).unwrap().local_modes;

        self.command = with_session(&self.command);
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let name = PathBuf::from(name.into_string().unwrap());
        let side = || OpenOptions::new().read(true).write(true).open(&name);
        self.command.stdin(side().unwrap());
        let process = self.stdout(side().unwrap()).stderr(side().unwrap()).spawn();

        let seen = Arc::new(Mutex::new(Seen {
            screen: vt100::Parser::new(some(rows), some(columns), 0),
            bytes: Vec::new(),
        }));
        let reader = std::thread::spawn({
            let (from, seen) = (terminal.try_clone().unwrap(), Arc::clone(&seen));
            move || collect(from, &seen)
        });
        OnTerminal {
            process,
            terminal,
            seen,
            reader: Some(reader),
            before,
        }
    }
}

/// The same command in a session of its own. It replaces `setsid`, so that signals reach it.
fn with_session(command: &Command) -> Command {
    let command = command.as_std();
    let mut own = Command::new("setsid");
    own.arg("--ctty")
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .current_dir(std::env::temp_dir())
        .kill_on_drop(true);
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            own.env(name, value);
        }
    }
    own
}

/// Until nobody has the other side any more.
fn collect(mut from: File, seen: &Mutex<Seen>) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer)
        && count > 0
    {
        let mut seen = seen.lock().unwrap();
        seen.screen.process(&buffer[..count]);
        seen.bytes.extend_from_slice(&buffer[..count]);
    }
}

fn some(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).expect("a terminal has a size")
}

fn resize(terminal: &File, columns: u16, rows: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).unwrap();
}

impl OnTerminal {
    /// The lines that are seen now.
    pub(crate) fn screen(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let (_, columns) = seen.screen.screen().size();
        let rows = seen.screen.screen().rows(0, columns.get());
        rows.collect()
    }

    /// Waits until the screen shows all of this; returns it.
    pub(crate) async fn shows(&self, texts: &[&str]) -> Vec<String> {
        self.shows_what(&format!("{texts:?}"), |lines| {
            let all = lines.join("\n");
            texts.iter().all(|text| all.contains(text))
        })
        .await
    }

    /// Waits until the screen is as it should be; returns it.
    pub(crate) async fn shows_what(
        &self,
        what: &str,
        is_right: impl Fn(&[String]) -> bool,
    ) -> Vec<String> {
        let found = super::attempt(|| async {
            let lines = self.screen();
            is_right(&lines).then_some(lines)
        });
        match found.await {
            Some(lines) => lines,
            None => panic!("no {what} in\n{}", self.screen().join("\n")),
        }
    }

    /// Everything that was ever written.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap().bytes).into_owned()
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let mut seen = self.seen.lock().unwrap();
        seen.screen.screen_mut().set_size(some(rows), some(columns));
        resize(&self.terminal, columns, rows);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits for its end, and holds that the terminal is as it was. What it wrote after its screen,
    /// or all of it where there was none, is the standard output.
    pub(crate) async fn ended(mut self) -> Ended {
        let ended = within("its end", self.process.child.wait()).await;
        let reader = self.reader.take().unwrap();
        let joined = tokio::task::spawn_blocking(|| reader.join());
        within("the end of its output", joined)
            .await
            .unwrap()
            .unwrap();

        let text = self.text();
        let after = tcgetattr(&self.terminal).unwrap().local_modes;
        assert_eq!(after, self.before, "{text}");
        let seen = self.seen.lock().unwrap();
        let screen = seen.screen.screen();
        assert!(
            !screen.alternate_screen() && !screen.hide_cursor(),
            "{text}"
        );
        drop(seen);
        let stdout = text.rsplit(LEAVES).next().unwrap_or_default().to_owned();
        Ended {
            status: ended.unwrap(),
            stdout,
            stderr: String::new(),
        }
    }
}
