//! What the store answers when all is well, and the several ways in which it says no.

use chrono::{DateTime, Utc};

use super::{
    Endpoint,
    json::{self, Names, Object},
    quirks::Errors,
};
use crate::http::Answer;

const JSON: &str = "application/json;charset=UTF-8";

/// An answer that is JSON.
pub(super) fn json(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer::new(status, JSON, body)
}

/// What an address that is blocked gets, for hours or days.
pub(super) fn blocked() -> Answer {
    json(556, r#"{"message":"Service Unavailable"}"#)
}

/// Why the store says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: u16,
    /// The word that stays the same.
    pub(super) key: &'static str,
    pub(super) message: String,
    /// The class that older bodies name.
    pub(super) exception: &'static str,
    /// Seconds to wait, where the answer names them.
    pub(super) retry_after: Option<u64>,
}

impl Problem {
    pub(super) fn new(status: u16, key: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            key,
            message: message.into(),
            exception: match status {
                400..=499 => "ClientApiBusinessException",
                _ => "TrendyolSystemException",
            },
            retry_after: None,
        }
    }

    /// A field whose value makes no sense.
    pub(super) fn invalid(field: &'static str) -> Self {
        let message = format!("Geçersiz değer: {field}");
        Self::new(400, "bad.request", message)
    }

    /// Unknown keys.
    pub(super) fn unknown_keys() -> Self {
        let mut problem = Self::new(401, "authentication.error", "Unauthorized");
        problem.exception = "ClientApiAuthenticationException";
        problem
    }

    /// Known keys at another seller's address.
    pub(super) fn foreign_seller() -> Self {
        let mut problem = Self::new(401, "authentication.error", "Tedarikçi bulunamadı");
        problem.exception = "TrendyolAuthorizationException";
        problem
    }

    /// More requests than allowed.
    pub(super) fn too_many(retry_after: Option<u64>) -> Self {
        let mut problem = Self::new(429, "too.many.requests", "too.many.requests");
        problem.retry_after = retry_after;
        problem
    }

    /// The problem as an answer of an endpoint.
    pub(super) fn answer(&self, endpoint: Endpoint, errors: Errors, now: DateTime<Utc>) -> Answer {
        let answer = match errors {
            Errors::Documented => json(self.status, self.documented(endpoint, now)),
            Errors::Classic => json(self.status, self.classic(now)),
            Errors::Html => Answer::page(self.status),
            Errors::Empty => Answer::new(self.status, "text/plain", Vec::new()),
        };
        match self.retry_after {
            Some(seconds) => answer.with_header("Retry-After", seconds.to_string()),
            None => answer,
        }
    }

    fn documented(&self, endpoint: Endpoint, now: DateTime<Utc>) -> String {
        match self.status {
            401 if self.exception == "ClientApiAuthenticationException" => self.bare(),
            401 => self.classic(now),
            _ if endpoint.is_about_orders() => json::object(Names::New, |o| {
                o.text("error", self.key).text("message", &self.message);
            }),
            status => {
                let code = status.to_string();
                json::object(Names::New, |o| self.list(o, &code))
            }
        }
    }

    /// As the documents show a refused key.
    fn bare(&self) -> String {
        json::object(Names::New, |o| {
            o.raw("status", self.status)
                .text("exception", self.exception);
        })
    }

    /// As older captures show every error.
    fn classic(&self, now: DateTime<Utc>) -> String {
        json::object(Names::New, |o| {
            o.raw("timestamp", now.timestamp_millis())
                .text("exception", self.exception);
            self.list(o, "");
        })
    }

    fn list(&self, o: &mut Object<'_>, code: &str) {
        o.list("errors", [()], |o, ()| {
            o.text("key", self.key)
                .text("message", &self.message)
                .text("errorCode", code);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(problem: &Problem, endpoint: Endpoint, errors: Errors) -> String {
        let now = DateTime::from_timestamp_millis(1_616_362_328_517).unwrap();
        let answer = problem.answer(endpoint, errors, now);
        assert_eq!(answer.status, problem.status);
        String::from_utf8(answer.body).unwrap()
    }

    #[test]
    fn writes_each_problem_as_its_endpoint_does() {
        let bad = Problem::new(400, "bad.request", "Hata");
        for (problem, endpoint, errors, want) in [
            (
                &bad,
                Endpoint::PushStock,
                Errors::Documented,
                r#"{"errors":[{"key":"bad.request","message":"Hata","errorCode":"400"}]}"#,
            ),
            (
                &bad,
                Endpoint::Orders,
                Errors::Documented,
                r#"{"error":"bad.request","message":"Hata"}"#,
            ),
            (
                &Problem::new(500, "generic.exception", "Exception Occured"),
                Endpoint::PushStock,
                Errors::Classic,
                r#"{"timestamp":1616362328517,"exception":"TrendyolSystemException","errors":[{"key":"generic.exception","message":"Exception Occured","errorCode":""}]}"#,
            ),
            (
                &Problem::unknown_keys(),
                Endpoint::Claims,
                Errors::Documented,
                r#"{"status":401,"exception":"ClientApiAuthenticationException"}"#,
            ),
            (&bad, Endpoint::Orders, Errors::Empty, ""),
        ] {
            assert_eq!(written(problem, endpoint, errors), want);
        }
    }
}
