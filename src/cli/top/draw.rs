//! How the screen looks. What does not fit is left out from the bottom: figures first, then
//! warnings, panels, jobs and the held orders.

#[cfg(test)]
mod tests;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Cell, Paragraph, Row, Table, Wrap},
};

use super::{Reading, Screen};
use crate::{
    attention::{Severity, Warning},
    cli::{
        figures,
        live::{BOLD, DIM, block, cut, outdated},
    },
    overview::Situation,
    text::{Lang, format::Format},
};

/// Lines of figures.
const FIGURES: u16 = 5;
/// Columns of a title before a line.
const TITLE: usize = 9;
/// Rows that a table takes besides its own.
const FRAME: u16 = 2;

pub(super) fn draw(frame: &mut Frame<'_>, screen: &mut Screen) {
    let [head, body, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(frame.area());

    let reading = screen.news.reading.clone();
    frame.render_widget(title(screen, reading.as_deref()), head);
    match &reading {
        Some(reading) => whole(frame, screen, reading, body),
        None => frame.render_widget(Paragraph::new("Reading …"), body),
    }
    frame.render_widget(keys(screen), foot);
}

fn title(screen: &Screen, reading: Option<&Reading>) -> Line<'static> {
    let at = reading.map_or_else(String::new, |reading| {
        figures::clock(reading.seen.all.at, screen.zone)
    });
    Line::from(vec![Span::styled("orderwatch  ", BOLD), Span::raw(at)])
}

fn keys(screen: &Screen) -> Line<'static> {
    match &screen.news.trouble {
        Some(trouble) => outdated(trouble),
        None => Line::styled("q quit   ↑↓ j k held orders", DIM),
    }
}

fn whole(frame: &mut Frame<'_>, screen: &mut Screen, reading: &Reading, area: Rect) {
    let all = &reading.seen.all;
    let warnings = warnings(&reading.seen.warnings, all, area.width);
    let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let tall = |count: usize| rows(count).saturating_add(FRAME);
    let extra = rows(
        usize::from(all.market.is_some()) + usize::from(figures::notices(&all.notices).is_some()),
    );

    let [figures_at, warnings_at, panels_at, jobs_at, held_at] = Layout::vertical([
        Constraint::Length(FIGURES + extra),
        Constraint::Length(rows(warnings.len())),
        Constraint::Length(tall(all.panels.len().max(1))),
        Constraint::Length(tall(all.jobs.len())),
        Constraint::Min(0),
    ])
    .areas(area);

    frame.render_widget(Paragraph::new(lines(all)), figures_at);
    frame.render_widget(
        Paragraph::new(warnings).wrap(Wrap { trim: false }),
        warnings_at,
    );

    panels(frame, all, panels_at);
    jobs(frame, all, jobs_at);
    held(frame, screen, reading, held_at);
}

fn lines(all: &Situation) -> Vec<Line<'static>> {
    let line = |name: &str, text: String| {
        Line::from(vec![
            Span::styled(format!("{name:TITLE$}"), BOLD),
            Span::raw(text),
        ])
    };

    let orders = &all.orders;
    let mut lines = vec![
        line("Daemon", figures::daemon(all)),
        line("Orders", figures::orders(all)),
        line("", figures::due(all)),
        line(
            "Today",
            figures::done(orders.ended_today, orders.bought_today),
        ),
        line(
            "24 hours",
            figures::done(orders.ended_24h, orders.bought_24h),
        ),
    ];

    if let Some(market) = &all.market {
        lines.push(line("Trendyol", figures::market(market, all.at)));
    }

    if let Some(notices) = figures::notices(&all.notices) {
        lines.push(line("Notices", notices));
    }
    lines
}

/// One line each, cut at the edge: `status` shows them whole.
fn warnings(warnings: &[Warning], all: &Situation, width: u16) -> Vec<Line<'static>> {
    let line = |warning: &Warning| {
        let word = figures::severity(warning.severity);
        let since = warning.since.map_or_else(String::new, |since| {
            format!(" ({})", figures::ago(since, all.at))
        });
        let room = usize::from(width).saturating_sub(TITLE + since.chars().count());
        let text = cut(&warning.condition.sentence(&Format::PLAIN), room);
        Line::from(vec![
            Span::styled(format!("{word:TITLE$}"), style(warning.severity)),
            Span::raw(text),
            Span::styled(since, DIM),
        ])
    };

    warnings.iter().map(line).collect()
}

const fn style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        Severity::Warning => Style::new().fg(Color::Yellow),
        Severity::Notice => DIM,
    }
}

fn panels(frame: &mut Frame<'_>, all: &Situation, area: Rect) {
    let rows = all.panels.iter().map(|panel| {
        let style = if panel.breaker.is_some() {
            Style::new().fg(Color::Red)
        } else if panel.buys() {
            Style::new()
        } else {
            Style::new().fg(Color::Yellow)
        };
        Row::new(figures::panel(panel)).style(style)
    });

    let numbers = [4; 5].map(Constraint::Length);
    let words = [
        Constraint::Fill(3),
        Constraint::Fill(2),
        Constraint::Length(11),
        Constraint::Length(16),
    ];

    let table = Table::new(rows, words.into_iter().chain(numbers))
        .header(Row::new(figures::PANEL_TITLES).style(BOLD))
        .block(block(""));

    frame.render_widget(table, area);
}

fn jobs(frame: &mut Frame<'_>, all: &Situation, area: Rect) {
    let rows = all.jobs.iter().map(|job| {
        let style = if job.failed().is_some() || job.missing_since.is_some() {
            Style::new().fg(Color::Yellow)
        } else {
            Style::new()
        };
        Row::new(figures::job(job, all.at)).style(style)
    });

    let widths = [Constraint::Fill(1); 4];
    let table = Table::new(rows, widths)
        .header(Row::new(figures::JOB_TITLES).style(BOLD))
        .block(block(""));

    frame.render_widget(table, area);
}

fn held(frame: &mut Frame<'_>, screen: &mut Screen, reading: &Reading, area: Rect) {
    let now = reading.seen.all.at;
    let rows = reading.held.iter().map(|order| {
        let number = crate::cli::order::number(
            order.order,
            order.number.as_ref(),
            order.shop_status.is_none(),
        );
        let reason = order.held.map_or("", |reason| reason.clause(Lang::En));
        Row::new([
            Cell::new(number),
            Cell::new(figures::ago(order.tracked_at, now)),
            Cell::new(reason),
        ])
    });

    let widths = [
        Constraint::Length(10),
        Constraint::Length(10),
        Constraint::Fill(1),
    ];

    let table = Table::new(rows, widths)
        .header(Row::new(["HELD", "FOR", "WHY"]).style(BOLD))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
        .block(block(""));

    frame.render_stateful_widget(table, area, &mut screen.held);
}
