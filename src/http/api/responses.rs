//! The problems that operations answer, for the description of the API. A test holds them to the codes
//! that there are.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

use crate::http::problem::{Code, MEDIA_TYPE, ProblemBody};

/// Of an operation that reads a list or a whole.
pub(super) enum Reads {}

/// Of an operation that reads one thing.
pub(super) enum ReadsOne {}

/// Of an operation that does something.
pub(super) enum Acts {}

/// What every operation may answer. A method that an address does not take is no operation, but
/// clients meet it at the same addresses.
const READS: [Code; 8] = [
    Code::BadRequest,
    Code::Unauthorized,
    Code::TooManyRequests,
    Code::Foreign,
    Code::NeedsToken,
    Code::MethodNotAllowed,
    Code::Unavailable,
    Code::TimedOut,
];

/// What one that does something may answer besides.
const ACTS: [Code; 9] = [
    Code::NotFound,
    Code::Ambiguous,
    Code::Changed,
    Code::Refused,
    Code::Busy,
    Code::Failed,
    Code::TooLarge,
    Code::UnsupportedMediaType,
    Code::Invalid,
];

impl IntoResponses for Reads {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(READS)
    }
}

impl IntoResponses for ReadsOne {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(READS.into_iter().chain([Code::NotFound]))
    }
}

impl IntoResponses for Acts {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(READS.into_iter().chain(ACTS))
    }
}

/// A response for each status, which says what may be meant by it.
fn problems(codes: impl IntoIterator<Item = Code>) -> BTreeMap<String, RefOr<Response>> {
    let mut meanings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // Several codes share a status, and the description has one response for each status.
    for code in codes {
        let meaning = format!("{} (`{}`)", code.title(), code.as_str());
        let status = code.status().as_u16().to_string();
        meanings.entry(status).or_default().push(meaning);
    }

    let problem = |meanings: Vec<String>| RefOr::T(problem(&meanings.join("; ")));
    meanings
        .into_iter()
        .map(|(status, meanings)| (status, problem(meanings)))
        .collect()
}

fn problem(description: &str) -> Response {
    let schema = Ref::from_schema_name(ProblemBody::name());
    ResponseBuilder::new()
        .description(description)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What no operation answers: a bug is promised to nobody.
    const ELSEWHERE: [Code; 1] = [Code::Internal];

    #[test]
    fn every_code_that_the_api_may_answer_is_described() {
        for code in Code::ALL {
            let described = READS.contains(code) || ACTS.contains(code);
            assert_eq!(described, !ELSEWHERE.contains(code), "{code:?}");
        }
    }

    #[test]
    fn a_status_says_what_may_be_meant_by_it() {
        let responses = Acts::responses();
        let RefOr::T(conflict) = &responses["409"] else {
            panic!("not described");
        };
        for word in ["`changed`", "`refused`", "`busy`", "`failed`"] {
            assert!(conflict.description.contains(word), "{word}");
        }
        assert!(Reads::responses().contains_key("405"));
    }
}
