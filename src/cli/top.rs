//! `orderwatch top`: the figures of `status`, live in the terminal.
//!
//! It only reads. What must stay true: the terminal is as it was when this ends, however it ends
//! (a key, a signal, a panic, an error), and a database that does not answer is said on the screen
//! instead of ending it.

mod draw;

use std::{io::IsTerminal, process::ExitCode, time::Duration};

use chrono_tz::Tz;
use clap::Args;
use ratatui::{
    crossterm::event::{Event, KeyCode},
    widgets::TableState,
};
use tokio::sync::watch;

use super::{
    Global,
    live::{self, Live},
    migrated_store,
    status::{Seen, look},
};
use crate::{
    config::Config,
    daemon::settings,
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
/// Rows that a page key moves.
const PAGE: u16 = 10;

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Seconds between two readings.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
}

pub(super) struct Reading {
    pub(super) seen: Seen,
    pub(super) held: Vec<ListedOrder>,
}

type News = live::News<Reading>;

pub(super) struct Screen {
    pub(super) news: News,
    pub(super) zone: Tz,
    /// The place in the list of held orders; drawing keeps it within the list.
    pub(super) held: TableState,
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    // Only loaded: a log on this terminal would be written over the screen.
    let config = global.load()?.config;
    anyhow::ensure!(
        live::is_possible() && std::io::stdin().is_terminal(),
        "`orderwatch top` draws on a terminal, and this is none; `orderwatch status` prints the same figures"
    );

    let store = migrated_store(&config).await?;
    let (sender, news) = watch::channel(News::default());
    let stop = Stop::on_signals()?;
    let every = Duration::from_secs(options.interval);
    let zone = config.http.time_zone;
    let reader = tokio::spawn(read(store.clone(), config, every, sender));

    let mut terminal = Live::open()?;
    let ended = show(&mut terminal, news, &stop, zone).await;
    // Given back before anything that may take time or print an error.
    drop(terminal);
    // It may wait for a slow answer that nobody needs any more.
    reader.abort();
    store.close().await;
    ended?;
    Ok(ExitCode::SUCCESS)
}

/// Reads again and again, until the screen is gone.
async fn read(store: Store, config: Config, every: Duration, news: watch::Sender<News>) {
    let asking = settings::asking(&config);
    while !news.is_closed() {
        let reading = async {
            let seen = look(&store, &asking, &config).await?;
            let filter = OrderFilter {
                stage: Some(Stage::Held),
                ..OrderFilter::default()
            };
            let held = store
                .list_orders(filter, Direction::Oldest, seen.all.at, None, HELD)
                .await?;
            Ok::<_, anyhow::Error>(Reading { seen, held })
        };

        let result = reading.await;
        // An error goes to the screen, which keeps the last good figures beside it.
        news.send_modify(|news| news.learn(result));
        tokio::time::sleep(every).await;
    }
}

async fn show(
    terminal: &mut Live,
    mut news: watch::Receiver<News>,
    stop: &Stop,
    zone: Tz,
) -> anyhow::Result<()> {
    let mut screen = Screen {
        news: News::default(),
        zone,
        held: TableState::default(),
    };

    loop {
        terminal.draw(|frame| draw::draw(frame, &mut screen))?;
        tokio::select! {
            changed = news.changed() => {
                // The reader has ended, and no news would come.
                if changed.is_err() {
                    return Ok(());
                }
                screen.news = news.borrow_and_update().clone();
            }
            event = terminal.event() => if act(&mut screen, &event?) {
                return Ok(());
            },
            () = stop.soft.cancelled() => return Ok(()),
        }
    }
}

/// Whether it is to end.
fn act(screen: &mut Screen, event: &Event) -> bool {
    let Some(key) = live::key(event) else {
        return false;
    };

    match key.code {
        KeyCode::Up | KeyCode::Char('k') => screen.held.select_previous(),
        KeyCode::Down | KeyCode::Char('j') => screen.held.select_next(),
        KeyCode::PageUp => screen.held.scroll_up_by(PAGE),
        KeyCode::PageDown => screen.held.scroll_down_by(PAGE),
        KeyCode::Home => screen.held.select_first(),
        KeyCode::End => screen.held.select_last(),
        _ => {}
    }
    live::ends(key)
}
