//! Passes by hand: jobs, and stock that is sent now.

use std::time::Duration;

use axum::response::Response;
use serde::Deserialize;

use super::{
    act::{Confirm, Hidden, Signature, told},
    done::Done,
    reader::{Reader, Tab},
    view::Note,
    words::{self, fill},
};
use crate::{
    http::{
        extract::{Form, Path, Query},
        problem::{Code, Problem},
    },
    worker::{
        by_hand::{ByHand, NotRun},
        job::Ran,
    },
};

/// For a pass to find out that another one is running.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Who acts and why, empty until the form is sent; and whether stock is sent whatever it zeroes.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(flatten)]
    signature: Signature,
    #[serde(default)]
    force: String,
}

/// A pass that is asked for, and the pages around it.
struct Pass {
    job: ByHand,
    tab: Tab,
    title: &'static str,
    will: String,
    path: String,
    /// Where its end is shown.
    shown: &'static str,
    force: bool,
}

/// The job of that name. Stock is sent from its own page, where there is more to say.
fn job(name: &str) -> Result<ByHand, Problem> {
    let jobs = [
        ByHand::Sweep,
        ByHand::Balance,
        ByHand::Retention,
        ByHand::PullOrders,
        ByHand::PushStock { force: false },
        ByHand::PullReturns,
        ByHand::VerifyStock,
    ];
    let found = jobs.into_iter().find(|job| job.name() == name);
    found.ok_or_else(|| Problem::new(Code::NotFound, "there is no such job"))
}

fn of_job(reader: &Reader, name: &str) -> Result<Pass, Problem> {
    let act = &reader.words().act;
    let job = job(name)?;
    let shown = words::job_name(job.name(), reader.format.lang);
    Ok(Pass {
        job,
        tab: Tab::Jobs,
        title: act.run_now,
        will: fill(act.will_run, &[("job", &shown)]),
        path: format!("/jobs/{name}/run"),
        shown: "/jobs",
        force: false,
    })
}

fn of_stock(reader: &Reader, force: bool) -> Pass {
    let act = &reader.words().act;
    Pass {
        job: ByHand::PushStock { force },
        tab: Tab::Stock,
        title: if force { act.push_force } else { act.push_now },
        will: if force { act.will_force } else { act.will_push }.to_owned(),
        path: "/stock/push".to_owned(),
        shown: "/stock",
        force,
    }
}

/// `GET /jobs/{job}/run`
pub(super) async fn ask_job(reader: Reader, Path(name): Path<String>) -> Result<Response, Problem> {
    let pass = of_job(&reader, &name)?;
    ask(&reader, pass, None, &Asked::default())
}

/// `POST /jobs/{job}/run`
pub(super) async fn run_job(
    reader: Reader,
    Path(name): Path<String>,
    Form(signed): Form<Asked>,
) -> Result<Response, Problem> {
    let pass = of_job(&reader, &name)?;
    run(&reader, pass, &signed).await
}

/// `GET /stock/push?force=`
pub(super) async fn ask_push(
    reader: Reader,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let pass = of_stock(&reader, asked.force == "yes");
    ask(&reader, pass, None, &Asked::default())
}

/// `POST /stock/push`
pub(super) async fn push(reader: Reader, Form(signed): Form<Asked>) -> Result<Response, Problem> {
    let pass = of_stock(&reader, signed.force == "yes");
    run(&reader, pass, &signed).await
}

fn ask(
    reader: &Reader,
    pass: Pass,
    note: Option<&'static str>,
    signed: &Asked,
) -> Result<Response, Problem> {
    let force = pass.force.then(|| Hidden {
        name: "force",
        value: "yes".to_owned(),
    });

    Confirm {
        c: reader.chrome(pass.tab, pass.title),
        note: note.map(|text| Note::new(text, "bad")),
        facts: Vec::new(),
        will: Some(pass.will),
        path: pass.path,
        hidden: force.into_iter().collect(),
        signature: signed.signature.or_last(reader),
        button: pass.title,
        back: pass.shown.to_owned(),
    }
    .respond(note.is_some())
}

/// Starts it. A pass may take minutes: its end is shown by the page that follows.
async fn run(reader: &Reader, pass: Pass, signed: &Asked) -> Result<Response, Problem> {
    let act = &reader.words().act;
    let Some(person) = signed.signature.person() else {
        return ask(reader, pass, Some(act.incomplete), signed);
    };
    let world = &reader.world;
    let end = match world.runner.run(pass.job) {
        Ok(end) => end,
        Err(NotRun::NoStore) => {
            let note = Some(reader.words().page.stock_off);
            return ask(reader, pass, note, signed);
        }
        Err(NotRun::Unavailable) => {
            return ask(reader, pass, Some(act.not_now), signed);
        }
    };

    let what = if pass.force { "once, forced" } else { "once" };
    let now = world.clock.now();
    world
        .store
        .record_action(&person, what, pass.job.name(), now)
        .await?;
    tracing::info!(
        job = pass.job.name(),
        who = person.who,
        why = person.why,
        "a pass from the page"
    );

    // Its end is written down with the pass and not waited for; that it does not even begin is known
    // at once.
    let done = match tokio::time::timeout(AT_ONCE, end).await {
        Ok(Ok(Ok(Ran::Elsewhere))) => Done::RunningBefore,
        _ => Done::Started,
    };
    Ok(told(done, pass.shown, Some(&person)))
}
