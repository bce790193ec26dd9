//! What keeps orders from flowing, asked over the API: the same as on the command line.

use sandbox::{
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use serde_json::{Value, json};

use super::{Site, TOKEN};
use crate::process::{
    until,
    world::{KOD, SIFRE, World},
};

const PATH: &str = "/api/v1/doctor";

/// Checks and how they ended, but for those that depend on who asks.
fn checks(found: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = found["findings"].as_array().unwrap().iter();
    let pairs = findings.map(|finding| (text(&finding["check"]), text(&finding["outcome"])));
    pairs
        .filter(|(check, _)| !matches!(&**check, "config" | "http"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_over_the_api_what_it_finds_on_the_command_line() {
    let world = World::new().await;
    let settings = world.settings().text("http.token", TOKEN);
    let process = world.start(&settings).await;
    let site = Site::of(&process).await.with_token();
    until("the daemon to be seen", || async {
        let whole = site.read("/api/v1/overview").await;
        (whole["daemons"][0]["alive"] == true).then_some(())
    })
    .await;
    let found = site.post(PATH, &json!({})).await;
    let cli = world.program(&settings, &["doctor", "--json"]).run().await;
    let cli: Value = serde_json::from_str(&cli.good()).unwrap();
    assert_eq!(checks(&found.good()), checks(&cli), "{found:?}");
    assert_eq!(found.good()["failed"], 0);
    assert_eq!(found.good()["warnings"], cli["warnings"]);
    for finding in found.good()["findings"].as_array().unwrap() {
        let bad = matches!(finding["outcome"].as_str(), Some("warn" | "fail"));
        assert_eq!(finding["remedy"].is_string(), bad, "{finding}");
        assert!(finding["sentence"].is_string(), "{finding}");
    }
    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 0);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_that_hangs_or_tells_secrets_is_a_finding_without_them() {
    let world = World::new().await;
    let settings = world
        .settings()
        .text("http.token", TOKEN)
        .with("balance.enabled", "false");
    let process = world.start(&settings).await;
    let site = Site::of(&process).await.with_token();
    let echo = format!("8|kod {KOD} sifre {SIFRE}");
    for trouble in [Trouble::Hang, Trouble::says(echo)] {
        let fault = Some(Fault::Instead(trouble));
        world.panel.faults().script(Endpoint::Balance, vec![fault]);
        let answer = site.post(PATH, &json!({})).await;
        let found = answer.good();
        assert_eq!(found["failed"], 1, "{found:#}");
        let failed = checks(&found);
        let failed = failed.iter().filter(|(_, outcome)| outcome == "fail");
        let failed: Vec<_> = failed.map(|(check, _)| check.as_str()).collect();
        assert_eq!(failed, ["balance"], "{found:#}");
        for secret in [KOD, SIFRE, &world.panel.base_url()] {
            assert!(!answer.body.contains(secret), "{secret} in {answer:?}");
        }
    }
    assert_eq!(world.panel.faults().scripted(Endpoint::Balance), 0);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_site_makes_a_browser_call_the_doctor() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let line = format!("POST {PATH}");
    let json = ("Content-Type", "application/json");
    let text = ("Content-Type", "text/plain");
    let elsewhere = ("Origin", "https://elsewhere.example");
    for headers in [&[json, elsewhere][..], &[text]] {
        let answer = site.send(&line, headers, "{}").await;
        assert_eq!(answer.problem(403), "foreign");
    }
    let answer = site.send(&line, &[json], r#"{"force": true}"#).await;
    assert_eq!(answer.problem(422), "invalid");
    let answer = site.send(&line, &[json], "[]").await;
    assert_eq!(answer.problem(422), "invalid");
    assert_eq!(site.get(PATH).await.problem(405), "method-not-allowed");
    process.stop().await;
}
