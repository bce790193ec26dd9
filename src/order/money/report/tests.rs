use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn day() -> Day {
    let since = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    Day {
        date: since.date_naive(),
        zone: chrono_tz::UTC,
        since,
        until: since + TimeDelta::days(1),
    }
}

/// Whatever a column of the database can hold and the program can read.
fn stored() -> impl Strategy<Value = Decimal> {
    let drawn = (any::<u32>(), any::<u32>(), any::<u32>(), any::<bool>());
    (drawn, 0_u32..=28).prop_map(|((lo, mid, hi, negative), scale)| {
        Decimal::from_parts(lo, mid, hi, negative, scale)
    })
}

prop_compose! {
    fn entry()(
        amounts in prop::array::uniform4(prop::option::of(stored())),
        from in 0_i64..80_000,
        lasts in 0_i64..2000,
        cancelled in any::<bool>(),
    ) -> LedgerEntry {
        let claimed_at = day().since + TimeDelta::seconds(from);
        let answered_at = Some(claimed_at + TimeDelta::seconds(lasts));
        let [cost, expected, balance, sold_for] = amounts;
        LedgerEntry {
            order: OrderId(Uuid::nil()),
            number: None,
            reference: String::new(),
            package: None,
            claimed_at,
            sent_at: None,
            answered_at,
            recorded_at: answered_at,
            outcome: cancelled.then(|| "cancelled".to_owned()),
            cost,
            expected,
            balance,
            sold_for,
        }
    }
}

prop_compose! {
    fn reading()(balance in stored(), from in 0_i64..80_000) -> Reading {
        let asked_at = day().since + TimeDelta::seconds(from);
        Reading { asked_at, answered_at: asked_at, balance }
    }
}

proptest! {
    #[test]
    fn no_stored_amount_stops_the_process(
        purchases in prop::collection::vec(entry(), 0..12),
        readings in prop::collection::vec(reading(), 0..12),
        begins in 0_i64..40_000,
    ) {
        let since = day().since + TimeDelta::seconds(begins);
        let account = Account {
            integration: IntegrationId(Uuid::nil()),
            panel: None,
            ledger: Ledger::new(since, purchases, readings),
        };
        let _ = money(vec![account], day());
    }
}

#[test]
fn absurd_balances_are_left_out_and_the_others_are_told() {
    let at = |minute| day().since + TimeDelta::minutes(minute);
    let reading = |minute, balance| Reading {
        asked_at: at(minute),
        answered_at: at(minute),
        balance,
    };
    let readings = vec![
        reading(1, Decimal::from(1000)),
        reading(2, Decimal::MAX),
        reading(3, Decimal::MIN),
        reading(4, Decimal::from(960)),
    ];
    let account = Account {
        integration: IntegrationId(Uuid::nil()),
        panel: None,
        ledger: Ledger::new(at(0), Vec::new(), readings),
    };

    let told = money(vec![account], day());
    assert_eq!(told.panels[0].fell, Decimal::from(40));
    assert_eq!(told.panels[0].last, Some(Decimal::from(960)));
}
