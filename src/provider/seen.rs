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

#[cfg(test)]
pub(super) mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;

    /// An answer that came whole.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "what came back, as it is handed on"
    )]
    pub(in crate::provider) fn answer(status: u16, body: &str) -> Result<Answer, Trouble> {
        Ok(Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
            cut: None,
        })
    }

    /// The same, broken off on the way.
    pub(in crate::provider) fn cut(status: u16, body: &str) -> Result<Answer, Trouble> {
        answer(status, body).map(|answer| Answer {
            cut: Some(Trouble::Cut),
            ..answer
        })
    }

    #[test]
    fn only_a_whole_text_is_understood_and_the_whole_protocol_comes_with_200() {
        for (came, whole, complete) in [
            (answer(200, "OK|1"), Some("OK|1"), Some((200, "OK|1"))),
            (answer(201, "OK|1"), None, Some((201, "OK|1"))),
            (answer(404, "{}"), None, Some((404, "{}"))),
            (answer(200, "<html>OK|1"), None, None),
            (answer(200, ""), None, None),
            (cut(200, "OK|2|AB"), None, None),
            (Err(Trouble::Timeout), None, None),
        ] {
            let seen = Seen::of(&came);
            assert_eq!((seen.whole(), seen.complete()), (whole, complete));
        }
    }

    #[test]
    fn nothing_was_sent_only_where_nothing_came_back_for_that_reason() {
        let not_sent = |came: &_| Seen::of(came).not_sent();
        assert_eq!(not_sent(&Err(Trouble::Refused)), Some(NotSent::Connect));
        assert_eq!(not_sent(&Err(Trouble::Reset)), None);
        assert_eq!(not_sent(&cut(200, "OK")), None);
        assert_eq!(not_sent(&answer(500, "x")), None);
    }

    #[test]
    fn the_encoding_that_an_answer_names_counts() {
        let mut came = answer(200, "").unwrap();
        came.body = vec![0xce, 0xcb];
        let turkish = came.headers.clone();
        let named = HeaderValue::from_static("text/plain; charset=windows-1251");
        came.headers.insert(CONTENT_TYPE, named);
        let came = Ok(came);
        assert_eq!(Seen::of(&came).text, "ОЛ");
        let came = came.map(|came| Answer {
            headers: turkish,
            ..came
        });
        assert_eq!(Seen::of(&came).text, "ÎË");
    }

    #[test]
    fn a_list_that_cannot_be_read_says_why() {
        let page = "a page: wrong base URL, or this address is blocked";
        let account = "unknown account, right not granted, or this address is not allowed";
        for (came, want) in [
            (answer(200, "12.50"), "12.50"),
            (answer(403, "x"), "not understood (text): HTTP status 403"),
            (answer(403, ""), "not understood (empty): HTTP status 403"),
            (answer(200, ""), account),
            (answer(200, "<html>"), page),
            (
                cut(200, "12"),
                "not understood (cut): the answer ended early",
            ),
            (
                Err(Trouble::Timeout),
                "the panel did not answer: no whole answer within the time-out",
            ),
        ] {
            let seen = Seen::of(&came);
            let said = match seen.readable() {
                Ok(text) => text.to_owned(),
                Err(error) => error.to_string(),
            };
            assert!(said.ends_with(want), "{said}");
        }
    }
}
