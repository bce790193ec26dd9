//! The screen as a terminal shows it, at the sizes that people have.

use std::sync::Arc;

use chrono::TimeDelta;
use chrono_tz::Europe::Istanbul;
use ratatui::{Terminal, backend::TestBackend};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    super::{News, Reading, screen::Move},
    Screen, draw,
};
use crate::{
    attention::{
        assess,
        tests::{limits, well},
    },
    cli::status::Seen,
    order::{HoldReason, OrderId, Stage, TenantId},
    overview::{HeldGroup, Situation},
    store::ListedOrder,
};

fn held(number: i32, all: &Situation) -> ListedOrder {
    ListedOrder {
        order: OrderId(Uuid::from_u128(7)),
        number: Some(number.to_string()),
        tenant: TenantId(Uuid::from_u128(2)),
        stage: Stage::Held,
        held: Some(HoldReason::NoMapping),
        late: false,
        panel: None,
        reference: None,
        shop_status: None,
        tracked_at: all.at - TimeDelta::minutes(i64::from(number)),
        due_at: None,
        give_up_at: None,
        finished_at: None,
    }
}

fn screen(change: impl FnOnce(&mut Situation)) -> Screen {
    let mut all = well();
    change(&mut all);
    let warnings = assess(&all, &limits(), all.at);
    let held = (1..=30).map(|number| held(number, &all)).collect();
    let seen = Seen { all, warnings };
    let mut screen = Screen::new(Istanbul);
    screen.learn(News {
        reading: Some(Arc::new(Reading { seen, held })),
        trouble: None,
    });
    screen
}

fn busy(all: &mut Situation) {
    all.orders.held = vec![HeldGroup {
        reason: HoldReason::NoMapping,
        orders: 30,
        since: all.at - TimeDelta::minutes(30),
    }];
    all.panels[0].balance = Some(Decimal::ZERO);
}

fn drawn(screen: &mut Screen, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, screen)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn the_usual_case_fits_80_by_24() {
    insta::assert_snapshot!(drawn(&mut screen(busy), 80, 24));
}

#[test]
fn nothing_is_known_yet() {
    let mut screen = Screen::new(Istanbul);
    insta::assert_snapshot!(drawn(&mut screen, 40, 4));
}

#[test]
fn a_database_that_does_not_answer_is_said_and_the_old_figures_stay() {
    let mut screen = screen(|_| {});
    screen.news.trouble = Some("the database failed while reading".to_owned());
    let text = drawn(&mut screen, 80, 24);
    assert!(
        text.contains("The figures are old: the database failed"),
        "{text}"
    );
    assert!(text.contains("12 watched"), "{text}");
}

#[test]
fn every_size_can_be_drawn() {
    for (width, height) in [(1, 1), (10, 3), (39, 10), (80, 24), (200, 60), (300, 5)] {
        let mut screen = screen(busy);
        screen.go(Move::Down(1));
        drawn(&mut screen, width, height);
    }
}

#[test]
fn the_list_of_held_orders_is_walked_to_its_ends() {
    let mut screen = screen(busy);
    screen.go(Move::Down(1));
    assert_eq!(screen.held.selected(), Some(0));
    screen.go(Move::Down(usize::MAX));
    assert_eq!(screen.held.selected(), Some(29));
    screen.go(Move::Up(10));
    assert_eq!(screen.held.selected(), Some(19));
    let text = drawn(&mut screen, 80, 40);
    assert!(text.contains("20         20m"), "{text}");
    // Nothing is held any more.
    screen.learn(News::default());
    assert_eq!(screen.held.selected(), None);
}
