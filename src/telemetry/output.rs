//! The writer behind the log: masks each line, and says when lines were lost.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tracing_appender::non_blocking::ErrorCounter;
use tracing_subscriber::fmt::{
    MakeWriter,
    format::Writer,
    time::{FormatTime, SystemTime},
};

use super::redact::Secrets;

/// From one report of lost lines to the next: a report needs room for a line, too.
const REPORT_INTERVAL: Duration = Duration::from_secs(10);

/// Back to the beginning of the line, and nothing on it.
const CLEAR_LINE: &str = "\r\x1b[K";

/// A terminal on which a spinner may be turning: each line of the log replaces the spinner, which is
/// drawn again below it.
#[derive(Debug)]
pub(super) struct Terminal<W>(pub(super) W);

impl<W: Write> Write for Terminal<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(CLEAR_LINE.as_bytes())?;
        self.0.write_all(line)?;
        // Without what was added: the caller counts its own bytes.
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Hands masked lines to `writer`.
#[derive(Clone, Debug)]
pub(super) struct Output<W> {
    writer: W,
    secrets: Secrets,
    json: bool,
    dropped: Option<DroppedLines>,
}

impl<W> Output<W> {
    pub(super) fn new(
        writer: W,
        secrets: Secrets,
        json: bool,
        dropped: Option<DroppedLines>,
    ) -> Self {
        Self {
            writer,
            secrets,
            json,
            dropped,
        }
    }

    #[cfg(test)]
    pub(super) fn dropped_lines(&self) -> u64 {
        self.dropped.as_ref().map_or(0, DroppedLines::total)
    }
}

impl<W: Write> Output<W> {
    /// Reports lost lines now, whenever the last report was.
    pub(super) fn report_dropped(&mut self) {
        if let Some(lost) = self.dropped.as_ref().and_then(DroppedLines::take) {
            self.write_report(lost);
        }
    }

    fn write_report(&mut self, lost: u64) {
        let text = format!("{lost} log lines were lost so far because nobody read them in time");
        let now = timestamp();
        let line = if self.json {
            let fields = serde_json::json!({
                "timestamp": now, "level": "WARN", "message": text, "lost": lost,
            });
            format!("{fields}\n")
        } else {
            format!("{now}  WARN {text}\n")
        };

        // There is nowhere left to say that this failed, too.
        let _ = self.writer.write_all(line.as_bytes());
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some(lost) = self.dropped.as_ref().and_then(DroppedLines::due) {
            self.write_report(lost);
        }

        let text = String::from_utf8_lossy(line);
        let masked = if self.json {
            self.secrets.mask_json(&text)
        } else {
            self.secrets.mask(&text)
        };
        self.writer.write_all(masked.as_bytes())?;
        // Of the line that came in: a masked one has another length.
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl<W> MakeWriter<'_> for Output<W>
where
    W: Write + Clone,
{
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// The time as all other lines have it; nothing if the clock cannot be written.
fn timestamp() -> String {
    let mut text = String::new();
    match SystemTime.format_time(&mut Writer::new(&mut text)) {
        Ok(()) => text,
        Err(_) => String::new(),
    }
}

/// Counts the lines that the log's thread could not take.
#[derive(Clone, Debug)]
pub(super) struct DroppedLines {
    counter: ErrorCounter,
    reported: Arc<Mutex<Reported>>,
}

#[derive(Debug, Default)]
struct Reported {
    lines: u64,
    at: Option<Instant>,
}

impl DroppedLines {
    pub(super) fn new(counter: ErrorCounter) -> Self {
        Self {
            counter,
            reported: Arc::default(),
        }
    }

    fn total(&self) -> u64 {
        u64::try_from(self.counter.dropped_lines()).unwrap_or(u64::MAX)
    }

    /// All lines lost so far, if there are new ones and it is time to say so.
    fn due(&self) -> Option<u64> {
        // Somebody else is just about to say it.
        let reported = self.reported.try_lock().ok()?;
        let long_ago = |at: Instant| at.elapsed() >= REPORT_INTERVAL;
        let due = self.total() > reported.lines && reported.at.is_none_or(long_ago);
        // `take` locks it anew.
        drop(reported);
        if due { self.take() } else { None }
    }

    /// All lines lost so far, if there are new ones.
    fn take(&self) -> Option<u64> {
        let mut reported = self.reported.try_lock().ok()?;
        let total = self.total();
        let news = total > reported.lines;
        *reported = Reported {
            lines: total,
            at: Some(Instant::now()),
        };
        // Always the sum: a report may be lost like any other line, and the next one makes up for it.
        news.then_some(total)
    }
}
