//! Jobs that are run on request, and stock that is sent now; each is confirmed and signed first.

use std::time::Duration;

use axum::response::Response;
use serde::Deserialize;

use super::{
    act::{self, Confirm, Hidden, Signature},
    done::Done,
    reader::{Reader, Tab},
    view::Note,
};
use crate::{
    attention::job_name,
    http::{
        extract::{Form, Path, Query},
        problem::{Code, Problem},
    },
    worker::{
        job::Ran,
        jobs::{self, JobSpec, NotAvailable, push_stock, runner::NotRun},
    },
};

/// For a run to find out that another one is under way.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Who acts and why, empty until the form is sent; and whether stock is sent whatever it zeroes.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(flatten)]
    signature: Signature,
    #[serde(default)]
    force: String,
}

/// A run that is asked for, and the pages around it.
struct JobRequest {
    job: &'static JobSpec,
    tab: Tab,
    title: &'static str,
    will: String,
    path: String,
    /// Where its end is shown.
    shown: &'static str,
    force: bool,
}

fn of_job(reader: &Reader, name: &str) -> Result<JobRequest, Problem> {
    let act = &reader.words().act;
    let unknown = || Problem::new(Code::NotFound, "there is no such job");
    let job = jobs::named(name).ok_or_else(unknown)?;
    let shown = job_name(job.name, &reader.format);
    Ok(JobRequest {
        job,
        tab: Tab::Jobs,
        title: act.run_now,
        will: act.will_run(&shown),
        path: format!("/jobs/{name}/run"),
        shown: "/jobs",
        force: false,
    })
}

fn of_stock(reader: &Reader, force: bool) -> JobRequest {
    let act = &reader.words().act;
    JobRequest {
        job: &push_stock::JOB,
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
    let request = of_job(&reader, &name)?;
    ask(&reader, request, None, &Asked::default())
}

/// `POST /jobs/{job}/run`
pub(super) async fn run_job(
    reader: Reader,
    Path(name): Path<String>,
    Form(signed): Form<Asked>,
) -> Result<Response, Problem> {
    let request = of_job(&reader, &name)?;
    run(&reader, request, &signed).await
}

/// `GET /stock/push?force=`
pub(super) async fn ask_push(
    reader: Reader,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let request = of_stock(&reader, asked.force == "yes");
    ask(&reader, request, None, &Asked::default())
}

/// `POST /stock/push`
pub(super) async fn push(reader: Reader, Form(signed): Form<Asked>) -> Result<Response, Problem> {
    let request = of_stock(&reader, signed.force == "yes");
    run(&reader, request, &signed).await
}

fn ask(
    reader: &Reader,
    request: JobRequest,
    note: Option<&'static str>,
    signed: &Asked,
) -> Result<Response, Problem> {
    let force = request.force.then(|| Hidden {
        name: "force",
        value: "yes".to_owned(),
    });

    Confirm {
        c: reader.chrome(request.tab, request.title),
        note: note.map(|text| Note::new(text, "bad")),
        facts: Vec::new(),
        will: Some(request.will),
        path: request.path,
        hidden: force.into_iter().collect(),
        signature: signed.signature.or_last(reader),
        button: request.title,
        back: request.shown.to_owned(),
    }
    .respond(note.is_some())
}

/// Starts it. A run may take minutes: its end is shown by the page that follows.
async fn run(reader: &Reader, request: JobRequest, signed: &Asked) -> Result<Response, Problem> {
    let act = &reader.words().act;
    let Some(person) = signed.signature.person() else {
        return ask(reader, request, Some(act.incomplete), signed);
    };

    let world = &reader.world;
    let reserved = match world.runner.reserve(request.job, request.force) {
        Ok(reserved) => reserved,
        Err(NotRun::NotAvailable(why)) => {
            let page = &reader.words().page;
            let note = match why {
                NotAvailable::NoShop => page.shop_off,
                NotAvailable::NoStore => page.stock_off,
                NotAvailable::KeptElsewhere => page.returns_elsewhere,
            };
            return ask(reader, request, Some(note), signed);
        }
        Err(NotRun::Unavailable) => {
            return ask(reader, request, Some(act.not_now), signed);
        }
    };

    // Before it begins, so that nothing runs of which nobody knows who wanted it; what was refused is nothing that
    // somebody did.
    let what = if request.force {
        "once, forced"
    } else {
        "once"
    };
    let now = world.clock.now();
    world
        .store
        .record_action(&person, what, request.job.name, now)
        .await?;
    tracing::info!(
        job = request.job.name,
        who = person.who,
        why = person.why,
        "a job run from the page"
    );

    // Its end is recorded with the run and not waited for; that it does not even begin is known
    // at once.
    let done = match tokio::time::timeout(AT_ONCE, reserved.begin()).await {
        Ok(Ok(Ok(Ran::Elsewhere))) => Done::RunningBefore,
        _ => Done::Started,
    };
    Ok(act::done(done, request.shown, Some(&person)))
}
