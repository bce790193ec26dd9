//! How the screen looks. What does not fit is cut at the right and at the bottom: the figures stay
//! the longest, the oldest events go first.

#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::TimeDelta;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    figures::{Group, Sight},
    terminal::{BOLD, DIM, News, block, cut, outdated},
};

/// Columns of a group's title.
const TITLE: usize = 8;
/// Columns of a figure, at least.
const FIGURE: usize = 9;
/// Columns between two figures, at least.
const GAP: usize = 2;
/// Columns of the time before an event.
const TIME: usize = 10;

/// As on the page; there has been no summer time since 2016.
const ISTANBUL: TimeDelta = TimeDelta::hours(3);

const ALARM: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);

pub(super) struct Screen {
    pub(super) address: String,
    pub(super) ending: Ending,
    pub(super) news: News<Sight>,
}

/// How and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// When somebody wants it.
    Never,
    /// By itself, after this long.
    After(Duration),
    /// By itself, with this many orders.
    Orders(u64),
    /// Nothing is sold any more; what is under way is waited for.
    Finishing,
    /// Somebody wants it; what is in flight is waited for.
    Stopping,
}

pub(super) fn draw(frame: &mut Frame<'_>, screen: &Screen) {
    let [head, body, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(u16::from(screen.news.trouble.is_some())),
    ])
    .areas(frame.area());
    frame.render_widget(title(screen), head);

    match &screen.news.reading {
        Some(sight) => sights(frame, sight, body),
        None => frame.render_widget(Paragraph::new("Starting …"), body),
    }

    if let Some(trouble) = &screen.news.trouble {
        frame.render_widget(outdated(trouble), foot);
    }
}

fn title(screen: &Screen) -> Line<'static> {
    let ends = match screen.ending {
        Ending::Never => "q or Ctrl-C ends it".to_owned(),
        Ending::After(left) => format!("q or Ctrl-C ends it   {} left", span(left)),
        Ending::Orders(orders) => format!("q or Ctrl-C ends it   or {orders} orders"),
        Ending::Finishing => "q or Ctrl-C ends it   finishing".to_owned(),
        Ending::Stopping => "stopping   q or Ctrl-C again: at once".to_owned(),
    };
    Line::from(vec![
        Span::styled(screen.address.clone(), BOLD),
        Span::raw("  (no log-in)   "),
        Span::styled(ends, DIM),
    ])
}

fn sights(frame: &mut Frame<'_>, sight: &Sight, area: Rect) {
    let [orders, panels, stock, store] = sight.groups();
    let [shop_at, store_at, events_at] = Layout::vertical([
        // Two lines for each group, and one above them.
        Constraint::Length(5),
        Constraint::Length(5),
        Constraint::Min(0),
    ])
    .areas(area);

    let shop = Paragraph::new([lines(&orders), lines(&panels)].concat());
    frame.render_widget(shop.block(block("Shop and panels ")), shop_at);
    let store = Paragraph::new([lines(&stock), lines(&store)].concat());
    frame.render_widget(store.block(block("Warehouse and store ")), store_at);
    let room = usize::from(events_at.height.saturating_sub(1));
    let events = Paragraph::new(events(sight, room, usize::from(area.width)));

    frame.render_widget(events.block(block("Last events ")), events_at);
}

/// Names above their figures, right-aligned.
fn lines(group: &Group) -> [Line<'static>; 2] {
    let mut names = vec![Span::styled(format!("{:TITLE$}", group.title), BOLD)];
    let mut values = vec![Span::raw(" ".repeat(TITLE))];
    for figure in &group.figures {
        let widest = figure.name.len().max(figure.value.len()) + GAP;
        let width = widest.max(FIGURE);
        let style = if figure.is_alarming { ALARM } else { BOLD };
        names.push(Span::styled(format!("{:>width$}", figure.name), DIM));
        values.push(Span::styled(format!("{:>width$}", figure.value), style));
    }
    [Line::from(names), Line::from(values)]
}

fn events(sight: &Sight, room: usize, width: usize) -> Vec<Line<'static>> {
    let newest = sight.latest.newest(room).into_iter();
    newest
        .map(|event| {
            let time = (event.at + ISTANBUL).format("%T").to_string();
            Line::from(vec![
                Span::styled(format!("{time:TIME$}"), DIM),
                Span::raw(cut(&event.text, width.saturating_sub(TIME))),
            ])
        })
        .collect()
}

/// The two largest units of a duration.
fn span(length: Duration) -> String {
    let whole = Duration::from_secs(length.as_secs());
    let written = humantime::format_duration(whole).to_string();
    let units: Vec<&str> = written.split(' ').take(2).collect();
    units.join(" ")
}
