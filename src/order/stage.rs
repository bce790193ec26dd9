//! Where a tracked order stands.
//!
//! ```text
//!   row to be bought                                          row that the shop sent itself
//!         │ claimed                                                      │ adopted
//!         ▼                          accepted                            ▼
//!    dispatching ───────────────────────────────────────────────► submitted ──delivered──► completed
//!     │   ▲   │ │                                                  ▲    │ ├──cancelled──► failed
//!     │   │   │ └─no sure answer, lease over─► unconfirmed ──known─┘    │ └──no answer──► timed_out
//!     │   │   └─refused──► failed                │     │                │
//!     │   │                               resend │     │ not known      │ no code, code too long
//!     │   │ due                                  ▼     ▼                ▼
//!     │   └─────────────────────────────────── queued  └────────────► held ◄── row that cannot be sent
//!     │                                        ▲  │ ▲                  │ │
//!     └─not sent, fallback panel───────────────┘  │ └─────retry────────┘ └──resolve──► submitted,
//!                                                 └──► withdrawn, timed_out            completed, failed
//! ```
//!
//! What the picture leaves out:
//!
//! * a panel that is asked about an unconfirmed order may answer with its end: completed or failed at once,
//! * an open order whose row is gone ends as withdrawn; so does a held one that staff settled in the shop,
//!   or as completed where its code is here; one that staff rejected is then held for what becomes of the code, and
//!   one whose row the database has lost is held at its end instead,
//! * a queued one that the shop no longer wants, and that may have been bought, becomes unconfirmed,
//! * an order is held at its end where the shop's database refuses it, or where staff decided otherwise,
//! * a late answer that something was bought makes an order that is queued, dispatching under another claim,
//!   unconfirmed, or held as that, submitted,
//! * completed, failed, `timed_out` and withdrawn are never left.

named! {
    /// The stage of a tracked order (`orderwatch.orders.stage`).
    pub enum Stage {
        /// Taken from the shop, surely not at the panel; is sent when it is due.
        Queued = "queued",
        /// Claimed for sending: from here on the panel may have it.
        Dispatching = "dispatching",
        /// The panel accepted it; it is watched until it is final.
        Submitted = "submitted",
        /// It may have been bought: the panel is asked, nothing is sent.
        Unconfirmed = "unconfirmed",
        /// Needs review; the reason says what to do.
        Held = "held",
        /// Bought and delivered.
        Completed = "completed",
        /// Refused before it was bought, or cancelled by the panel.
        Failed = "failed",
        /// No final answer within the time limit.
        TimedOut = "timed_out",
        /// The shop no longer wants it: its row is gone, or staff decided it before it was sent.
        Withdrawn = "withdrawn",
    }
}

impl Stage {
    /// Whether the stage is never left.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::TimedOut | Self::Withdrawn
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Stage;

    #[test]
    fn every_name_reads_back_as_its_stage() {
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(stage.as_str()), Some(stage));
            assert_eq!(serde_json::json!(stage), stage.as_str());
        }
        assert_eq!(Stage::parse("COMPLETED"), None);
    }
}
