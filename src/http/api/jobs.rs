//! Periodic jobs: when they pass, what came of it, and a pass now.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    input::{Nothing, Signed},
    page::{At, Limit, Page, Turn, place},
    responses::{Acts, Reads},
};
use crate::{
    http::{
        AppState, Problem, World,
        extract::{self, Path, Query},
        problem::Code,
    },
    overview::{JobView, RunView},
    store::Person,
    telemetry::Secrets,
    worker::{
        by_hand::{ByHand, NotRun},
        job::Ran,
    },
};

/// How long a request waits for the end of a pass; it goes on without it.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_jobs))
        .routes(routes!(list_runs, run_job))
}

/// A job of the path.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct JobPath {
    /// The job, as in `orderwatch once`.
    #[param(inline)]
    job: JobName,
}

/// A periodic job.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum JobName {
    Sweep,
    Balance,
    Retention,
    PullOrders,
    PushStock,
    PullReturns,
    VerifyStock,
}

impl JobName {
    const fn by_hand(self) -> ByHand {
        match self {
            Self::Sweep => ByHand::Sweep,
            Self::Balance => ByHand::Balance,
            Self::Retention => ByHand::Retention,
            Self::PullOrders => ByHand::PullOrders,
            Self::PushStock => ByHand::PushStock { force: false },
            Self::PullReturns => ByHand::PullReturns,
            Self::VerifyStock => ByHand::VerifyStock,
        }
    }
}

/// The jobs.
#[derive(Debug, Serialize, ToSchema)]
struct Jobs {
    /// In the order of the configuration.
    jobs: Vec<JobView>,
}

/// Lists the periodic jobs
///
/// With their last passes, and when the next ones are expected.
#[utoipa::path(get, path = "/jobs", tag = "jobs",
    responses((status = 200, description = "The jobs", body = Jobs), Reads))]
async fn list_jobs(
    State(state): State<AppState>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<Jobs>, Problem> {
    let world = state.world()?;
    let situation = world.situation().await?;
    Ok(Json(Jobs {
        jobs: situation.jobs,
    }))
}

/// Lists the passes of a job
///
/// Newest first.
#[utoipa::path(get, path = "/jobs/{job}/runs", tag = "jobs", params(JobPath, Turn),
    responses((status = 200, description = "A page of passes", body = Page<RunView>), Reads))]
async fn list_runs(
    State(state): State<AppState>,
    Path(path): Path<JobPath>,
    Query(turn): Query<Turn>,
) -> Result<Json<Page<RunView>>, Problem> {
    let name = path.job.by_hand().name();
    let list = format!("runs {name}");
    let before: Option<At> = place(&list, turn.cursor.as_deref())?;
    let runs = state
        .world()?
        .store
        .job_runs_before(name, before.map(|at| at.0), Limit::asked(turn.limit))
        .await?;

    Page::of(runs, turn.limit, &list, |run| At(run.tick)).map(Json)
}

/// A pass that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Passed {
    /// `done`, or `running` when it takes longer than the request waits: its passes tell.
    state: &'static str,
    /// What came of it; null while it runs.
    #[schema(value_type = Option<Object>)]
    report: Option<Value>,
}

/// Runs a pass now
///
/// Waits up to 20 seconds for its end. Who asked and why is kept.
#[utoipa::path(post, path = "/jobs/{job}/runs", tag = "jobs", params(JobPath),
    request_body = Signed,
    responses((status = 200, description = "It is done", body = Passed),
              (status = 202, description = "It is running", body = Passed), Acts))]
async fn run_job(
    State(state): State<AppState>,
    Path(path): Path<JobPath>,
    Query(Nothing {}): Query<Nothing>,
    extract::Json(body): extract::Json<Signed>,
) -> Result<Response, Problem> {
    let world = state.world()?;
    run(&world, path.job.by_hand(), &body.person()?).await
}

/// Runs a pass, and waits for it as long as a request may.
pub(super) async fn run(world: &World, job: ByHand, person: &Person) -> Result<Response, Problem> {
    let began = world.runner.run(job).map_err(|why| {
        let code = match why {
            NotRun::NoStore => Code::Refused,
            NotRun::Unavailable => Code::Unavailable,
        };
        Problem::new(code, why.to_string())
    })?;

    // Recorded once it runs: what was refused is nothing that somebody did.
    let what = match job {
        ByHand::PushStock { force: true } => "once, forced",
        _ => "once",
    };
    world
        .store
        .record_action(person, what, job.name(), world.clock.now())
        .await?;
    tracing::info!(
        job = job.name(),
        who = person.who,
        why = person.why,
        "a pass by the API"
    );

    let Ok(ended) = tokio::time::timeout(PATIENCE, began).await else {
        let running = Passed {
            state: "running",
            report: None,
        };
        return Ok((StatusCode::ACCEPTED, Json(running)).into_response());
    };

    match ended {
        Ok(Ok(Ran::Here(figures))) => Ok(Json(Passed {
            state: "done",
            report: Some(figures),
        })
        .into_response()),
        Ok(Ok(Ran::Elsewhere)) => Err(Problem::new(
            Code::Busy,
            "the job is being run right now, here or by another daemon",
        )),
        Ok(Err(error)) => {
            let text = Secrets::process().mask(&error.to_string()).into_owned();
            Err(Problem::new(Code::Failed, text))
        }
        Err(_) => Err(Problem::new(
            Code::Unavailable,
            "orderwatch is stopping; the pass was stopped half-way",
        )),
    }
}
