//! Status 556: a fault of Trendyol's edge that passes, or an address that it does not serve.
//!
//! Both look the same; only their duration differs. What must stay true: any other answer of a path ends the
//! suspicion, and no answer at all neither raises nor ends it.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    error::{Class, Failure},
    limits::Call,
};

/// The status of an address that is not served.
const STATUS: u16 = 556;
/// A fault of the edge is over by then.
const FAULT_LASTS: Duration = Duration::from_mins(5);

/// Since when each path has answered with nothing but 556.
#[derive(Debug, Default)]
pub(super) struct Blocked(Mutex<[Option<Instant>; Call::ALL.len()]>);

impl Blocked {
    /// Takes note of what a call brought. Returns how long its path has been blocked, if it is.
    pub(super) fn note(&self, call: Call, came: &Result<String, Failure>) -> Option<Duration> {
        let mut since = self.0.lock();
        let since = since.get_mut(call as usize)?;

        match came {
            Err(Failure::Answer(answer)) if answer.status == STATUS => {
                let began = *since.get_or_insert_with(Instant::now);
                Some(began.elapsed()).filter(|lasted| *lasted >= FAULT_LASTS)
            }
            Err(Failure::Network(_)) => None,
            _ => {
                *since = None;
                None
            }
        }
    }
}

/// The same failure, with the most likely cause in its text.
pub(super) fn named(failure: Failure, call: Call, lasted: Duration) -> Failure {
    match failure {
        Failure::Answer(mut answer) => {
            let (path, minutes) = (call.as_str(), lasted.as_secs() / 60);
            answer.text = format!("{path} has answered with it alone for {minutes} minutes");
            answer.class = Class::Blocked;
            Failure::Answer(answer)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{marketplace::trendyol::error::Complaint, outbound::Trouble};

    fn answered(status: u16) -> Result<String, Failure> {
        Err(Failure::Answer(Complaint {
            class: Class::Transient,
            status,
            key: None,
            text: String::new(),
            page: false,
            path: false,
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn only_an_unbroken_row_of_556_on_one_path_means_blocked() {
        let blocked = Blocked::default();
        let wait = |minutes| tokio::time::advance(Duration::from_mins(minutes));
        let note = |came| blocked.note(Call::Orders, &came).map(|d| d.as_secs() / 60);
        assert_eq!(note(answered(556)), None);
        wait(4).await;
        assert_eq!(note(answered(556)), None);
        assert_eq!(note(Err(Failure::Network(Trouble::Reset))), None);
        wait(1).await;
        assert_eq!(note(answered(556)), Some(5));
        assert_eq!(blocked.note(Call::Claims, &answered(556)), None);
        assert_eq!(note(answered(500)), None, "somebody answers there");
        wait(10).await;
        assert_eq!(note(answered(556)), None);
        wait(10).await;
        assert_eq!(note(Ok(String::new())), None);
        assert_eq!(note(answered(556)), None);
    }

    #[test]
    fn a_blocked_address_is_told_what_to_try() {
        let lasted = Duration::from_secs(431);
        let named = |came: Result<String, Failure>| named(came.unwrap_err(), Call::Orders, lasted);
        let error = named(answered(556)).into_error(Duration::ZERO);
        assert_eq!(
            error.to_string(),
            "this address may be blocked: try the same key from another network \
             (status 556: orders has answered with it alone for 7 minutes)"
        );
        let outcome = named(answered(556)).into_outcome(Duration::ZERO);
        assert!(
            format!("{outcome:?}").contains("may be blocked"),
            "{outcome:?}"
        );
    }
}
