//! `kill -9` at every named point between the intent to buy and the end of an order, and of a push of stock.
//!
//! A point is a request at a panel or a statement at the database, and how far it has come. What a process
//! leaves behind is what they have taken and nothing else, so these are the states in which it can be found.
//! Each table says how the order ends after the next start, or at the hands of another process that has run beside the
//! one that died; none may be bought twice, and none may be lost.
//!
//! `ORDERWATCH_POINT_KILLS` sets how often the program is killed at each.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

mod barakat;
mod fallback;
mod people;
mod purchase;
mod resend;
mod stock;
mod watch;

use futures::{StreamExt, stream};
use sandbox::{
    barakat::{self as other_kind, Barakat},
    gates::{CallBarrier, Moment},
    panel::{Endpoint, Panel, PanelPlan},
};
use uuid::Uuid;

use crate::process::{
    Process,
    audit::{audit, audit_barakat},
    figures,
    proxy::{
        Proxy,
        statement::{Phase, Stop},
    },
    settings::Settings,
    shop::Row,
    within,
    world::World,
};

const KILLS: &str = "ORDERWATCH_POINT_KILLS";
/// Worlds at a time: each has a database and a program of its own.
const WORLDS: usize = 4;

/// Statements, by words that stand in the text of no other.
const CLAIM_NEW: &str = "Claims new orders of the shop";
const CLAIM_QUEUED: &str = "Claims tracked orders for sending";
const CLAIM_DUE: &str = "Due orders of some panels, claimed";
const RECORD: &str = "The same answer again is counted in the order's row";
const RECORD_SHOP: &str = "Outcomes that the shop hears of, as one group";

/// A moment at which the program may die.
#[derive(Clone, Copy, Debug)]
struct Point {
    name: &'static str,
    at: At,
    /// How the order stands when the program was started again and nothing is left to do.
    ends: End,
}

#[derive(Clone, Copy, Debug)]
enum At {
    Database(Stop),
    Panel(Endpoint, Moment),
    /// The panel to which an order goes after a refusal.
    Fallback(Endpoint, Moment),
    /// The panel of the other kind.
    Barakat(other_kind::Endpoint, Moment),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Completed,
    Cancelled,
    /// Nobody can know whether it was bought: a person decides.
    Unconfirmed,
}

const fn point(name: &'static str, at: At, ends: End) -> Point {
    Point { name, at, ends }
}

const fn statement(statement: &'static str, phase: Phase) -> At {
    At::Database(Stop {
        statement,
        value: None,
        phase,
    })
}

/// Where the result of this name is written.
const fn result(statement: &'static str, kind: &'static str, phase: Phase) -> At {
    At::Database(Stop {
        statement,
        value: Some(kind),
        phase,
    })
}

fn kills() -> usize {
    std::env::var(KILLS).map_or(1, |kills| kills.parse().unwrap())
}

/// What outlives the program.
struct Scene {
    world: World,
    proxy: Proxy,
    settings: Settings,
    /// Where refused orders go.
    second: Option<Panel>,
    /// Where all orders go, if not to the world's panel.
    barakat: Option<Barakat>,
    /// Whether another process runs beside the one that dies, and goes on.
    beside: bool,
    other: Option<Process>,
}

/// What keeps the program where it is to be killed.
enum Trap {
    Gate(CallBarrier),
    Statement,
}

impl Scene {
    async fn new(change: impl FnOnce(&mut PanelPlan)) -> Self {
        let world = World::with(change).await;
        let proxy = Proxy::before(world.database.options()).await;
        Self {
            settings: world.settings(),
            world,
            proxy,
            second: None,
            barakat: None,
            beside: false,
            other: None,
        }
    }

    fn beside_another(mut self) -> Self {
        self.beside = true;
        self
    }

    fn through_the_proxy(&self) -> Settings {
        let url = self.proxy.url();
        self.settings.clone().text("database.url", &url)
    }

    /// The daemon, up to the point. What it is doing there is begun by `act`.
    async fn dies<T>(&mut self, point: &Point, act: impl AsyncFnOnce(&World) -> T) -> T {
        self.proxy.open().await;
        let process = self.world.start(&self.through_the_proxy()).await;
        let trap = self.lay(point.at);
        let begun = act(&self.world).await;
        self.kill(process, trap, point).await;
        begun
    }

    fn lay(&self, at: At) -> Trap {
        match at {
            At::Panel(endpoint, moment) => Trap::Gate(self.world.panel.hold(endpoint, moment)),
            At::Fallback(endpoint, moment) => {
                let second = self.second.as_ref().unwrap();
                Trap::Gate(second.hold(endpoint, moment))
            }
            At::Barakat(endpoint, moment) => {
                let barakat = self.barakat.as_ref().unwrap();
                Trap::Gate(barakat.hold(endpoint, moment))
            }
            At::Database(stop) => {
                self.proxy.stop_at(stop);
                Trap::Statement
            }
        }
    }

    /// Its connections end with it, and a panel goes on with what it was asked for.
    async fn kill(&mut self, process: Process, trap: Trap, point: &Point) {
        let reached = async {
            match &trap {
                Trap::Gate(gate) => gate.arrived(1).await,
                Trap::Statement => self.proxy.stopped().await,
            }
        };
        within(point.name, reached).await;

        // Not before: it could be the one that comes to the point.
        if self.beside {
            self.other = Some(self.world.start(&self.settings).await);
        }
        process.kill().await;
        self.proxy.cut().await;
    }

    /// The other process goes on, or the daemon is started again, until the order is as the table says.
    async fn ends(&mut self, point: &Point, order: Uuid) {
        let process = match self.other.take() {
            Some(other) => other,
            None => self.world.start(&self.settings).await,
        };
        let row = self.world.shop.wait_for(order, Row::is_settled).await;
        process.stop().await;
        let end = match (row.stage.as_deref(), row.held_reason.as_deref()) {
            (Some("completed"), _) => End::Completed,
            (Some("failed"), _) => End::Cancelled,
            (Some("held"), Some("unconfirmed")) => End::Unconfirmed,
            _ => panic!("{}: {row:?}", point.name),
        };
        assert_eq!(end, point.ends, "{}: {row:?}", point.name);
    }

    /// The ledger of the panel at which all of it was bought, held against the rows.
    async fn audit(&self) {
        let rows = self.world.shop.rows().await;
        if let Some(barakat) = &self.barakat {
            let (_, strays) = audit_barakat(barakat, barakat::TOKEN, &rows);
            assert!(strays.is_empty(), "sold to nobody's order: {strays:?}");
        } else {
            audit(self.second.as_ref().unwrap_or(&self.world.panel), &rows);
        }

        if self.second.is_some() || self.barakat.is_some() {
            assert_eq!(self.world.panel.ledger().sale_count(), 0);
        }
    }
}

/// Kills the program at each point with an order of this entry, each in a world of its own.
async fn killed_at_each(
    what: &str,
    points: &[Point],
    scene: impl AsyncFn() -> Scene,
    entry: &str,
    prepare: impl AsyncFn(&Scene),
) {
    let kill_at = async |point: &Point| {
        let mut scene = scene().await;
        for kill in 0..kills() {
            prepare(&scene).await;
            let player = format!("player-{kill}");
            let order = scene
                .dies(point, async |world: &World| {
                    world.shop.order(entry, &player).await
                })
                .await;
            scene.ends(point, order).await;
        }
        scene.audit().await;
    };
    each(points, kill_at).await;
    tell(what, points.len());
}

/// A few points at a time.
async fn each<P>(points: impl IntoIterator<Item = P>, kill_at: impl AsyncFn(P)) {
    let worlds = stream::iter(points).map(|point| kill_at(point));
    let worlds = worlds.buffer_unordered(WORLDS);
    worlds.for_each(async |()| {}).await;
}

/// For the table of figures in tests/README.md.
fn tell(what: &str, points: usize) {
    let kills = points * kills();
    figures(&format!(
        "{what}: killed {kills} times at {points} points, 0 bought twice, 0 lost"
    ));
}
