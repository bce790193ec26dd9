//! What is seen of the demo while it runs: a screen, a line per second, or the log.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    figures::{Sight, Watcher},
    line,
    log::Log,
    screen::{self, Ending, Screen},
    stop::Stop,
    terminal::{self, News, Terminal},
};

/// From one look to the next.
const LOOK: Duration = Duration::from_secs(1);
/// From one drawing to the next.
const FRAME: Duration = Duration::from_millis(250);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Drawn in place.
    Screen,
    /// A line per second.
    Lines,
    /// The log, and nothing else.
    Log,
}

/// What whoever shows it has to know.
pub(super) struct Scene {
    pub(super) watcher: Watcher,
    /// The page's.
    pub(super) address: String,
    pub(super) log: Log,
    pub(super) ends: Ends,
}

/// What ends it.
pub(super) struct Ends {
    /// By itself.
    pub(super) until: Option<Instant>,
    /// By itself, with so many orders.
    pub(super) orders: Option<u64>,
    /// Nothing is sold any more.
    pub(super) closing: CancellationToken,
    pub(super) stop: Stop,
}

/// Shows it beside everything else, until it is ended.
pub(super) struct Showing {
    task: JoinHandle<anyhow::Result<()>>,
    done: CancellationToken,
}

impl View {
    pub(super) fn of(options: &Options) -> Self {
        if options.log {
            Self::Log
        } else if terminal::is_possible() {
            Self::Screen
        } else {
            Self::Lines
        }
    }
}

impl Showing {
    /// Where it cannot be shown any more, everything ends.
    pub(super) fn begin(view: View, scene: Scene) -> Self {
        let (done, stop) = (CancellationToken::new(), scene.ends.stop.clone());
        let seen = done.clone();

        let task = tokio::spawn(async move {
            // However this ends, a panic included; at the end of all it does no harm.
            let _stops = stop.soft.drop_guard();
            match view {
                View::Screen => draw(scene, seen).await,
                View::Lines => print(scene, seen).await,
                View::Log => {
                    seen.cancelled().await;
                    Ok(())
                }
            }
        });

        Self { task, done }
    }

    /// Gives the terminal back.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        self.done.cancel();
        self.task.await.context("the demo cannot be shown")?
    }
}

async fn print(mut scene: Scene, done: CancellationToken) -> anyhow::Result<()> {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while done.run_until_cancelled(looks.tick()).await.is_some() {
        match scene.watcher.look().await {
            Ok(sight) => line(sight.line())?,
            Err(error) => scene
                .log
                .warn(format_args!("the figures cannot be read: {error:#}")),
        }
    }
    Ok(())
}

async fn draw(scene: Scene, done: CancellationToken) -> anyhow::Result<()> {
    let Scene { watcher, ends, .. } = scene;
    let screen = Screen {
        address: scene.address,
        ending: ends.now(),
        news: News::default(),
    };

    let terminal =
        Terminal::open().context("the terminal cannot be drawn on; `--log` needs none")?;
    let (sender, news) = watch::channel(News::default());

    tokio::select! {
        () = watch(watcher, sender) => Ok(()),
        ended = draw_on(terminal, screen, news, ends) => ended,
        () = done.cancelled() => Ok(()),
    }
}

/// Looks again and again. Beside the drawing, so that keys are heard while the database is slow.
async fn watch(mut watcher: Watcher, news: watch::Sender<News<Sight>>) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !news.is_closed() {
        looks.tick().await;
        let result = watcher.look().await;
        news.send_modify(|news| news.learn(result));
    }
}

async fn draw_on(
    mut terminal: Terminal,
    mut screen: Screen,
    news: watch::Receiver<News<Sight>>,
    ends: Ends,
) -> anyhow::Result<()> {
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);

    loop {
        tokio::select! {
            _ = frames.tick() => {
                screen.news = news.borrow().clone();
                screen.ending = ends.now();
                terminal.draw(|frame| screen::draw(frame, &screen))?;
            }
            event = terminal.event() => {
                if terminal::ends(&event?) {
                    ends.stop.want();
                }
            }
        }
    }
}

impl Ends {
    fn now(&self) -> Ending {
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        match (self.until, self.orders) {
            _ if self.stop.soft.is_cancelled() => Ending::Stopping,
            _ if self.closing.is_cancelled() => Ending::Finishing,
            (Some(until), _) => Ending::After(left(until)),
            (None, Some(orders)) => Ending::Orders(orders),
            (None, None) => Ending::Never,
        }
    }
}
