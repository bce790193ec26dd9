//! The periodic jobs, their last passes and what came of them.

use askama::Template;
use axum::{Extension, response::Html};

use super::{
    format::Format,
    reader::{Chrome, Reader, Tab, html},
    shared::Pages,
    timeline,
    view::{Fact, Facts, Link, Show, Table, Tag},
    words,
};
use crate::{
    attention::job_name,
    http::problem::Problem,
    overview::{JobView, RunView},
    worker::schedule::Schedule,
};

struct Card {
    id: &'static str,
    name: String,
    state: Tag,
    facts: Vec<Fact>,
    report: Vec<Fact>,
    runs: Table,
    actions: Vec<Link>,
}

#[derive(Template)]
#[template(path = "jobs.html")]
struct JobsPage {
    c: Chrome,
    jobs: Vec<Card>,
}

/// `GET /jobs`
pub(super) async fn page(
    reader: Reader,
    Extension(pages): Extension<Pages>,
) -> Result<Html<String>, Problem> {
    let whole = pages.whole(&reader.world).await?;
    let format = &reader.format;
    html(&JobsPage {
        c: reader.chrome_of(Tab::Jobs, format.words().page.jobs, whole.at),
        jobs: whole
            .value
            .situation
            .jobs
            .iter()
            .map(|job| card(job, schedule(&reader, job.name), format))
            .collect(),
    })
}

/// When a job passes, in words.
fn schedule(reader: &Reader, name: &str) -> Option<String> {
    let format = &reader.format;
    let page = &format.words().page;
    let jobs = &reader.world.asking.jobs;
    let job = jobs.iter().find(|job| job.name == name)?;

    Some(match job.schedule? {
        Schedule::Every { interval, .. } => page.every(&format.span(interval)),
        Schedule::Daily { at, zone } => {
            let time = at.format("%H:%M").to_string();
            page.daily(&time, zone.name())
        }
    })
}

fn card(job: &JobView, schedule: Option<String>, format: &Format) -> Card {
    let page = &format.words().page;
    let last = job.runs.first();

    let time = |at| Show::Time(format.moment(at));
    let facts = Facts::default()
        .maybe(page.schedule, schedule, Show::Said)
        .maybe(page.next_run, job.next_at, time)
        .maybe(page.last_run, last.map(|run| run.started_at), time)
        .maybe(page.last_good, job.done_at, time);

    Card {
        id: job.name,
        name: job_name(job.name, format),
        state: state(job, format),
        facts: facts.all(),
        report: last
            .and_then(|run| run.report.as_ref())
            .map_or_else(Vec::new, |report| timeline::report(report, format)),
        runs: runs(&job.runs, format),
        actions: vec![Link::new(
            format!("/jobs/{}/run", job.name),
            format.words().act.run_now,
        )],
    }
}

fn state(job: &JobView, format: &Format) -> Tag {
    let page = &format.words().page;
    // That no run comes matters more than how the last one ended.
    if job.missing_since.is_some() {
        return Tag::new(page.job_overdue, "bad");
    }
    if job.failed().is_some() {
        return Tag::new(page.job_failed, "bad");
    }

    match job.runs.first() {
        _ if !job.enabled => Tag::new(page.job_off, ""),
        Some(run) => outcome(run, format),
        None => Tag::new(page.job_never, ""),
    }
}

fn outcome(run: &RunView, format: &Format) -> Tag {
    let word = words::job_outcome(run.outcome.as_deref(), format.lang);
    Tag::new(
        word,
        match run.outcome.as_deref() {
            Some("done") => "good",
            Some(_) => "bad",
            // No fault: it is running, as far as is known.
            None => "info",
        },
    )
}

fn runs(runs: &[RunView], format: &Format) -> Table {
    let page = &format.words().page;
    let rows = runs.iter().map(|run| {
        let took = run.finished_at.map(|end| (end - run.started_at).to_std());
        let took = took.map_or_else(
            || page.nothing.to_owned(),
            |took| format.span(took.unwrap_or_default()),
        );
        let report = run.report.as_ref();
        vec![
            Show::Time(format.moment(run.started_at)),
            Show::Tag(outcome(run, format)),
            Show::Brief(took),
            Show::Facts(report.map_or_else(Vec::new, |it| timeline::report(it, format))),
        ]
    });

    Table {
        caption: page.job_runs,
        heads: vec![page.started, page.state, page.took, page.report],
        rows: rows.collect(),
        empty: page.never_run,
    }
}
