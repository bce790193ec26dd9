//! A push of stock: what it wrote down before it asked, the request, the answer and the results.
//!
//! `stock::kill` finds every other moment of the stock side in one process; here it is the program.

use Phase::{Before, Committed, Open};
use sandbox::{gates::Moment, trendyol};

use super::*;
use crate::program::trendyol::Market;

const FENCE: &str = "INSERT INTO orderwatch.stock_batches (fingerprint";
const ANSWER: &str = "SET state = $2, name = $3, check_at = $4, note = $5";
const RESULTS: &str = "UPDATE orderwatch.stock_sends s SET result = r.result";

/// Where a push may be cut off.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Database(Stop),
    Store(Moment),
}

const fn at(statement: &'static str, phase: Phase) -> Cut {
    Cut::Database(Stop {
        statement,
        value: None,
        phase,
    })
}

const POINTS: [(&str, Cut); 11] = [
    ("push, not written down", at(FENCE, Before)),
    ("push, written down and not committed", at(FENCE, Open)),
    ("push, committed and not sent", at(FENCE, Committed)),
    ("push, at the store", Cut::Store(Moment::BeforeWork)),
    (
        "push, taken and not answered",
        Cut::Store(Moment::BeforeAnswer),
    ),
    ("answer to a push, not recorded", at(ANSWER, Before)),
    ("answer to a push, not committed", at(ANSWER, Open)),
    (
        "answer to a push, committed and not heard of",
        at(ANSWER, Committed),
    ),
    ("results, not recorded", at(RESULTS, Before)),
    ("results, not committed", at(RESULTS, Open)),
    (
        "results, committed and not heard of",
        at(RESULTS, Committed),
    ),
];

/// Dies with five of each product to be put on sale, and puts them there once.
async fn killed_at(name: &str, cut: Cut) {
    let market = Market::new().await;
    let mut proxy = Proxy::before(market.world.database.options()).await;
    proxy.open().await;
    // A tick that was begun is not begun again, so the next one has to come.
    let settings = market.settings().text("trendyol.stock.interval", "2s");
    let trap = match cut {
        Cut::Store(moment) => {
            let push = trendyol::Endpoint::PushStock;
            Trap::Gate(market.shop.hold(push, moment))
        }
        Cut::Database(stop) => {
            proxy.stop_at(stop);
            Trap::Statement
        }
    };

    let through = settings.clone().text("database.url", &proxy.url());
    let process = market.world.start(&through).await;
    let reached = async {
        match &trap {
            Trap::Gate(gate) => gate.arrived(1).await,
            Trap::Statement => proxy.stopped().await,
        }
    };
    within(name, reached).await;
    process.kill().await;
    proxy.cut().await;
    drop(trap);

    let before = market.passes().await;
    let process = market.world.start(&settings).await;
    market.pushed(before + 1).await;
    // What was sent may have been applied all this time: then what is on sale tells.
    market.time_passes().await;
    market.settled().await;
    process.stop().await;
    let pushes = market.shop.ledger();
    let pushes = pushes.requests_to(trendyol::Endpoint::PushStock);
    let taken = pushes.iter().filter(|push| push.worked == Some(200));
    let items: usize = taken.map(|push| push.items.len()).sum();
    assert_eq!(items, 2, "{name}: each product is sent once: {pushes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_of_a_push() {
    for _ in 0..kills() {
        each(POINTS, async |(name, cut)| killed_at(name, cut).await).await;
    }
    let kills = POINTS.len() * kills();
    let points = POINTS.len();
    figures(&format!(
        "stock push: killed {kills} times at {points} points, 0 sent twice, 0 lost"
    ));
}
