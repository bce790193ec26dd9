//! The page that asks for confirmation, and what every action has around it.
//!
//! Nothing happens by GET: the page says what will happen, the form on it does it. It is signed, and
//! where things stand elsewhere by then, nothing is done and the reader sees what would happen now.

use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    done::Done,
    reader::{Chrome, Reader, html},
    sign,
    view::{Fact, Note, Show},
};
use crate::{http::problem::Problem, store::Person};

/// A value that the form sends back as it was shown.
pub(super) struct Hidden {
    pub(super) name: &'static str,
    pub(super) value: String,
}

#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct Confirm {
    pub(super) c: Chrome,
    pub(super) note: Option<Note>,
    pub(super) facts: Vec<Fact>,
    pub(super) will: Option<String>,
    pub(super) path: String,
    pub(super) hidden: Vec<Hidden>,
    pub(super) signature: Signature,
    pub(super) button: &'static str,
    pub(super) back: String,
}

impl Confirm {
    pub(super) fn respond(&self, refused: bool) -> Result<Response, Problem> {
        // What was asked for and not done is a conflict, also to a program that reads only the status.
        let status = if refused {
            StatusCode::CONFLICT
        } else {
            StatusCode::OK
        };
        Ok((status, html(self)?).into_response())
    }
}

/// Who acts and why, as the form has it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Signature {
    #[serde(default)]
    pub(super) who: String,
    #[serde(default)]
    pub(super) why: String,
}

impl Signature {
    /// What the form begins with: what was typed, or the name of the last time.
    pub(super) fn or_last(&self, reader: &Reader) -> Self {
        let mut signature = self.clone();
        if signature.who.is_empty() {
            signature.who = reader.signed_last();
        }
        signature
    }

    /// The person, if both texts say something.
    pub(super) fn person(&self) -> Option<Person> {
        sign::person(&self.who, &self.why)
    }
}

/// Leads to the page that says that it was done.
pub(super) fn done(what: Done, path: &str, person: Option<&Person>) -> Response {
    // A redirect, so that loading that page again does not send the form again.
    let mut response = Redirect::to(&what.shown_at(path)).into_response();
    if let Some(cookie) = person.and_then(sign::remember) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
