//! What goes wrong on purpose, and what the ledger knows about it.

use std::{collections::HashSet, io::ErrorKind, time::Duration};

use sandbox::{
    gates::Moment,
    trendyol::{
        Endpoint, TrendyolStore,
        trouble::{hanging, system_error, too_many, unreliable},
    },
    trouble::{Fault, Trouble},
};

use super::{
    FIRST, start,
    wire::{Seen, get, path, push},
};

async fn orders(store: &TrendyolStore) -> Seen {
    get(store, &path("order", "v2/orders")).await
}

#[tokio::test]
async fn refusals_come_with_and_without_the_time_to_wait() {
    let store = start(|_| {}).await;
    for (wait, header) in [(None, None), (Some(Duration::from_secs(7)), Some("7"))] {
        let trouble = too_many(Endpoint::Orders, wait);
        store
            .faults()
            .next(Endpoint::Orders, Fault::Instead(trouble));
        let seen = orders(&store).await;
        assert_eq!(
            (seen.status(), seen.header("Retry-After").as_deref()),
            (429, header)
        );
    }
}

#[tokio::test]
async fn errors_of_the_server_come_as_pages_and_as_json() {
    let store = start(|_| {}).await;
    for (trouble, status, says) in [
        (Trouble::Page(556), 556, "<html>"),
        (Trouble::Page(403), 403, "<html>"),
        (
            system_error(Endpoint::Orders, 500),
            500,
            "TrendyolSystemException",
        ),
    ] {
        store
            .faults()
            .next(Endpoint::Orders, Fault::Instead(trouble));
        let seen = orders(&store).await;
        assert_eq!(seen.status(), status);
        assert!(seen.text().contains(says), "{}", seen.text());
    }
    let answered: Vec<_> = store
        .ledger()
        .requests()
        .iter()
        .map(|r| r.answered)
        .collect();
    assert_eq!(answered, [556, 403, 500].map(Some));
}

#[tokio::test]
async fn a_cut_answer_is_no_answer() {
    let store = start(|_| {}).await;
    store
        .faults()
        .next(Endpoint::Orders, Fault::After(Trouble::Cut(9)));
    let seen = orders(&store).await;
    assert_eq!(seen.body(), br#"{"totalEl"#);
    assert!(seen.announced() > 9);
    let record = &store.ledger().requests()[0];
    assert_eq!((record.worked, record.answered), (Some(200), None));
}

#[tokio::test]
async fn requests_may_be_counted_only() {
    let store = start(|plan| plan.keeps_requests = false).await;
    push(&store, &[(FIRST, 1)]).await;
    orders(&store).await;
    let ledger = store.ledger();
    assert_eq!((ledger.total(), ledger.count(Endpoint::Orders)), (2, 1));
    assert!(ledger.requests().is_empty());
}

#[tokio::test]
async fn a_request_can_be_held_between_its_work_and_its_answer() {
    let store = start(|_| {}).await;
    let gate = store.hold(Endpoint::PushStock, Moment::BeforeAnswer);
    let client = tokio::spawn({
        let store = store.clone();
        async move { push(&store, &[(FIRST, 1)]).await }
    });
    gate.arrived(1).await;
    assert_eq!(store.stock_of(FIRST), Some(1));
    store.drop_connections();
    let seen = client.await.unwrap();
    assert!(seen.raw.is_empty());
    gate.open();
    assert_eq!(orders(&store).await.status(), 200);
}

/// What each of many requests looked like to its client.
async fn met(seed: u64, share: f64) -> Vec<String> {
    let store = start(|plan| {
        plan.seed = seed;
        plan.faults = unreliable(share);
        plan.limits = sandbox::trendyol::Limits::none();
    })
    .await;
    let mut met = Vec::new();
    for _ in 0..300 {
        let answer = push(&store, &[(FIRST, 1)]).await;
        met.push(match answer.error {
            Some(kind) => format!("{kind:?}"),
            None if answer.raw.is_empty() => "closed".to_owned(),
            None if answer.body().len() < answer.announced() => "cut".to_owned(),
            None => answer.status().to_string(),
        });
        store.advance(Duration::from_mins(15));
    }
    met
}

#[tokio::test]
async fn an_unreliable_store_shows_every_trouble_and_repeats_with_its_seed() {
    let first = met(1, 1.0).await;
    assert_eq!(first, met(1, 1.0).await);
    assert_ne!(first, met(2, 1.0).await);
    let kinds: HashSet<&str> = first.iter().map(String::as_str).collect();
    let reset = format!("{:?}", ErrorKind::ConnectionReset);
    let all = [
        &reset, "closed", "cut", "200", "403", "429", "500", "502", "503", "504", "556",
    ];
    assert_eq!(kinds, HashSet::from(all));
    let few = met(1, 0.2).await;
    let well = few.iter().filter(|kind| *kind == "200").count();
    assert!((200..300).contains(&well), "{well}");
}

#[tokio::test]
async fn a_hanging_store_never_answers_but_may_have_worked() {
    let store = start(|plan| plan.faults.chances = hanging(1.0)).await;
    let mut worked = HashSet::new();
    for quantity in 0..12 {
        let client = tokio::spawn({
            let store = store.clone();
            async move { push(&store, &[(FIRST, quantity)]).await }
        });
        let place = usize::try_from(quantity).unwrap();
        let drawn = |ledger: &sandbox::trendyol::Ledger| {
            let requests = ledger.requests();
            let fault = requests.get(place).and_then(|r| r.fault.clone());
            fault.is_some_and(|f| !f.works() || requests[place].worked.is_some())
        };
        store.ledger().wait_for(drawn).await;
        assert!(!client.is_finished());
        client.abort();
        worked.insert(store.ledger().requests()[place].worked);
    }
    assert_eq!(worked, HashSet::from([None, Some(200)]));
}
