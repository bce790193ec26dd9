//! `orderwatch top`: the figures of `status`, live in the terminal.
//!
//! It only reads. What must stay true: the terminal is as it was when this ends, however it ends
//! (a key, a signal, a panic, an error), and a database that does not answer is said on the screen
//! instead of ending it.

mod draw;
mod screen;

use std::{io::IsTerminal, process::ExitCode, sync::Arc, time::Duration};

use chrono_tz::Tz;
use clap::Args;
use futures::StreamExt;
use ratatui::{
    DefaultTerminal,
    crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
};
use tokio::sync::watch;

use self::screen::{Move, Screen};
use super::{
    Global, migrated_store, out,
    status::{Seen, look},
};
use crate::{
    config::Config,
    daemon::planned,
    order::Stage,
    shutdown::Stop,
    store::{Direction, ListedOrder, OrderFilter, Store},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch top                  read anew every 2 seconds
  orderwatch top --interval 10    over a slow line

Keys: q or Esc ends it; arrows, j and k, PgUp and PgDn move in the list of held orders.";

/// Held orders that are listed.
const HELD: i64 = 200;

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Seconds between two readings.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
}

/// One reading.
pub(super) struct Reading {
    pub(super) seen: Seen,
    pub(super) held: Vec<ListedOrder>,
}

/// The last good reading, and what went wrong since.
#[derive(Clone, Default)]
pub(super) struct News {
    pub(super) reading: Option<Arc<Reading>>,
    pub(super) trouble: Option<String>,
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let config = global.load()?.config;
    anyhow::ensure!(
        std::io::stdout().is_terminal() && std::io::stdin().is_terminal(),
        "`orderwatch top` draws on a terminal, and this is none; `orderwatch status` prints the same figures"
    );
    let store = migrated_store(&config).await?;
    let (sender, news) = watch::channel(News::default());
    let stop = Stop::on_signals()?;
    let every = Duration::from_secs(options.interval);
    let zone = config.http.time_zone;
    let reader = tokio::spawn(read(store.clone(), config, every, sender));
    // Restores the terminal in a panic, too.
    let mut terminal = ratatui::try_init()?;
    let ended = show(&mut terminal, news, &stop, zone).await;
    ratatui::restore();
    reader.abort();
    store.close().await;
    ended?;
    Ok(ExitCode::SUCCESS)
}

/// Reads again and again, until nobody looks any more.
async fn read(store: Store, config: Config, every: Duration, news: watch::Sender<News>) {
    let asking = planned::asking(&config);
    while !news.is_closed() {
        let reading = async {
            let seen = look(&store, &asking, &config).await?;
            let filter = OrderFilter {
                stage: Some(Stage::Held),
                ..OrderFilter::default()
            };
            let held = store
                .list_orders(filter, Direction::Oldest, None, HELD)
                .await?;
            Ok::<_, anyhow::Error>(Arc::new(Reading { seen, held }))
        };
        let result = reading.await;
        news.send_modify(|news| match result {
            Ok(reading) => {
                news.reading = Some(reading);
                news.trouble = None;
            }
            Err(error) => news.trouble = Some(out::masked_chain(&error)),
        });
        tokio::time::sleep(every).await;
    }
}

async fn show(
    terminal: &mut DefaultTerminal,
    mut news: watch::Receiver<News>,
    stop: &Stop,
    zone: Tz,
) -> anyhow::Result<()> {
    let mut screen = Screen::new(zone);
    let mut events = EventStream::new();
    loop {
        terminal.draw(|frame| draw::draw(frame, &mut screen))?;
        tokio::select! {
            changed = news.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                screen.learn(news.borrow_and_update().clone());
            }
            event = events.next() => match event {
                None => return Ok(()),
                Some(event) => if act(&mut screen, &event?) {
                    return Ok(());
                },
            },
            () = stop.soft.cancelled() => return Ok(()),
        }
    }
}

/// Whether it is to end.
fn act(screen: &mut Screen, event: &Event) -> bool {
    let Event::Key(KeyEvent {
        code,
        modifiers,
        kind: KeyEventKind::Press | KeyEventKind::Repeat,
        ..
    }) = event
    else {
        return false;
    };
    match code {
        KeyCode::Char('q') | KeyCode::Esc => return true,
        KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => return true,
        KeyCode::Up | KeyCode::Char('k') => screen.go(Move::Up(1)),
        KeyCode::Down | KeyCode::Char('j') => screen.go(Move::Down(1)),
        KeyCode::PageUp => screen.go(Move::Up(10)),
        KeyCode::PageDown => screen.go(Move::Down(10)),
        KeyCode::Home => screen.go(Move::Up(usize::MAX)),
        KeyCode::End => screen.go(Move::Down(usize::MAX)),
        _ => {}
    }
    false
}
