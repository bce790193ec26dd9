//! The cursors of the order stream.

use std::{collections::HashMap, ops::Range};

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use fastrand::Rng;

use crate::trendyol::{answer::Problem, feed::Place};

/// 152 characters, among them each that means something else in an address.
fn base64_id(rng: &mut Rng) -> String {
    let mut bytes = [0; 112];
    rng.fill(&mut bytes);
    // Becomes "+/+/".
    bytes[..3].copy_from_slice(&[0xfb, 0xff, 0xbf]);
    BASE64_STANDARD.encode(bytes)
}

/// The cursors that were handed out.
#[derive(Debug, Default)]
pub(in crate::trendyol) struct Cursors(HashMap<String, Cursor>);

#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) asked: [String; 3],
    pub(super) dates: Range<DateTime<Utc>>,
    /// The last package that was shown.
    pub(super) before: Place,
    pub(super) expires: DateTime<Utc>,
}

impl Cursors {
    pub(super) fn find(
        &self,
        id: &str,
        asked: &[String; 3],
        now: DateTime<Utc>,
    ) -> Result<&Cursor, Problem> {
        let known = self.0.get(id).filter(|cursor| cursor.expires > now);
        let cursor = known.ok_or_else(|| Problem::invalid("nextCursor"))?;
        if cursor.asked == *asked {
            Ok(cursor)
        } else {
            Err(Problem::new(
                400,
                "bad.request",
                "Cursor ile filtreler değiştirilemez",
            ))
        }
    }

    pub(super) fn hand_out(
        &mut self,
        cursor: Cursor,
        base64: bool,
        rng: &mut Rng,
        now: DateTime<Utc>,
    ) -> String {
        self.0.retain(|_, cursor| cursor.expires > now);
        let id = if base64 {
            base64_id(rng)
        } else {
            uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes())
                .into_uuid()
                .to_string()
        };
        self.0.insert(id.clone(), cursor);
        id
    }
}
