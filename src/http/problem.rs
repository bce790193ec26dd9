//! Errors as problem details (RFC 9457): what programs branch on is `code`, what people read is
//! `detail`. Nothing in here repeats a secret, and what failed inside goes to the log alone.

use std::borrow::Cow;

use axum::{
    Json,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::StoreError;
use crate::telemetry::chain;

pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
/// When a client may try again after the daemon was busy or the database away, in seconds.
const RETRY_AFTER: &str = "5";
/// When an address has all its tries again, in seconds.
const TRIES_AFTER: &str = "60";

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident => ($name:literal, $status:ident, $title:literal)),+ $(,)?) => {
        /// What went wrong, for programs; the names stay.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code { $($(#[$doc])* $code),+ }

        impl Code {
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$code),+];

            /// The name, as `code` has it.
            #[must_use]
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $name),+ }
            }

            #[must_use]
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status),+ }
            }

            /// The same for every problem of this kind.
            #[must_use]
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$code => $title),+ }
            }
        }
    };
}

codes! {
    BadRequest => ("bad-request", BAD_REQUEST, "The request cannot be read"),
    /// A value in it is not allowed.
    Invalid => ("invalid", UNPROCESSABLE_ENTITY, "A value is not allowed"),
    /// The token is missing or wrong.
    Unauthorized => ("unauthorized", UNAUTHORIZED, "The token is needed"),
    /// It comes from another site, or under a name that is not this machine's.
    Foreign => ("foreign", FORBIDDEN, "The request comes from elsewhere"),
    /// It needs a token to be configured.
    NeedsToken => ("needs-token", FORBIDDEN, "A token has to be configured for this"),
    NotFound => ("not-found", NOT_FOUND, "There is no such thing"),
    MethodNotAllowed => ("method-not-allowed", METHOD_NOT_ALLOWED, "The address does not take this method"),
    Ambiguous => ("ambiguous", CONFLICT, "Several orders are meant"),
    Changed => ("changed", CONFLICT, "It has changed meanwhile"),
    Refused => ("refused", CONFLICT, "As things stand this cannot be done"),
    /// Another request does the same right now.
    Busy => ("busy", CONFLICT, "Already running"),
    TooLarge => ("too-large", PAYLOAD_TOO_LARGE, "The body is too large"),
    UnsupportedMediaType => ("unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body is of another kind"),
    TooManyRequests => ("too-many-requests", TOO_MANY_REQUESTS, "Too many tries"),
    /// A bug.
    Internal => ("internal", INTERNAL_SERVER_ERROR, "orderwatch has a bug"),
    /// The run of a job failed.
    Failed => ("failed", CONFLICT, "It was tried and failed"),
    /// The database does not answer, or the daemon starts or stops.
    Unavailable => ("unavailable", SERVICE_UNAVAILABLE, "Not available now"),
    TimedOut => ("timed-out", SERVICE_UNAVAILABLE, "It took too long"),
}

/// An error as it is answered.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    /// What went wrong, for programs.
    pub(crate) code: Code,
    /// What went wrong, for people.
    pub(crate) detail: Cow<'static, str>,
    /// The parameter or field that is to blame, if one is.
    pub(crate) parameter: Option<Cow<'static, str>>,
}

/// Problem details as in RFC 9457.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Names the kind of problem: `urn:orderwatch:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The same for every problem of this kind.
    title: String,
    /// The status of the answer.
    status: u16,
    /// What went wrong, for people.
    detail: String,
    /// What went wrong, for programs.
    code: String,
    /// The parameter or field that is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parameter: Option<String>,
}

impl Problem {
    pub(crate) fn no_such_panel() -> Self {
        Self::new(Code::NotFound, "there is no such panel")
    }

    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
            parameter: None,
        }
    }

    /// A value that is not allowed.
    pub(crate) fn invalid(
        parameter: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code: Code::Invalid,
            detail: detail.into(),
            parameter: Some(parameter.into()),
        }
    }

    /// Whether credentials are missing or wrong, however often.
    #[must_use]
    pub(crate) const fn is_of_credentials(&self) -> bool {
        matches!(self.code, Code::Unauthorized | Code::TooManyRequests)
    }

    #[must_use]
    pub(crate) fn body(&self) -> ProblemBody {
        ProblemBody {
            kind: format!("urn:orderwatch:problem:{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: self.code.status().as_u16(),
            detail: self.detail.clone().into_owned(),
            code: self.code.as_str().to_owned(),
            parameter: self.parameter.clone().map(Cow::into_owned),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.code.status(), Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        match self.code.status() {
            StatusCode::UNAUTHORIZED => {
                // HTTP asks for it with every 401.
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS => {
                let value = HeaderValue::from_static(TRIES_AFTER);
                headers.insert(header::RETRY_AFTER, value);
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
            }
            _ => {}
        }

        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        // What the database said goes to the log alone; the client learns whether another try may help.
        if error.is_transient() {
            tracing::warn!(error = chain(&error), "a request cannot be answered");
            return Self::new(
                Code::Unavailable,
                "the database does not answer; try again in a moment",
            );
        }

        tracing::error!(error = chain(&error), "a request cannot be answered");
        Self::new(Code::Internal, "the log of orderwatch says what went wrong")
    }
}

/// No such address.
pub(super) async fn not_found(uri: Uri) -> Problem {
    // Repeated to whoever asked, so not at any length.
    let path: String = uri.path().chars().take(200).collect();
    Problem::new(Code::NotFound, format!("there is nothing at {path}"))
}

/// An address, but not with this method. The framework adds `Allow`.
pub(super) async fn method_not_allowed(method: Method) -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        format!("the address does not take {method}"),
    )
}
