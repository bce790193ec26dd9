//! What came back from one request, and whether it may be understood at all.
//!
//! What must stay true: the body of another status than 200, of an answer that was cut off (a
//! code might be cut too) and of a page is evidence and nothing else, whatever it says.

use std::borrow::Cow;

use encoding_rs::Encoding;
use reqwest::{StatusCode, header::CONTENT_TYPE};

use super::text;
use crate::{
    order::NotSent,
    outbound::{Answer, Trouble},
    provider::{AnswerClass, ReadError},
};

/// What one request brought back.
pub(super) type Came = Result<Answer, Trouble>;

/// One answer as text, or the trouble that came instead.
pub(super) struct Seen<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) class: AnswerClass,
    pub(super) http_status: Option<u16>,
    pub(super) trouble: Option<Trouble>,
}

impl<'a> Seen<'a> {
    pub(super) fn of(came: &'a Came) -> Self {
        let answer = match came {
            Ok(answer) => answer,
            Err(trouble) => return Self::nothing(*trouble),
        };

        let text = text::decode(&answer.body, charset(answer));
        let class = match answer.cut {
            // Whatever it looks like: what is cut off may be the half of a code.
            Some(_) => AnswerClass::Cut,
            None => text::classify(&text),
        };
        Self {
            text,
            class,
            http_status: Some(answer.status.as_u16()),
            trouble: answer.cut,
        }
    }

    const fn nothing(trouble: Trouble) -> Self {
        Self {
            text: Cow::Borrowed(""),
            class: AnswerClass::None,
            http_status: None,
            trouble: Some(trouble),
        }
    }

    /// Why nothing was sent, if that is certain.
    pub(super) fn not_sent(&self) -> Option<NotSent> {
        match self.class {
            AnswerClass::None => self.trouble.and_then(Trouble::not_sent),
            _ => None,
        }
    }

    /// The text, if it may be understood.
    pub(super) fn whole(&self) -> Option<&str> {
        let fine = self.http_status == Some(StatusCode::OK.as_u16());
        (fine && self.class == AnswerClass::Text).then_some(&*self.text)
    }

    /// A text that came whole, with its status.
    pub(super) fn complete(&self) -> Option<(u16, &str)> {
        let text = (self.class == AnswerClass::Text).then_some(&*self.text);
        self.http_status.zip(text)
    }

    /// The text of a list or a balance.
    pub(super) fn readable(&self) -> Result<&str, ReadError> {
        if let Some(text) = self.whole() {
            return Ok(text);
        }

        let detail = match (self.trouble, self.http_status) {
            (Some(trouble), None) => {
                let trouble = trouble.to_string();
                return Err(ReadError::Unreachable { trouble });
            }
            (Some(trouble), Some(_)) => trouble.to_string(),
            (None, Some(status)) if status != StatusCode::OK.as_u16() => {
                format!("HTTP status {status}")
            }
            (None, _) if self.class == AnswerClass::Empty => {
                "unknown account, right not granted, or this address is not allowed".to_owned()
            }
            (None, _) => "a page: wrong base URL, or this address is blocked".to_owned(),
        };
        let class = self.class;
        Err(ReadError::Unreadable { class, detail })
    }
}

fn charset(answer: &Answer) -> Option<&'static Encoding> {
    text::charset(answer.headers.get(CONTENT_TYPE)?.to_str().ok()?)
}
