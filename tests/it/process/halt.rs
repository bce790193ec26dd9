//! The moment at which a process dies: what comes then goes no further, nor anything after it.

use std::sync::Mutex;

use tokio::sync::watch;

/// Lets through what is counted, up to a moment.
#[derive(Default)]
pub(crate) struct Halt {
    left: Mutex<Option<usize>>,
    reached: watch::Sender<bool>,
}

impl Halt {
    /// Of what comes from now on, so many go through.
    pub(crate) fn after(&self, count: usize) {
        self.reached.send_replace(false);
        *self.left.lock().unwrap() = Some(count);
    }

    /// Everything goes through.
    pub(crate) fn lift(&self) {
        *self.left.lock().unwrap() = None;
        self.reached.send_replace(false);
    }

    /// Goes through, or never returns.
    pub(crate) async fn pass(&self) {
        if self.stays() {
            std::future::pending::<()>().await;
        }
    }

    /// Goes through, if need be as soon as everything does.
    pub(crate) async fn pass_later(&self) {
        if self.stays() {
            let mut reached = self.reached.subscribe();
            drop(reached.wait_for(|reached| !reached).await);
        }
    }

    fn stays(&self) -> bool {
        let stays = match &mut *self.left.lock().unwrap() {
            None => false,
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
        };
        if stays {
            self.reached.send_replace(true);
        }
        stays
    }

    /// Waits until something was stopped.
    pub(crate) async fn reached(&self) {
        let mut reached = self.reached.subscribe();
        // The sender lives in self.
        drop(reached.wait_for(|reached| *reached).await);
    }
}
