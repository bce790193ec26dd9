//! The tables of `znet.md` as orders live through them.

mod shop_row;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};

use super::*;
use crate::order::{ExternalStatus, NotSent, PurchaseOutcome, ShopStatus, StatusAnswer};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn after(secs: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(secs)
}

fn rules() -> Rules {
    Rules {
        player: PlayerRules::default(),
        backoff: Backoff::new(Duration::from_secs(30), Duration::from_mins(10), 0.1).unwrap(),
        first_check_after: Duration::from_mins(1),
        max_attempts: 20,
        give_up_after: Duration::from_hours(24),
        confirm_after: [10, 30, 120, 300].map(Duration::from_secs).to_vec(),
        unconfirmed: UnconfirmedPolicy::Hold,
        settle: Settle::Status,
        language: Lang::En,
    }
}

fn dispatching() -> Watched {
    Watched {
        stage: Stage::Dispatching,
        dispatched_at: Some(now()),
        sent_at: None,
        give_up_at: Some(after(86_400)),
        processing: false,
        attempts: 0,
        errors: 0,
        unknowns: 0,
        may_resend: true,
    }
}

fn submitted() -> Watched {
    Watched {
        stage: Stage::Submitted,
        sent_at: Some(now()),
        ..dispatching()
    }
}

fn unconfirmed() -> Watched {
    Watched {
        stage: Stage::Unconfirmed,
        ..dispatching()
    }
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn an_accepted_purchase_is_watched_from_sixty_seconds_on() {
    let cost = Some(Decimal::new(1012, 2));
    let outcome = PurchaseOutcome::Accepted {
        cost,
        balance: None,
        ready: false,
    };
    let got = after_purchase(dispatching(), outcome, None, after(2), &rules(), 0.5);
    assert_eq!(got.watched.stage, Stage::Submitted);
    assert_eq!(got.due_at, Some(after(62)));
    assert_eq!(got.watched.give_up_at, Some(after(86_402)));
    let shop = got.shop.unwrap();
    assert_eq!(shop.external_status, Some(ExternalStatus::Sent));
    assert_eq!((shop.cost, shop.sent_at), (cost, Some(after(2))));
    assert_eq!(shop.status, None);
}

#[test]
fn a_purchase_that_the_panel_is_done_with_is_asked_about_at_once() {
    let outcome = PurchaseOutcome::Accepted {
        cost: None,
        balance: None,
        ready: true,
    };
    let got = after_purchase(dispatching(), outcome, None, after(2), &rules(), 0.5);
    assert_eq!(
        (got.watched.stage, got.due_at),
        (Stage::Submitted, Some(after(2)))
    );
}

#[test]
fn a_refusal_ends_the_order_and_leaves_status_to_staff() {
    let outcome = PurchaseOutcome::Refused(text("Bakiye yetersiz"));
    let got = after_purchase(dispatching(), outcome, None, now(), &rules(), 0.5);
    assert_eq!((got.watched.stage, got.due_at), (Stage::Failed, None));
    let shop = got.shop.unwrap();
    assert_eq!(shop.status, None);
    assert_eq!(shop.external_status, Some(ExternalStatus::Failed));
    assert_eq!(shop.provider_message.as_deref(), Some("Bakiye yetersiz"));
    assert_eq!(
        shop.last_message.as_deref(),
        Some("Refused by the panel: Bakiye yetersiz")
    );
}

#[test]
fn only_a_certain_refusal_leads_to_the_fallback_panel() {
    let fallback = Reroute {
        integration: IntegrationId(uuid::Uuid::from_u128(7)),
        reference: Reference::parse("7").unwrap(),
    };
    for (outcome, falls_back) in [
        (PurchaseOutcome::Refused(text("stok yok")), true),
        (PurchaseOutcome::Unsure, false),
        (PurchaseOutcome::SentBefore, false),
        (PurchaseOutcome::NotSent(NotSent::Connect), false),
        (
            PurchaseOutcome::Accepted {
                cost: None,
                balance: None,
                ready: true,
            },
            false,
        ),
    ] {
        let there = Some(fallback.clone());
        let got = after_purchase(dispatching(), outcome, there, now(), &rules(), 0.5);
        assert_eq!(got.reroute.is_some(), falls_back, "{:?}", got.event);
        assert_eq!(got.event == EventKind::FellBack, falls_back);
        if falls_back {
            assert_eq!(
                (got.watched.stage, got.due_at),
                (Stage::Queued, Some(now()))
            );
        }
    }

    // Of what was sent once more the first sending may have been bought: it is asked about.
    let resent = Watched {
        may_resend: false,
        ..dispatching()
    };
    let refused = PurchaseOutcome::Refused(text("stok yok"));
    let got = after_purchase(resent, refused, Some(fallback), now(), &rules(), 0.5);
    assert_eq!((got.watched.stage, got.reroute), (Stage::Unconfirmed, None));
    assert_eq!(got.due_at, Some(now()));
}

#[test]
fn what_was_not_sent_goes_back_to_the_queue_until_the_time_limit() {
    let outcome = || PurchaseOutcome::NotSent(NotSent::Connect);
    let got = after_purchase(dispatching(), outcome(), None, now(), &rules(), 0.5);
    assert_eq!(
        (got.watched.stage, got.due_at),
        (Stage::Queued, Some(after(30)))
    );
    assert!(got.shop.unwrap().external_status.is_none());
    let again = Watched {
        errors: 1,
        ..dispatching()
    };
    let got = after_purchase(again, outcome(), None, now(), &rules(), 0.5);
    assert_eq!(got.due_at, Some(after(60)));
    assert!(got.shop.is_none(), "said once, not at every try");
    let got = after_purchase(dispatching(), outcome(), None, after(86_400), &rules(), 0.5);
    assert_eq!((got.watched.stage, got.due_at), (Stage::TimedOut, None));
}

#[test]
fn a_resend_that_never_left_is_held_at_the_limit_since_the_first_may_have_arrived() {
    let resent = Watched {
        may_resend: false,
        ..dispatching()
    };
    let outcome = PurchaseOutcome::NotSent(NotSent::Connect);
    let got = after_purchase(resent, outcome, None, after(86_400), &rules(), 0.5);
    assert_eq!(got.held, Some(HoldReason::Unconfirmed));
}

#[test]
fn no_sure_answer_is_asked_about_and_never_sent_again_by_itself() {
    let got = after_purchase(
        dispatching(),
        PurchaseOutcome::Unsure,
        None,
        now(),
        &rules(),
        0.5,
    );
    assert_eq!(
        (got.watched.stage, got.due_at),
        (Stage::Unconfirmed, Some(after(10)))
    );
    assert!(got.shop.unwrap().external_status.is_none(), "stays queued");
    let got = after_purchase(
        dispatching(),
        PurchaseOutcome::SentBefore,
        None,
        now(),
        &rules(),
        0.5,
    );
    assert_eq!(
        (got.watched.stage, got.due_at),
        (Stage::Unconfirmed, Some(now()))
    );
    assert!(!got.watched.may_resend);
}

#[test]
fn an_order_that_waited_before_it_was_sent_has_its_whole_day_at_the_panel() {
    // Claimed ten hours before it could be sent, and no sure answer then.
    let sent = Watched {
        dispatched_at: Some(after(36_000)),
        ..unconfirmed()
    };
    let answer = StatusAnswer::Waiting {
        pin: None,
        text: String::new(),
    };
    let got = after_check(sent, answer, after(36_010), &rules(), 0.5);
    assert_eq!(got.watched.sent_at, Some(after(36_000)));
    assert_eq!(got.watched.give_up_at, Some(after(36_000 + 86_400)));
}

#[test]
fn an_unknown_reference_is_asked_about_four_times_then_held() {
    let mut watched = unconfirmed();
    for (at, next) in [(10, 30), (30, 120), (120, 300)] {
        let answer = StatusAnswer::NotKnown { text: text("yok") };
        let got = after_check(watched, answer, after(at), &rules(), 0.5);
        assert_eq!(got.watched.stage, Stage::Unconfirmed);
        assert_eq!(got.due_at, Some(after(next)));
        watched = got.watched;
    }
    let answer = StatusAnswer::NotKnown { text: text("yok") };
    let got = after_check(watched.clone(), answer.clone(), after(300), &rules(), 0.5);
    assert_eq!(got.watched.stage, Stage::Held);
    assert_eq!(
        (got.held, got.due_at),
        (Some(HoldReason::Unconfirmed), None)
    );

    let resend = Rules {
        unconfirmed: UnconfirmedPolicy::Resend,
        ..rules()
    };
    let got = after_check(watched, answer.clone(), after(300), &resend, 0.5);
    assert_eq!(
        (got.watched.stage, got.due_at),
        (Stage::Queued, Some(after(300)))
    );
    let once = Watched {
        unknowns: 3,
        stage: Stage::Unconfirmed,
        ..got.watched
    };
    let got = after_check(once, answer, after(600), &resend, 0.5);
    assert_eq!(got.watched.stage, Stage::Held, "resent once, never twice");
}

#[test]
fn a_panel_that_cannot_be_reached_does_not_count_as_one_that_does_not_know() {
    let mut watched = unconfirmed();
    for _ in 0..50 {
        watched = after_check(watched, StatusAnswer::Unclear, after(60), &rules(), 0.5).watched;
    }
    assert_eq!((watched.stage, watched.unknowns), (Stage::Unconfirmed, 0));
    let got = after_check(watched, StatusAnswer::Unclear, after(86_400), &rules(), 0.5);
    assert_eq!(
        got.held,
        Some(HoldReason::Unconfirmed),
        "a person decides, not a time-out"
    );
}

#[test]
fn checks_come_at_60_90_150_270_seconds() {
    let mut watched = submitted();
    let mut at = 60;
    for next in [90, 150, 270, 510, 990, 1590, 2190] {
        let answer = StatusAnswer::Waiting {
            pin: None,
            text: String::new(),
        };
        let got = after_check(watched, answer, after(at), &rules(), 0.5);
        assert_eq!(got.due_at, Some(after(next)), "after the check at {at}");
        assert_eq!(
            got.shop.is_some(),
            at == 60,
            "the shop hears of real changes only"
        );
        (watched, at) = (got.watched, next);
    }
}

#[test]
fn attempts_run_out_but_errors_do_not_count() {
    let worn = Watched {
        processing: true,
        attempts: 18,
        errors: 99,
        ..submitted()
    };
    let waiting = || StatusAnswer::Waiting {
        pin: None,
        text: String::new(),
    };
    let got = after_check(worn, StatusAnswer::Unclear, after(9), &rules(), 0.5);
    assert_eq!((got.watched.attempts, got.watched.errors), (18, 100));
    assert_eq!(got.due_at, Some(after(609)));
    let got = after_check(got.watched, waiting(), after(9), &rules(), 0.5);
    assert_eq!((got.watched.attempts, got.watched.errors), (19, 0));
    assert!(got.due_at.is_some());
    let got = after_check(got.watched, waiting(), after(9), &rules(), 0.5);
    assert_eq!((got.watched.stage, got.due_at), (Stage::Submitted, None));
}

#[test]
fn the_last_check_is_at_the_limit_exactly() {
    let old = Watched {
        processing: true,
        attempts: 10,
        ..submitted()
    };
    let waiting = || StatusAnswer::Waiting {
        pin: None,
        text: String::new(),
    };
    let got = after_check(old.clone(), waiting(), after(86_399), &rules(), 0.5);
    assert_eq!(
        (got.watched.stage, got.due_at),
        (Stage::Submitted, Some(after(86_400)))
    );
    // Without an answer it is asked for an hour more, once, and ends then or with the first answer.
    let silence = [
        StatusAnswer::Unclear,
        StatusAnswer::NotKnown { text: text("") },
    ];
    let long_after = 86_400 + 30_000;
    let mut ends = vec![(old.clone(), waiting(), after(86_400))];
    for answer in silence {
        let got = after_check(
            old.clone(),
            answer.clone(),
            after(long_after),
            &rules(),
            0.5,
        );
        assert_eq!(got.event, EventKind::CheckFailed);
        assert_eq!(got.watched.stage, Stage::Submitted);
        assert_eq!(got.watched.give_up_at, Some(after(long_after + 3600)));
        assert_eq!(got.due_at, Some(after(long_after + 600)));
        ends.push((got.watched.clone(), waiting(), after(long_after + 3600)));
        ends.push((got.watched, answer, after(long_after + 3600)));
    }
    for (watched, answer, at) in ends {
        let got = after_check(watched, answer, at, &rules(), 0.5);
        assert_eq!((got.watched.stage, got.due_at), (Stage::TimedOut, None));
        let shop = got.shop.unwrap();
        assert_eq!(
            shop.last_message.as_deref(),
            Some("Timeout: no response after 24h")
        );
        assert_eq!(
            (shop.status, shop.external_status),
            (None, Some(ExternalStatus::Failed))
        );
    }
    let done = StatusAnswer::Done {
        pin: None,
        text: text(""),
    };
    let got = after_check(old, done, after(86_400), &rules(), 0.5);
    assert_eq!(
        got.watched.stage,
        Stage::Completed,
        "an answer at the limit still counts"
    );
}

#[test]
fn a_delivery_carries_the_code_and_a_top_up_has_none() {
    for pin in [Some("AB12-CD34"), None] {
        let answer = StatusAnswer::Done {
            pin: pin.map(SecretString::from),
            text: text("ok"),
        };
        let got = after_check(submitted(), answer, after(90), &rules(), 0.5);
        assert_eq!((got.watched.stage, got.due_at), (Stage::Completed, None));
        let shop = got.shop.unwrap();
        assert_eq!(shop.status, Some(ShopStatus::Approved));
        assert_eq!(shop.completed_at, Some(after(90)));
        assert_eq!(shop.pin.as_ref().map(ExposeSecret::expose_secret), pin);
        assert_eq!(got.pin.as_ref().map(ExposeSecret::expose_secret), pin);
    }
    let quiet = Rules {
        settle: Settle::Shop,
        ..rules()
    };
    let answer = StatusAnswer::Done {
        pin: None,
        text: text(""),
    };
    let got = after_check(submitted(), answer, after(90), &quiet, 0.5);
    assert_eq!(got.shop.unwrap().status, None);
}

#[test]
fn a_code_that_does_not_fit_is_kept_whole_and_held() {
    let long = "ş".repeat(PIN_CHARS_PLUS_ONE);
    let answer = StatusAnswer::Done {
        pin: Some(SecretString::from(long.clone())),
        text: text(""),
    };
    let got = after_check(submitted(), answer, after(90), &rules(), 0.5);
    assert_eq!(got.held, Some(HoldReason::PinTooLong));
    assert_eq!(got.pin.unwrap().expose_secret(), long);
    let shop = got.shop.unwrap();
    assert!(shop.pin.is_none() && shop.status.is_none());
}

const PIN_CHARS_PLUS_ONE: usize = crate::order::PIN_CHARS + 1;

#[test]
fn a_crash_while_sending_is_settled_by_asking() {
    let answer = StatusAnswer::Waiting {
        pin: None,
        text: text(""),
    };
    let got = after_check(unconfirmed(), answer, after(130), &rules(), 0.5);
    assert_eq!(got.watched.stage, Stage::Submitted);
    assert_eq!(
        got.watched.sent_at,
        Some(now()),
        "bought no later than it was claimed"
    );
    let answer = StatusAnswer::Cancelled {
        text: text("iptal"),
    };
    let got = after_check(unconfirmed(), answer, after(130), &rules(), 0.5);
    assert_eq!(got.watched.stage, Stage::Failed);
    assert_eq!(got.shop.unwrap().status, Some(ShopStatus::Rejected));
}

#[test]
fn a_product_that_always_had_a_code_is_asked_for_it_and_then_held() {
    let mut watched = submitted();
    let mut at = 90;
    for asked in 1..=5 {
        let answer = StatusAnswer::DoneWithoutCode {
            text: text("teslim edildi"),
        };
        let got = after_check(watched, answer, after(at), &rules(), 0.5);
        assert_eq!(got.watched.stage, Stage::Submitted, "{asked}");
        assert_eq!(got.event, EventKind::CodeMissing);
        assert_eq!(got.shop.is_some(), asked == 1, "said once");
        at = (got.due_at.unwrap() - now()).num_seconds();
        watched = got.watched;
    }
    assert!(
        (900..1800).contains(&at),
        "a quarter of an hour, not {at} s"
    );

    let code = StatusAnswer::Done {
        pin: Some(SecretString::from("AB12")),
        text: text(""),
    };
    let late = after_check(watched.clone(), code, after(at), &rules(), 0.5);
    assert_eq!(late.watched.stage, Stage::Completed);
    let never = StatusAnswer::DoneWithoutCode { text: text("") };
    let got = after_check(watched, never, after(at), &rules(), 0.5);
    assert_eq!(got.held, Some(HoldReason::DeliveredWithoutCode));
}

#[test]
fn a_code_beside_waiting_is_kept_and_given_to_nobody() {
    let answer = StatusAnswer::Waiting {
        pin: Some(SecretString::from("AB12-CD34")),
        text: text("hazırlanıyor"),
    };
    let got = after_check(submitted(), answer, after(90), &rules(), 0.5);
    assert_eq!(got.watched.stage, Stage::Submitted);
    assert_eq!(got.pin.unwrap().expose_secret(), "AB12-CD34");
    assert!(got.shop.unwrap().pin.is_none());
}

#[test]
fn what_customers_read_is_in_their_language() {
    let told = |language| {
        let rules = Rules {
            language,
            ..rules()
        };
        let answer = StatusAnswer::Cancelled {
            text: text("iptal"),
        };
        let got = after_check(submitted(), answer, after(90), &rules, 0.5);
        let shop = got.shop.unwrap();
        assert_eq!(shop.last_message, shop.note);
        shop.note.unwrap()
    };
    assert_eq!(told(Lang::Tr), "Panel iptal etti: iptal");
    assert_eq!(told(Lang::Ar), "ألغته اللوحة: iptal");
    assert_eq!(told(Lang::En), "Cancelled by the panel: iptal");
}

fn answers() -> impl Strategy<Value = StatusAnswer> {
    prop_oneof![
        Just(StatusAnswer::Waiting {
            pin: None,
            text: String::new()
        }),
        Just(StatusAnswer::NotKnown {
            text: String::new()
        }),
        Just(StatusAnswer::Unclear),
    ]
}

proptest! {
    #[test]
    fn answers_that_are_not_final_never_settle_before_the_limit(
        answers in prop::collection::vec((answers(), 1_i64..3000), 1..60),
        jitter in 0.0..=1.0_f64,
        resend: bool,
    ) {
        let policy = if resend { UnconfirmedPolicy::Resend } else { UnconfirmedPolicy::Hold };
        let rules = Rules { unconfirmed: policy, ..rules() };
        for start in [submitted(), unconfirmed()] {
            let mut watched = start;
            let mut at = now();
            let mut end = after(86_400);
            let mut resent = 0;
            for (answer, gap) in answers.clone() {
                at += TimeDelta::seconds(gap);
                let silent = !matches!(answer, StatusAnswer::Waiting { .. });
                let got = after_check(watched, answer, at, &rules, jitter);
                if got.watched.stage == Stage::Held { break; }
                if got.watched.stage == Stage::Queued { resent += 1; }
                let over = at >= end;
                if over && silent && end == after(86_400) {
                    end = at + TimeDelta::hours(1);
                    prop_assert_eq!(got.watched.give_up_at, Some(end));
                } else {
                    prop_assert_eq!(got.watched.stage == Stage::TimedOut, over);
                    if over { break; }
                }
                prop_assert!(!got.watched.stage.is_final());
                prop_assert!(got.pin.is_none());
                if let Some(due) = got.due_at {
                    prop_assert!(due >= at && due <= got.watched.give_up_at.unwrap());
                }
                watched = got.watched;
                if watched.stage == Stage::Queued { watched.stage = Stage::Unconfirmed; }
            }
            prop_assert!(resent <= 1);
        }
    }
}
