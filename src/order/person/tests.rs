mod words;

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::*;
use crate::order::{
    Watched,
    explain::{Buying, Route, Settings, Standing},
};

const ORDER: OrderId = OrderId(Uuid::from_u128(1));
const AT: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

fn panel(id: u128) -> PanelFacts {
    PanelFacts {
        id: IntegrationId(Uuid::from_u128(id)),
        name: format!("panel {id}"),
        naming: Some(Naming::Digits),
        kind: "znet".to_owned(),
        enabled: true,
        own: true,
        breaker: None,
    }
}

/// An order at panel 7, whose package is routed there, in some stage.
fn facts(stage: Stage, held: Option<HoldReason>) -> Facts {
    Facts {
        now: AT,
        settings: Settings {
            buying: Buying::On,
            max_order_age: Duration::from_hours(1),
            give_up_after: Duration::from_hours(24),
            sweep: None,
            learned: true,
        },
        shop: Some(ShopFacts {
            status: "pending".to_owned(),
            external_status: "not_sent".to_owned(),
            provider_id: None,
            external_order_id: None,
            names_other: false,
            pending: true,
            standing: Standing::Unsent,
            sent_at: None,
            created_at: AT,
            route: Some(Route {
                fallback: None,
                mode: "auto".to_owned(),
                provider_type: "external".to_owned(),
                panel: Some(panel(7)),
            }),
            provider: None,
        }),
        tracked: Some(TrackedFacts {
            claimed_at: None,
            watched: Watched {
                stage,
                dispatched_at: None,
                sent_at: None,
                give_up_at: None,
                processing: false,
                attempts: 0,
                errors: 0,
                unknowns: 0,
                may_resend: true,
            },
            held,
            loss: None,
            reference: None,
            panel: Some(panel(7)),
            due_at: None,
            claimed: false,
            fell_back: false,
            half_delivered_after: None,
            finished_at: None,
            ending: None,
        }),
        pause: None,
    }
}

fn held(reason: HoldReason) -> Facts {
    facts(Stage::Held, Some(reason))
}

fn known(facts: &mut Facts) -> &mut TrackedFacts {
    facts.tracked.as_mut().unwrap()
}

fn shop(facts: &mut Facts) -> &mut ShopFacts {
    facts.shop.as_mut().unwrap()
}

fn route(facts: &mut Facts) -> &mut Route {
    shop(facts).route.as_mut().unwrap()
}

/// A held order that differs from one which can be released.
fn otherwise(change: impl FnOnce(&mut Facts)) -> Result<Release, Refusal> {
    let mut facts = held(HoldReason::NoMapping);
    change(&mut facts);
    retry(ORDER, &facts)
}

#[test]
fn only_what_can_be_mended_is_released() {
    for reason in HoldReason::ALL {
        let mut facts = held(reason);
        known(&mut facts).watched.sent_at = Some(AT);
        let got = retry(ORDER, &facts);
        match reason.way_out() {
            WayOut::Retry | WayOut::RetryAlone => assert!(got.is_ok(), "{reason}"),
            WayOut::Confirm => assert_eq!(got, Err(Refusal::MayBeBought)),
            WayOut::Settle | WayOut::Decide => {
                assert_eq!(got, Err(Refusal::NotRetryable(reason)));
            }
        }
    }
    for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::Held) {
        let want = match stage {
            Stage::TimedOut => Refusal::TimedOut,
            Stage::Completed | Stage::Failed | Stage::Withdrawn => Refusal::Final(stage),
            Stage::Unconfirmed => Refusal::MayBeBought,
            _ => Refusal::GoesOn(stage),
        };
        assert_eq!(retry(ORDER, &facts(stage, None)), Err(want));
    }
    let unsent = held(HoldReason::ShopRowRefused);
    assert!(retry(ORDER, &unsent).is_ok(), "refused before it was sent");
    let untracked = otherwise(|facts| facts.tracked = None);
    assert_eq!(untracked, Err(Refusal::NotTracked));
}

#[test]
fn what_was_never_sent_goes_where_its_package_is_routed_now() {
    let first = otherwise(|_| {}).unwrap();
    assert_eq!(first.panel, panel(7).id);
    assert_eq!(first.reference, Reference::derive(ORDER, first.panel, 0));
    assert_eq!(first.from.held, Some(HoldReason::NoMapping));

    let given = Reference::derive(ORDER, first.panel, 2);
    let same = otherwise(|facts| known(facts).reference = Some(given.clone())).unwrap();
    assert_eq!(same.reference, given, "its name stays");

    let moved = otherwise(|facts| {
        known(facts).reference = Some(given.clone());
        route(facts).panel = Some(panel(8));
    });
    let moved = moved.unwrap();
    assert_eq!(moved.panel, panel(8).id);
    assert_eq!(moved.reference, Reference::derive(ORDER, moved.panel, 0));
}

#[test]
fn what_may_have_been_sent_stays_at_its_panel_whatever_the_route_says() {
    let given = Reference::derive(ORDER, panel(7).id, 0);
    let sent = |facts: &mut Facts| {
        known(facts).watched.dispatched_at = Some(AT);
        known(facts).reference = Some(given.clone());
        route(facts).panel = Some(panel(8));
    };
    let stays = otherwise(sent).unwrap();
    assert_eq!((stays.panel, &stays.reference), (panel(7).id, &given));
    let fell_back = otherwise(|facts| {
        known(facts).fell_back = true;
        known(facts).reference = Some(given.clone());
        route(facts).panel = Some(panel(8));
        shop(facts).provider_id = Some(panel(8).id.to_string());
    });
    assert_eq!(fell_back.unwrap().panel, panel(7).id);
    let gone = otherwise(|facts| {
        sent(facts);
        known(facts).panel = None;
    });
    assert_eq!(gone, Err(Refusal::TiedPanel(TiedTo::Gone)));
}

#[test]
fn nothing_is_released_that_the_shop_does_not_want_from_us() {
    assert_eq!(otherwise(|f| f.shop = None), Err(Refusal::RowGone));
    let decided = otherwise(|f| {
        (shop(f).status, shop(f).pending) = ("rejected".to_owned(), false);
    });
    assert_eq!(decided, Err(Refusal::Decided("rejected".to_owned())));
    for change in [
        |f: &mut Facts| shop(f).provider_id = Some("somebody".to_owned()),
        |f: &mut Facts| {
            (shop(f).external_order_id, shop(f).names_other) = (Some("17".to_owned()), true);
        },
        |f: &mut Facts| shop(f).external_status = "sent".to_owned(),
    ] {
        assert!(matches!(otherwise(change), Err(Refusal::SentOtherwise(_))));
    }
    let ours = otherwise(|f| {
        shop(f).provider_id = Some(panel(7).id.to_string());
        shop(f).external_order_id = Some(ORDER.to_string());
        shop(f).external_status = "queued".to_owned();
    });
    assert!(ours.is_ok(), "an earlier claim of ours is no other way");
    let routed = otherwise(|f| {
        known(f).panel = None;
        shop(f).provider_id = Some("a route that was put right since".to_owned());
        shop(f).external_order_id = Some("the customer's own name".to_owned());
    });
    assert!(
        routed.is_ok(),
        "a row of the Client API names its route's panel"
    );
}

#[test]
fn nothing_is_released_to_nowhere() {
    let no_route = |routing| Err(Refusal::NoRoute(routing));
    let by_hand = |how: &str| no_route(Routing::ByHand(how.to_owned()));
    assert_eq!(
        otherwise(|f| shop(f).route = None),
        no_route(Routing::Missing)
    );
    let manual = otherwise(|f| route(f).mode = "manual".to_owned());
    assert_eq!(manual, by_hand("manual"));
    let codes = otherwise(|f| route(f).provider_type = "internal_codes".to_owned());
    assert_eq!(codes, by_hand("internal_codes"));
    assert_eq!(
        otherwise(|f| route(f).panel = None),
        no_route(Routing::Nowhere)
    );
    let change =
        |change: fn(&mut PanelFacts)| otherwise(|f| change(route(f).panel.as_mut().unwrap()));
    assert_eq!(change(|p| p.own = false), no_route(Routing::Nowhere));
    let other = change(|p| p.naming = None);
    assert_eq!(other, no_route(Routing::OtherKind("znet".to_owned())));
    let off = change(|p| p.enabled = false);
    assert_eq!(off, Err(Refusal::PanelDisabled("panel 7".to_owned())));
}

#[test]
fn a_verdict_leads_where_its_stage_and_reason_allow() {
    use Resolution::{Complete, Fail, GiveCode, KeepBack, LetStand, SendAgain, Watch};
    let all = Verdict::ALL;
    let got = |facts: &Facts| all.map(|verdict| resolve(facts, verdict).map(|(_, to)| to));
    let open = |reason| {
        let nothing = Err(Refusal::NothingToGive(reason));
        [Ok(Watch), Ok(Fail), Ok(SendAgain), nothing.clone(), nothing]
    };
    assert_eq!(
        got(&facts(Stage::Unconfirmed, None)),
        open(HoldReason::Unconfirmed)
    );
    for reason in HoldReason::ALL {
        let never = Err(Refusal::NotToBeSent(reason));
        let nothing = Err(Refusal::NothingToGive(reason));
        let other = Err(Refusal::GiveOrKeep(reason));
        let want = match reason.way_out() {
            WayOut::Confirm => open(reason),
            WayOut::Settle => [Ok(Complete), Ok(Fail), never, nothing.clone(), nothing],
            WayOut::Retry | WayOut::RetryAlone => [(); 5].map(|()| Err(Refusal::Retryable(reason))),
            WayOut::Decide if reason == HoldReason::DecidedThenDelivered => {
                [other.clone(), other, never, Ok(GiveCode), Ok(KeepBack)]
            }
            WayOut::Decide => [other.clone(), other, never, nothing, Ok(LetStand)],
        };
        assert_eq!(got(&held(reason)), want, "{reason}");
    }
    for stage in [Stage::Queued, Stage::Dispatching, Stage::Submitted] {
        let want = [(); 5].map(|()| Err(Refusal::GoesOn(stage)));
        assert_eq!(got(&facts(stage, None)), want);
    }
    for stage in [Stage::Completed, Stage::Failed, Stage::Withdrawn] {
        let want = [(); 5].map(|()| Err(Refusal::Final(stage)));
        assert_eq!(got(&facts(stage, None)), want);
    }
    let late = [(); 5].map(|()| Err(Refusal::TimedOut));
    assert_eq!(got(&facts(Stage::TimedOut, None)), late);
}

#[test]
fn what_the_shop_no_longer_wants_is_settled_but_not_sent_again() {
    let mut facts = held(HoldReason::Unconfirmed);
    (shop(&mut facts).status, shop(&mut facts).pending) = ("rejected".to_owned(), false);
    let decided = Refusal::Decided("rejected".to_owned());
    assert_eq!(resolve(&facts, Verdict::SendAgain), Err(decided));
    for verdict in [Verdict::Bought, Verdict::NotBought] {
        assert!(resolve(&facts, verdict).is_ok());
    }
}

#[test]
fn nobody_is_given_a_code_whose_row_is_gone() {
    let mut facts = held(HoldReason::DecidedThenDelivered);
    facts.shop = None;
    let gone = Err(Refusal::RowGone);
    assert_eq!(resolve(&facts, Verdict::GiveCode), gone);
    assert!(resolve(&facts, Verdict::KeepBack).is_ok());
}
