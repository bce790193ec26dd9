//! The steps of an order that its timeline shows.

named! {
    /// What happened to an order (`orderwatch.events.kind`).
    pub enum EventKind {
        /// Taken from the shop for sending; the reference stands from here on.
        Claimed = "claimed",
        /// The panel accepted the purchase.
        Accepted = "accepted",
        /// The panel refused the purchase; nothing was bought.
        Refused = "refused",
        /// The panel refused the purchase; it goes to the fallback panel.
        FellBack = "fell_back",
        /// Nothing left the machine; sent again later with the same reference.
        NotSent = "not_sent",
        /// No sure answer to the purchase; the panel is asked.
        Unsure = "unsure",
        /// Its lease ran out while it was being sent; the panel is asked.
        LeaseExpired = "lease_expired",
        /// The panel knows the order and is working on it.
        Processing = "processing",
        /// Asked; nothing new.
        Checked = "checked",
        /// Asked; the panel could not say.
        CheckFailed = "check_failed",
        /// Asked; the panel says that it does not know the reference.
        NotKnown = "not_known",
        /// Asked; delivered, without the code that the product always had.
        CodeMissing = "code_missing",
        /// Delivered.
        Completed = "completed",
        /// Cancelled by the panel.
        Cancelled = "cancelled",
        /// No final answer within the time limit.
        TimedOut = "timed_out",
        /// Needs review.
        Held = "held",
        /// To be sent a second time, with the same reference.
        Resend = "resend",
        /// Sent by the shop itself; watched from here on.
        Adopted = "adopted",
        /// Made due by the sweeper.
        Swept = "swept",
        /// A person released it: it is to be sent.
        Released = "released",
        /// A person said what became of it.
        Resolved = "resolved",
        /// The shop's row is gone, or staff decided it before it was sent.
        Withdrawn = "withdrawn",
        /// The shop's row says something else than the panel.
        Contradiction = "contradiction",
        /// The shop's row names another purchase than ours: somebody else may have bought it too.
        Overwritten = "overwritten",
        /// The panel charged more than the customer paid.
        SoldAtALoss = "sold_at_a_loss",
        /// A person has seen that the goods reached the right account.
        Confirmed = "confirmed",
        /// The code was shown to a person.
        PinShown = "pin_shown",
        /// An answer that came after somebody else had taken the order over.
        LateAnswer = "late_answer",
        /// The database had lost it; it is written anew from what the daemon still knew.
        Restored = "restored",
    }
}
