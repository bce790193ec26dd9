//! Which decisions the schedule moves, and to when.

use super::*;
use crate::order::Watched;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn after(secs: i64) -> DateTime<Utc> {
    now() + chrono::TimeDelta::seconds(secs)
}

/// About an order that was sent now, with the next check in a minute.
fn decision(event: EventKind) -> Decision {
    Decision {
        watched: Watched {
            stage: Stage::Submitted,
            dispatched_at: Some(now()),
            sent_at: Some(now()),
            give_up_at: Some(after(86_400)),
            processing: false,
            attempts: 0,
            errors: 0,
            unknowns: 0,
            may_resend: false,
        },
        held: None,
        due_at: Some(after(60)),
        pin: None,
        cost: None,
        balance: None,
        shop: None,
        reroute: None,
        refusal: None,
        event,
    }
}

/// When it is due once the schedule has seen it.
fn due(schedule: &Schedule, mut decision: Decision, random: f64) -> Option<DateTime<Utc>> {
    schedule.apply(&mut decision, Known::default(), now(), random);
    decision.due_at
}

#[test]
fn an_order_that_waits_at_its_panel_is_asked_about_early() {
    for event in [
        EventKind::Accepted,
        EventKind::Processing,
        EventKind::Checked,
    ] {
        assert_eq!(due(&schedule(), decision(event), 0.0), Some(after(5)));
    }
    // Those that were bought together are spread, and none of them is early.
    let spread = due(&schedule(), decision(EventKind::Accepted), 1.0);
    assert_eq!(
        spread,
        Some(after(5) + chrono::TimeDelta::milliseconds(500))
    );
    // Its checks are used up by the fixed rule, but not by this one.
    let used_up = Decision {
        due_at: None,
        ..decision(EventKind::Checked)
    };
    assert_eq!(due(&schedule(), used_up, 0.0), Some(after(5)));
}

#[test]
fn a_panel_that_has_just_failed_is_given_the_time_of_its_errors() {
    let mut failed = decision(EventKind::CheckFailed);
    failed.watched.errors = 3;
    assert_eq!(due(&schedule(), failed, 0.0), Some(after(120)));
    let mut answers = decision(EventKind::Checked);
    answers.watched.errors = 3;
    assert_eq!(due(&schedule(), answers, 0.0), Some(after(5)));
}

#[test]
fn the_last_question_comes_with_the_time_limit() {
    let mut late = decision(EventKind::Checked);
    late.watched.give_up_at = Some(after(3));
    assert_eq!(due(&schedule(), late, 0.0), Some(after(3)));
}

#[test]
fn what_does_not_wait_at_its_panel_is_left_as_it_was_decided() {
    let untouched = |decision: Decision| {
        let before = decision.due_at;
        assert_eq!(due(&schedule(), decision, 0.0), before);
    };
    untouched(decision(EventKind::CodeMissing));
    let mut unconfirmed = decision(EventKind::CheckFailed);
    unconfirmed.watched.stage = Stage::Unconfirmed;
    untouched(unconfirmed);

    // At once is not put off.
    untouched(Decision {
        due_at: Some(now()),
        ..decision(EventKind::Accepted)
    });
    let fixed = Schedule {
        rule: ScheduleRule::Fixed,
        ..schedule()
    };
    let accepted = decision(EventKind::Accepted);
    assert_eq!(due(&fixed, accepted, 0.0), Some(after(60)));
}
