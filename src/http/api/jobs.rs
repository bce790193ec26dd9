//! Periodic jobs: when they pass, what came of it, and a pass now.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::Value;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
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
        job::Ran,
        jobs::{self, Force, JobSpec, runner::NotRun},
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

/// A periodic job, by its name.
#[derive(Clone, Copy, Debug)]
struct JobName(&'static JobSpec);

impl<'de> Deserialize<'de> for JobName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || D::Error::custom(format!("there is no job {name:?}"));
        jobs::named(&name).map(Self).ok_or_else(unknown)
    }
}

impl ToSchema for JobName {}

impl PartialSchema for JobName {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(jobs::ALL.map(|job| job.name)))
            .into()
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
    let name = path.job.0.name;
    // The cursor of one job is none for another.
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
    run(&world, path.job.0, false, &body.person()?).await
}

/// Runs a pass, and waits for it as long as a request may.
pub(super) async fn run(
    world: &World,
    job: &'static JobSpec,
    force: Force,
    person: &Person,
) -> Result<Response, Problem> {
    let reserved = world.runner.reserve(job, force).map_err(|why| {
        let code = match why {
            NotRun::NotAvailable(_) => Code::Refused,
            NotRun::Unavailable => Code::Unavailable,
        };
        Problem::new(code, why.to_string())
    })?;

    // Before it begins, so that nothing runs of which nobody knows who wanted it; what was refused is nothing that
    // somebody did.
    let what = if force { "once, forced" } else { "once" };
    world
        .store
        .record_action(person, what, job.name, world.clock.now())
        .await?;
    tracing::info!(
        job = job.name,
        who = person.who,
        why = person.why,
        "a job run by the API"
    );

    let Ok(ended) = tokio::time::timeout(PATIENCE, reserved.begin()).await else {
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
            // It may repeat an address or what a server answered.
            let text = Secrets::process().mask(&error.to_string()).into_owned();
            Err(Problem::new(Code::Failed, text))
        }
        // The runner is gone without an answer.
        Err(_) => Err(Problem::new(
            Code::Unavailable,
            "orderwatch is stopping; the job was stopped half-way",
        )),
    }
}
