//! The course of one request to a practice server: what it meets, its work, what leaves.

use std::time::Duration;

use tokio::time::sleep;

use super::{
    faults::Draw,
    gates::{Gates, Moment},
    http::{Answer, Reply},
    trouble::{Fault, Pace, Scene},
};

/// A request that has arrived and was drawn its fault.
pub(super) struct Turn<'a, E> {
    pub(super) endpoint: E,
    pub(super) draw: Draw,
    pub(super) gates: &'a Gates<E>,
    /// The target of the request.
    pub(super) target: &'a str,
    /// How this server puts a text into an answer.
    pub(super) text: &'a (dyn Fn(&str) -> Answer + Sync),
}

impl<E: Copy + Eq> Turn<'_, E> {
    /// Goes through gates, delays and faults. `work` is done where the fault allows it.
    pub(super) async fn take(self, work: impl FnOnce() -> Answer) -> Reply {
        let fault = self.draw.fault;
        self.gates.pass(self.endpoint, Moment::BeforeWork).await;
        wait(self.draw.latency).await;
        if let Some(Fault::Slow(Pace::Before(time))) = fault {
            wait(time).await;
        }
        let works = fault.as_ref().is_none_or(Fault::works);
        let answer = works.then(work);
        self.gates.pass(self.endpoint, Moment::BeforeAnswer).await;
        if let Some(Fault::Slow(Pace::After(time))) = fault {
            wait(time).await;
        }
        reply(fault, answer, self.target, self.text)
    }
}

/// What leaves the server. Without a fault there always is an answer.
fn reply(
    fault: Option<Fault>,
    answer: Option<Answer>,
    target: &str,
    text: &(dyn Fn(&str) -> Answer + Sync),
) -> Reply {
    match (fault, answer) {
        (Some(Fault::Instead(trouble) | Fault::After(trouble)), answer) => trouble.reply(Scene {
            answer,
            target,
            text,
        }),
        (Some(Fault::Slow(Pace::Drip(pause))), Some(answer)) => Reply::Drip(answer, pause),
        (_, Some(answer)) => Reply::Send(answer),
        (_, None) => Reply::Close,
    }
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}
