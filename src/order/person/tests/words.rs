//! What people are told before they decide, and what the one who decides hands back.

use super::*;

/// A held order with a reference at its panel.
fn named(reason: HoldReason) -> Facts {
    let mut facts = held(reason);
    known(&mut facts).reference = Some(Reference::parse("4711").unwrap());
    facts
}

#[test]
fn an_order_offers_the_verdicts_that_lead_somewhere() {
    for stage in Stage::ALL {
        let reasons = HoldReason::ALL.into_iter().map(Some);
        let reasons: Vec<_> = match stage {
            Stage::Held => reasons.collect(),
            _ => vec![None],
        };
        for held in reasons {
            let facts = facts(stage, held);
            let leads = |verdict: &Verdict| resolve(&facts, *verdict).is_ok();
            let want: Vec<_> = Verdict::ALL.into_iter().filter(leads).collect();
            assert_eq!(Verdict::of(stage, held), want, "{stage} {held:?}");
        }
    }
}

#[test]
fn a_release_names_panel_and_reference() {
    let facts = named(HoldReason::NoMapping);
    let plan = OperatorAction::Retry.plan(ORDER, &facts).unwrap();
    assert_eq!(plan.sentence(&facts), "it will be sent to panel 7 as 4711.");
    assert_eq!(plan.to(), Stage::Queued);
    assert_eq!(plan.reference(&facts).map(Reference::as_str), Some("4711"));
    let panel = panel(7).id;
    assert_eq!(plan.seen(), format!("held.no_mapping.{panel}.4711"));
}

#[test]
fn a_verdict_says_from_where_to_where_it_leads_and_what_follows() {
    let told = |facts: &Facts, verdict| {
        let plan = OperatorAction::Resolve(verdict).plan(ORDER, facts).unwrap();
        assert_eq!(plan.reference(facts).map(Reference::as_str), Some("4711"));
        (plan.to(), plan.seen(), plan.sentence(facts))
    };

    let (to, seen, sentence) = told(&named(HoldReason::Unconfirmed), Verdict::Bought);
    assert_eq!(to, Stage::Submitted);
    assert_eq!(seen, "held.unconfirmed.submitted.0");
    assert_eq!(
        sentence,
        "from held (unconfirmed) to submitted: The panel is checked for 4711 again until it is final, with a new \
         time limit."
    );

    let mut open = named(HoldReason::Unconfirmed);
    (known(&mut open).watched.stage, known(&mut open).held) = (Stage::Unconfirmed, None);
    let (_, seen, sentence) = told(&open, Verdict::NotBought);
    assert_eq!(seen, "unconfirmed.-.failed.0");

    // What was seen of one try says nothing about the next.
    known(&mut open).claimed_at = DateTime::from_timestamp(7, 0);
    let (_, after_another, _) = told(&open, Verdict::NotBought);
    assert_eq!(after_another, "unconfirmed.-.failed.7000000");
    assert!(
        sentence.starts_with("from unconfirmed to failed: "),
        "{sentence}"
    );

    let mut decided = named(HoldReason::DecidedThenDelivered);
    shop(&mut decided).status = "rejected".to_owned();
    let (to, _, sentence) = told(&decided, Verdict::GiveCode);
    assert_eq!(to, Stage::Completed);
    assert!(
        sentence.contains("The shop's status stays rejected"),
        "{sentence}"
    );
}

#[test]
fn the_shops_row_stays_only_where_staff_had_decided_it() {
    use Resolution::{Complete, Fail, GiveCode, KeepBack, LetStand, SendAgain, Watch};
    for resolution in [KeepBack, LetStand] {
        assert!(resolution.leaves_row(), "{resolution:?}");
    }
    for resolution in [Watch, SendAgain, Complete, Fail, GiveCode] {
        assert!(!resolution.leaves_row(), "{resolution:?}");
    }
}

#[test]
fn a_refusal_says_what_it_is_about() {
    for (refusal, said) in [
        (
            Refusal::Final(Stage::Completed),
            "The order is final: completed.",
        ),
        (
            Refusal::PanelDisabled("panel 7".to_owned()),
            "The panel panel 7 is disabled in the shop; enable it first.",
        ),
        (
            Refusal::Decided("rejected".to_owned()),
            "Staff decided the order in the shop (status rejected).",
        ),
        (
            Refusal::NothingToGive(HoldReason::DeliveredWithoutCode),
            "There is nothing to give or keep back: delivered without a code.",
        ),
    ] {
        assert_eq!(refusal.to_string(), said);
    }
}

#[test]
fn an_order_whose_panel_changed_hands_or_kind_is_not_sent() {
    let tied = |change: fn(&mut PanelFacts)| {
        otherwise(|facts| {
            known(facts).watched.dispatched_at = Some(AT);
            change(known(facts).panel.as_mut().unwrap());
        })
    };
    assert_eq!(
        tied(|panel| panel.own = false),
        Err(Refusal::TiedPanel(TiedTo::OtherShop))
    );
    assert_eq!(
        tied(|panel| panel.naming = None),
        Err(Refusal::TiedPanel(TiedTo::OtherKind))
    );
}
