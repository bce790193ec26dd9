//! What the screen shows and where its reader stands; nothing of how it looks.

use chrono_tz::Tz;
use ratatui::widgets::TableState;

use super::News;

/// The state of the screen.
pub(super) struct Screen {
    pub(super) news: News,
    pub(super) zone: Tz,
    /// The place in the list of held orders.
    pub(super) held: TableState,
}

/// A step in the list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    Up(usize),
    Down(usize),
}

impl Screen {
    pub(super) fn new(zone: Tz) -> Self {
        Self {
            news: News::default(),
            zone,
            held: TableState::default(),
        }
    }

    fn last(&self) -> Option<usize> {
        let reading = self.news.reading.as_ref()?;
        reading.held.len().checked_sub(1)
    }

    /// A new reading: whoever stood behind the end of the list stands at it.
    pub(super) fn learn(&mut self, news: News) {
        self.news = news;
        let place = self.held.selected().zip(self.last());
        self.held.select(place.map(|(place, last)| place.min(last)));
    }

    pub(super) fn go(&mut self, step: Move) {
        let Some(last) = self.last() else {
            return;
        };
        let place = match (self.held.selected(), step) {
            (None, _) => 0,
            (Some(place), Move::Up(rows)) => place.saturating_sub(rows),
            (Some(place), Move::Down(rows)) => place.saturating_add(rows).min(last),
        };
        self.held.select(Some(place));
    }
}
