//! The problems that operations answer, for their description.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

use crate::http::problem::{MEDIA_TYPE, ProblemBody};

/// Of an operation that reads a list or a whole.
pub(super) enum Reads {}

/// Of an operation that reads one thing.
pub(super) enum ReadsOne {}

/// Of an operation that does something.
pub(super) enum Acts {}

const READS: [StatusCode; 4] = [
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::SERVICE_UNAVAILABLE,
];

const ACTS: [StatusCode; 5] = [
    StatusCode::NOT_FOUND,
    StatusCode::CONFLICT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
];

impl IntoResponses for Reads {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(READS)
    }
}

impl IntoResponses for ReadsOne {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(READS.into_iter().chain([StatusCode::NOT_FOUND]))
    }
}

impl IntoResponses for Acts {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(READS.into_iter().chain(ACTS))
    }
}

fn problems(statuses: impl IntoIterator<Item = StatusCode>) -> BTreeMap<String, RefOr<Response>> {
    statuses
        .into_iter()
        .map(|status| (status.as_u16().to_string(), RefOr::T(problem(status))))
        .collect()
}

fn problem(status: StatusCode) -> Response {
    let schema = Ref::from_schema_name(ProblemBody::name());
    ResponseBuilder::new()
        .description(status.canonical_reason().unwrap_or_default())
        .content(
            MEDIA_TYPE,
            ContentBuilder::new().schema(Some(schema)).build(),
        )
        .build()
}

/// The schema that they all refer to.
pub(super) fn schema() -> (String, RefOr<utoipa::openapi::Schema>) {
    (ProblemBody::name().into_owned(), ProblemBody::schema())
}
