//! What the shop's row says after each answer: staff and customers read nothing else.

use super::*;

/// A change of the row, as a reader compares it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    external: Option<ExternalStatus>,
    status: Option<ShopStatus>,
    pin: Option<&'static str>,
    /// Seconds since it was claimed.
    sent: Option<i64>,
    completed: Option<i64>,
    /// The panel's words.
    panel: Option<&'static str>,
    /// Message and note alike.
    said: &'static str,
}

/// What a decision writes, compared with what it should.
fn assert_row(decision: &Decision, want: &Row) {
    let change = decision.shop.as_ref().unwrap();
    let seconds = |at: Option<DateTime<Utc>>| at.map(|at| (at - now()).num_seconds());
    let pin = change.pin.as_ref().map(ExposeSecret::expose_secret);

    assert_eq!(change.external_status, want.external, "{want:?}");
    assert_eq!((change.status, pin), (want.status, want.pin), "{want:?}");
    assert_eq!(seconds(change.sent_at), want.sent, "{want:?}");
    assert_eq!(seconds(change.completed_at), want.completed, "{want:?}");
    assert_eq!(change.provider_message.as_deref(), want.panel, "{want:?}");
    assert_eq!(change.last_message.as_deref(), Some(want.said));
    assert_eq!(change.note.as_deref(), Some(want.said));
}

fn bought(outcome: PurchaseOutcome) -> Decision {
    after_purchase(dispatching(), outcome, None, after(2), &rules(), 0.5)
}

fn asked(answer: StatusAnswer) -> Decision {
    after_check(submitted(), answer, after(90), &rules(), 0.5)
}

#[test]
fn after_a_purchase() {
    let accepted = PurchaseOutcome::Accepted {
        cost: None,
        balance: Some(Decimal::TEN),
        ready: false,
    };
    let got = bought(accepted);
    let want = Row {
        external: Some(ExternalStatus::Sent),
        sent: Some(2),
        said: "Sent to the panel.",
        ..Row::default()
    };
    assert_row(&got, &want);
    assert_eq!(got.balance, Some(Decimal::TEN));

    let got = bought(PurchaseOutcome::Refused(text("Stok yok")));
    let want = Row {
        external: Some(ExternalStatus::Failed),
        panel: Some("Stok yok"),
        said: "Refused by the panel: Stok yok",
        ..Row::default()
    };
    assert_row(&got, &want);
    assert_eq!(got.refusal, Some(Refusal::Unavailable));

    let want = Row {
        said: "Panel unreachable; the order will be sent when it is back.",
        ..Row::default()
    };
    assert_row(&bought(PurchaseOutcome::NotSent(NotSent::Connect)), &want);

    let want = Row {
        said: "No definite answer from the panel; the order's status is being checked.",
        ..Row::default()
    };
    for outcome in [PurchaseOutcome::Unsure, PurchaseOutcome::SentBefore] {
        assert_row(&bought(outcome), &want);
    }
}

#[test]
fn a_row_hears_of_an_unreachable_panel_only() {
    // A lease that ran short is our own affair.
    let got = bought(PurchaseOutcome::NotSent(NotSent::NoTimeLeft));
    assert!(got.shop.is_none());
}

#[test]
fn when_another_panel_is_tried_and_when_it_was_never_sent() {
    let there = Reroute {
        integration: IntegrationId(uuid::Uuid::from_u128(7)),
        reference: Reference::parse("7").unwrap(),
    };
    let refused = PurchaseOutcome::Refused(text("Stok yok"));
    let got = after_purchase(dispatching(), refused, Some(there), now(), &rules(), 0.5);
    let want = Row {
        panel: Some("Stok yok"),
        said: "Refused by the panel; trying the fallback panel: Stok yok",
        ..Row::default()
    };
    assert_row(&got, &want);
    assert_eq!(
        got.watched.dispatched_at, None,
        "nothing of it is there yet"
    );

    let never = PurchaseOutcome::NotSent(NotSent::Connect);
    let got = after_purchase(dispatching(), never, None, after(86_400), &rules(), 0.5);
    let want = Row {
        external: Some(ExternalStatus::Failed),
        said: "Timeout: could not be sent within 24h; nothing was bought.",
        ..Row::default()
    };
    assert_row(&got, &want);
}

#[test]
fn after_a_delivery() {
    let done = |pin: &str| StatusAnswer::Done {
        pin: Some(SecretString::from(pin)),
        text: text("teslim edildi"),
    };
    let want = Row {
        external: Some(ExternalStatus::Done),
        status: Some(ShopStatus::Approved),
        pin: Some("AB12"),
        sent: Some(0),
        completed: Some(90),
        panel: Some("teslim edildi"),
        said: "Completed.",
    };
    assert_row(&asked(done("AB12")), &want);

    // The customer gets nothing of a code that does not fit, and staff read why.
    let want = Row {
        status: None,
        pin: None,
        said: "Held: completed, but the code is too long for the shop's field; orderwatch keeps all of it.",
        ..want
    };
    assert_row(&asked(done(&"x".repeat(PIN_CHARS_PLUS_ONE))), &want);
}

#[test]
fn while_the_panel_works_on_it() {
    let waiting = StatusAnswer::Waiting {
        pin: None,
        text: text("sırada"),
    };
    let want = Row {
        external: Some(ExternalStatus::Processing),
        sent: Some(0),
        panel: Some("sırada"),
        said: "Processing at the panel.",
        ..Row::default()
    };
    assert_row(&asked(waiting), &want);

    let without = StatusAnswer::DoneWithoutCode {
        text: text("teslim edildi"),
    };
    let want = Row {
        panel: Some("teslim edildi"),
        said: "Delivered according to the panel, but without the code yet; checking again.",
        ..want
    };
    assert_row(&asked(without), &want);
}

#[test]
fn when_the_panel_does_not_deliver() {
    let cancelled = || StatusAnswer::Cancelled {
        text: text("iptal"),
    };
    let want = Row {
        external: Some(ExternalStatus::Failed),
        status: Some(ShopStatus::Rejected),
        sent: Some(0),
        panel: Some("iptal"),
        said: "Cancelled by the panel: iptal",
        ..Row::default()
    };
    assert_row(&asked(cancelled()), &want);

    let late = after_check(
        submitted(),
        StatusAnswer::Waiting {
            pin: None,
            text: String::new(),
        },
        after(86_400),
        &rules(),
        0.5,
    );
    let want = Row {
        external: Some(ExternalStatus::Failed),
        said: "Timeout: no response after 24h",
        ..Row::default()
    };
    assert_row(&late, &want);
}

#[test]
fn when_an_unconfirmed_order_is_sent_again() {
    let watched = Watched {
        unknowns: 3,
        ..unconfirmed()
    };
    let resend = Rules {
        unconfirmed: UnconfirmedPolicy::Resend,
        ..rules()
    };
    let answer = StatusAnswer::NotKnown { text: text("yok") };
    let got = after_check(watched, answer, after(300), &resend, 0.5);
    let want = Row {
        said: "The panel does not know the order; sending it again with the same reference: yok",
        ..Row::default()
    };
    assert_row(&got, &want);
}

#[test]
fn a_time_limit_is_said_in_hours_where_it_is_whole_hours() {
    for (seconds, said) in [
        (86_400, "24h"),
        (3600, "1h"),
        (5400, "1h 30m"),
        (90, "1m 30s"),
        (0, "0s"),
    ] {
        assert_eq!(limit(Duration::from_secs(seconds)), said);
    }
}

#[test]
fn a_message_is_cut_for_its_column_and_the_note_has_all_of_it() {
    let long = "ş".repeat(300);
    let got = bought(PurchaseOutcome::Refused(long.clone()));
    let change = got.shop.unwrap();
    let message = change.last_message.unwrap();
    assert_eq!(message.chars().count(), LAST_MESSAGE_CHARS);
    assert_eq!(
        change.note.unwrap(),
        format!("Refused by the panel: {long}")
    );
}
