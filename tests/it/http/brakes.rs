//! Resuming what somebody has seen, and nothing that was paused since.

use serde_json::{Value, json};

use super::{Answer, Site};
use crate::process::{Process, world::World};

const RESUME: &str = "/api/v1/brakes/resume";

async fn open() -> (World, Process, Site) {
    let world = World::new().await;
    let settings = world.settings().with("dispatch.enabled", "false");
    let process = world.start(&settings).await;
    let site = Site::of(&process).await;
    (world, process, site)
}

impl Site {
    async fn pause(&self, by: &str, reason: &str) {
        let body = json!({ "by": by, "reason": reason });
        let paused = self.post("/api/v1/brakes/pause", &body).await.good();
        assert_eq!(paused["changed"], true);
    }

    /// Who has paused buying.
    async fn pauses(&self) -> Vec<Value> {
        let brakes = self.read("/api/v1/brakes").await;
        let pauses = brakes["pauses"].as_array().unwrap();
        pauses.iter().map(|pause| pause["who"].clone()).collect()
    }

    async fn send_resume(&self, shown: &Answer) -> Answer {
        let seen = shown.field("seen").unwrap_or_default();
        let body = format!("panel=&seen={seen}&who=Can&why=prices+are+right");
        self.form("/brakes/resume", &body).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_resumes_the_pause_that_it_showed_and_no_later_one() {
    let (_world, process, site) = open().await;
    let unpaused = site.get("/brakes/resume").await;
    site.pause("Ayşe", "prices look wrong").await;
    let shown = site.get("/brakes/resume").await;
    assert!(
        shown.body.contains("by Ayşe: prices look wrong"),
        "{shown:?}"
    );

    // Somebody else resumes, and a third one pauses for a reason of his own.
    let body = json!({ "by": "Can", "reason": "prices are right" });
    assert_eq!(site.post(RESUME, &body).await.good()["changed"], true);
    site.pause("Mehmet", "the panel was hacked").await;

    for old in [&shown, &unpaused] {
        let answer = site.send_resume(old).await;
        assert_eq!(answer.status, 409, "{answer:?}");
        for words in [
            "Buying has been paused again meanwhile",
            "by Mehmet: the panel was hacked",
        ] {
            assert!(answer.body.contains(words), "{words}: {answer:?}");
        }
        assert_eq!(site.pauses().await, ["Mehmet"]);
    }

    let shown = site.get("/brakes/resume").await;
    let answer = site.send_resume(&shown).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(answer.head.contains("location: /?done=resume\r\n"));
    assert!(site.pauses().await.is_empty());

    let again = site.send_resume(&shown).await;
    assert!(again.head.contains("location: /?done=resume-before\r\n"));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_names_a_pause_resumes_no_other() {
    let (_world, process, site) = open().await;
    site.pause("Ayşe", "prices look wrong").await;
    let first = site.read("/api/v1/brakes").await["pauses"][0]["at"].clone();
    let mut body = json!({ "by": "Can", "reason": "prices are right", "paused_at": first });
    assert_eq!(site.post(RESUME, &body).await.good()["changed"], true);
    assert_eq!(site.post(RESUME, &body).await.good()["changed"], false);

    site.pause("Mehmet", "the panel was hacked").await;
    let refused = site.post(RESUME, &body).await;
    assert_eq!(refused.problem(409), "changed");
    assert!(refused.body.contains("by Mehmet: the panel was hacked"));
    assert_eq!(site.pauses().await, ["Mehmet"]);

    // Whoever names none resumes whichever is on.
    body.as_object_mut().unwrap().remove("paused_at");
    let resumed = site.post(RESUME, &body).await.good();
    assert_eq!(resumed, json!({ "changed": true, "pauses": [] }));
    process.stop().await;
}
