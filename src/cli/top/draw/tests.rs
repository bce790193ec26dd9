//! The screen as a terminal shows it, at the sizes that people have.

use std::sync::Arc;

use chrono::TimeDelta;
use chrono_tz::Europe::Istanbul;
use ratatui::{Terminal, backend::TestBackend, widgets::TableState};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    super::{News, Reading},
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
    Screen {
        news: News {
            reading: Some(Arc::new(Reading { seen, held })),
            trouble: None,
        },
        ..empty()
    }
}

fn empty() -> Screen {
    Screen {
        news: News::default(),
        zone: Istanbul,
        held: TableState::default(),
    }
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
    let mut screen = empty();
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
        screen.held.select_next();
        drawn(&mut screen, width, height);
    }
}

#[test]
fn the_list_of_held_orders_is_walked_to_its_ends() {
    let mut screen = screen(busy);
    screen.held.select_next();
    assert_eq!(screen.held.selected(), Some(0));
    screen.held.select_last();
    drawn(&mut screen, 80, 40);
    assert_eq!(screen.held.selected(), Some(29));
    screen.held.scroll_up_by(10);
    let text = drawn(&mut screen, 80, 40);
    assert!(text.contains("20         20m"), "{text}");

    // Fewer are held by now.
    screen.held.select_last();
    screen.news.reading = screen.news.reading.as_deref().map(|reading| {
        let held = vec![held(1, &reading.seen.all)];
        let seen = Seen {
            all: reading.seen.all.clone(),
            warnings: Vec::new(),
        };
        Arc::new(Reading { seen, held })
    });
    drawn(&mut screen, 80, 40);
    assert_eq!(screen.held.selected(), Some(0));
}
