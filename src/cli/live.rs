//! A screen that is drawn in place, for `top`.
//!
//! What must stay true: the terminal is as it was before when a [`Live`] is dropped, however that
//! comes about (a key, a signal, an error, a panic).

use std::{
    io::{self, IsTerminal as _},
    panic,
    sync::Arc,
};

use anyhow::{Context, bail};
use futures::StreamExt;
use ratatui::{
    DefaultTerminal, Frame,
    crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    style::{Color, Modifier, Style},
    text::Line,
    widgets::{Block, Borders},
};
use tokio_util::sync::CancellationToken;

use super::out;
use crate::telemetry::understands_escapes;

pub(super) const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
pub(super) const DIM: Style = Style::new().add_modifier(Modifier::DIM);

/// The terminal while a screen is drawn on it.
pub(super) struct Live {
    terminal: DefaultTerminal,
    events: EventStream,
    panicked: CancellationToken,
    has_colors: bool,
}

/// The last good reading, and what went wrong since.
pub(super) struct News<R> {
    pub(super) reading: Option<Arc<R>>,
    pub(super) trouble: Option<String>,
}

/// Whether standard output is a terminal on which a cursor can be moved.
pub(super) fn is_possible() -> bool {
    io::stdout().is_terminal() && understands_escapes()
}

impl Live {
    /// Takes the terminal. The log must go somewhere else by now.
    pub(super) fn open() -> io::Result<Self> {
        let panicked = CancellationToken::new();
        // The runtime catches the panic of a task, so the screen would go on without the one that reads.
        let (hook, token) = (panic::take_hook(), panicked.clone());
        panic::set_hook(Box::new(move |info| {
            token.cancel();
            hook(info);
        }));

        // Its own hook goes before ours: the text of a panic is written to the usual screen.
        let terminal = ratatui::try_init().inspect_err(|_| ratatui::restore())?;
        Ok(Self {
            terminal,
            events: EventStream::new(),
            panicked,
            // As no-color.org has it: an empty value does not count.
            has_colors: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        })
    }

    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let has_colors = self.has_colors;
        self.terminal.draw(|frame| {
            draw(frame);
            // Afterwards, so that no widget has to know.
            if !has_colors {
                remove_colors(frame);
            }
        })?;
        Ok(())
    }

    /// The next thing that happens at the terminal. An error when nobody can see the screen any more:
    /// a panic anywhere in the process has given the terminal back.
    pub(super) async fn event(&mut self) -> anyhow::Result<Event> {
        tokio::select! {
            // A panic first: after it, keys are typed into a terminal that is given back already.
            biased;
            () = self.panicked.cancelled() => bail!("a part of the program panicked: this is a bug in orderwatch"),
            event = self.events.next() => match event {
                Some(event) => event.context("the terminal cannot be read"),
                None => bail!("the terminal is gone"),
            },
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

fn remove_colors(frame: &mut Frame<'_>) {
    for cell in &mut frame.buffer_mut().content {
        cell.fg = Color::Reset;
        cell.bg = Color::Reset;
    }
}

impl<R> News<R> {
    pub(super) fn learn(&mut self, result: anyhow::Result<R>) {
        match result {
            Ok(reading) => {
                self.reading = Some(Arc::new(reading));
                self.trouble = None;
            }
            // The last good reading stays on the screen, marked as old.
            Err(error) => self.trouble = Some(out::masked_chain(&error)),
        }
    }
}

impl<R> Default for News<R> {
    fn default() -> Self {
        Self {
            reading: None,
            trouble: None,
        }
    }
}

impl<R> Clone for News<R> {
    fn clone(&self) -> Self {
        Self {
            reading: self.reading.clone(),
            trouble: self.trouble.clone(),
        }
    }
}

/// The key that an event is, if it is one that was pressed.
pub(super) const fn key(event: &Event) -> Option<&KeyEvent> {
    match event {
        // Some terminals report the release as well, and each key would act twice.
        Event::Key(key) if matches!(key.kind, KeyEventKind::Release) => None,
        Event::Key(key) => Some(key),
        _ => None,
    }
}

/// Whether a key ends the screen. In raw mode Ctrl-C is a key like any other, and no signal.
pub(super) const fn ends(key: &KeyEvent) -> bool {
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => true,
        KeyCode::Char('c') => key.modifiers.contains(KeyModifiers::CONTROL),
        _ => false,
    }
}

/// A part of the screen, below a line.
pub(super) fn block(title: &str) -> Block<'_> {
    Block::new()
        .borders(Borders::TOP)
        .border_style(DIM)
        .title(title)
}

/// A text that is cut where there is no more room, and says so.
pub(super) fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// That what is on the screen is not of now.
pub(super) fn outdated(trouble: &str) -> Line<'static> {
    Line::styled(
        format!("The figures are old: {trouble}"),
        Style::new().fg(Color::Red),
    )
}
