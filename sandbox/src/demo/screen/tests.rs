//! The screen as a terminal shows it, at the sizes that people have.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::{Terminal, backend::TestBackend};
use rust_decimal::Decimal;

use super::{
    super::{
        books::StockFigures,
        events::{Happening, Latest},
        figures::{OrderFigures, PanelFigures},
    },
    *,
};

fn happening(second: i64, text: &str) -> Happening {
    let noon: DateTime<Utc> = "2030-03-17T11:03:00Z".parse().unwrap();
    let text = text.to_owned();
    let at = noon + TimeDelta::seconds(second);
    Happening { at, text }
}

fn sight() -> Sight {
    let order = |n| happening(n, &format!("order {n} approved, code delivered"));
    let held = "order 16 held: the player id is missing, or so long that a line of eighty columns is too short for it.";
    let mut orders: Vec<_> = (1..16).rev().map(order).collect();
    orders.insert(0, happening(16, held));

    Sight {
        elapsed: Duration::from_secs(75),
        orders: OrderFigures {
            new: 1,
            queued: 2,
            in_flight: 12,
            approved: 1180,
            rejected: 240,
            held: 41,
            per_second: 4.25,
        },
        panels: PanelFigures {
            at_znet: 801,
            at_barakat: 631,
            bought_twice: 0,
            charged: Decimal::new(12_031_250, 2),
            waiting: 11,
        },
        stock: StockFigures {
            products: 40,
            right: 37,
            fewer: 2,
            more: 1,
            oversold: 0,
            sales: 120,
            open_packages: 23,
            pushes: 44,
            looks: 61,
        },
        latest: Latest {
            orders,
            stock: vec![
                happening(17, "8690000000017 raised from 3 to 5"),
                happening(9, "8690000000031 sold, 2 of 9"),
            ],
        },
    }
}

fn screen(ending: Ending) -> Screen {
    let mut news = News::default();
    news.learn(Ok(sight()));
    Screen {
        address: "http://127.0.0.1:41233/".to_owned(),
        ending,
        news,
    }
}

fn drawn(screen: &Screen, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, screen)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn all_of_it_fits_80_by_24() {
    let screen = screen(Ending::After(Duration::from_secs(192)));
    insta::assert_snapshot!(drawn(&screen, 80, 24));
}

#[test]
fn more_room_is_for_more_events() {
    insta::assert_snapshot!(drawn(&screen(Ending::Never), 100, 30));
}

#[test]
fn a_small_terminal_shows_the_figures_and_the_newest_events() {
    insta::assert_snapshot!(drawn(&screen(Ending::Stopping), 50, 14));
}

#[test]
fn the_page_is_named_before_there_is_anything_to_see() {
    let mut screen = screen(Ending::Orders(200));
    screen.news = News::default();
    insta::assert_snapshot!(drawn(&screen, 80, 3));
}

#[test]
fn a_database_that_does_not_answer_is_said_and_the_old_figures_stay() {
    let mut screen = screen(Ending::Finishing);
    screen
        .news
        .learn(Err(anyhow::anyhow!("the database failed")));
    let text = drawn(&screen, 80, 24);

    assert!(
        text.contains("The figures are old: the database failed"),
        "{text}"
    );

    assert!(
        text.contains("1180") && text.contains("finishing"),
        "{text}"
    );
}

#[test]
fn every_size_can_be_drawn() {
    for (width, height) in [(1, 1), (10, 3), (39, 10), (80, 24), (200, 60), (300, 5)] {
        drawn(&screen(Ending::Never), width, height);
    }
}
