//! The chain of an account's balances: what the panel said that it held, and what moved it in between.
//!
//! Purchases run side by side and their answers come back out of order, so the order in which they were
//! answered says nothing. What the panel said does: of all that may come next, the one that was charged to the
//! balance at hand is next. A purchase whose answer named no balance may have moved the account at any time while it
//! was under way; until that time is over nothing is said about what it may explain.
//!
//! What must stay true: purchases of ours alone, however they overlap, explain all of an account's falls.

#[cfg(test)]
mod tests;

use std::{cmp::Reverse, collections::VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

/// A movement below this is rounding, in TRY.
const ROUNDING: Decimal = Decimal::from_parts(5, 0, 0, false, 2);
/// No purchase moves an account later than this after it was sent.
pub(crate) const LONGEST: TimeDelta = TimeDelta::minutes(10);
/// Sums that are tried to explain a movement: all of so many, and 4,096 of them.
const TRIED: usize = 12;

/// A purchase of ours, or a balance that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    /// It has not moved the account before, ...
    pub(crate) from: DateTime<Utc>,
    /// ... nor later.
    pub(crate) until: DateTime<Utc>,
    /// What it took; zero where nothing was bought, `None` when nobody knows.
    pub(crate) charge: Option<Decimal>,
    /// Whether the panel itself has named the charge. One that was found there again has not: it may have been
    /// charged under an earlier claim, which a failover has lost.
    pub(crate) named: bool,
    /// What the account held then, if the panel said so.
    pub(crate) balance: Option<Decimal>,
    /// Whether the panel gives the charge back.
    pub(crate) refunded: bool,
}

/// A fact in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// Which of the facts it is.
    pub(crate) fact: usize,
    /// What the account held before, as the panel had said last.
    pub(crate) before: Option<Decimal>,
    /// What else has moved the account since then.
    pub(crate) movement: Option<Movement>,
    /// Whether all that came before it is accounted for.
    pub(crate) quiet: bool,
}

/// Money that moved without a purchase of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Movement {
    /// In TRY; below zero when it left the account.
    pub(crate) amount: Decimal,
    /// It moved after this.
    pub(crate) since: DateTime<Utc>,
    /// Whether it is what the panel gave back for cancelled purchases.
    pub(crate) refund: bool,
}

/// Puts the facts of one account in order and says what they do not explain.
///
/// `owed` are charges of purchases from before that the panel may still give back, the newest last.
#[must_use]
pub(crate) fn chain(facts: &[Fact], owed: &[Decimal]) -> Vec<Link> {
    let by_end = |named: bool| {
        let mut places: Vec<usize> = (0..facts.len())
            .filter(|place| facts[*place].balance.is_some() == named)
            .collect();
        places.sort_by_key(|place| facts[*place].until);
        VecDeque::from(places)
    };

    let mut walk = Walk {
        facts,
        with_balance: by_end(true),
        silent: by_end(false),
        credits: owed.to_vec(),
        account: None,
        links: Vec::with_capacity(facts.len()),
    };
    while let Some(next) = walk.next() {
        walk.take(next);
    }
    while let Some(place) = walk.silent.pop_front() {
        walk.link(place, None, None, false);
    }

    walk.links
}

struct Walk<'a> {
    facts: &'a [Fact],
    /// Those that say what the account held, by the end of their time.
    with_balance: VecDeque<usize>,
    /// The others, likewise.
    silent: VecDeque<usize>,
    /// Charges that the panel gives back and has not yet.
    credits: Vec<Decimal>,
    account: Option<Account>,
    links: Vec<Link>,
}

/// What is known of the account so far.
struct Account {
    /// As the panel said last.
    balance: Decimal,
    /// What has moved since `since` and nothing explains yet.
    unexplained: Decimal,
    /// When all was accounted for last.
    since: Option<DateTime<Utc>>,
    /// Whether every charge since then is known.
    known: bool,
    /// Charges since then that no panel has named.
    unnamed: Decimal,
}

impl Walk<'_> {
    /// Of those that may come next, the one that fits the balance; else the one that began with most
    /// money, for purchases only ever take some.
    fn next(&mut self) -> Option<usize> {
        let end = self.facts[*self.with_balance.front()?].until;
        let may_be_next = || {
            let facts = self.with_balance.iter().map(|fact| &self.facts[*fact]);
            facts
                .enumerate()
                .take_while(|(_, fact)| fact.until <= end + LONGEST)
                .filter(|(_, fact)| fact.from <= end)
        };
        let before =
            |fact: &Fact| fact.balance.unwrap_or_default() + fact.charge.unwrap_or_default();

        // Of several that fit, a refund has brought the balance back: the one that was answered first. Mostly that is
        // one of the first few, so a busy day is not gone through for each of its purchases.
        let fitting = self.account.as_ref().and_then(|account| {
            may_be_next().find(|(_, fact)| is_nothing(account.balance - before(fact)))
        });
        let most = || {
            may_be_next().max_by_key(|(place, fact)| (before(fact), fact.balance, Reverse(*place)))
        };
        let (place, _) = fitting.or_else(most)?;

        self.with_balance.remove(place)
    }

    fn take(&mut self, place: usize) {
        let fact = self.facts[place];
        let balance = fact.balance.unwrap_or_default();
        self.pass(fact.from);

        let Some(account) = &mut self.account else {
            let quiet = self.may_have_moved(fact.until).is_empty();
            self.account = Some(Account::new(balance, quiet.then_some(fact.until)));
            self.link(place, None, None, quiet);
            return;
        };

        let before = account.balance;
        account.balance = balance;
        account.charge(fact.charge, before - balance);
        let (movement, quiet) = self.judge(fact.until);
        self.link(place, Some(before), movement, quiet);
    }

    /// Silent purchases whose time is over have moved the account by now.
    fn pass(&mut self, now: DateTime<Utc>) {
        while let Some(place) = self.silent.front().copied()
            && self.facts[place].until < now
        {
            self.silent.pop_front();
            self.explain(place);
        }
    }

    fn explain(&mut self, place: usize) {
        let fact = &self.facts[place];
        if let Some(account) = &mut self.account {
            account.charge(fact.charge, Decimal::ZERO);
            if !fact.named {
                account.unnamed += fact.charge.unwrap_or_default();
            }
        }
        self.link(place, None, None, false);
    }

    /// Silent purchases that may or may not have moved the account up to then.
    fn may_have_moved(&self, until: DateTime<Utc>) -> Vec<usize> {
        let silent = self.silent.iter().copied();
        silent
            .take_while(|place| self.facts[*place].until <= until + LONGEST)
            .filter(|place| self.facts[*place].from < until)
            .collect()
    }

    /// What has moved the account besides purchases, and whether that can be said at all.
    fn judge(&mut self, now: DateTime<Utc>) -> (Option<Movement>, bool) {
        let open = self.may_have_moved(now);
        let quiet = open.is_empty();
        let Some(account) = &mut self.account else {
            return (None, quiet);
        };
        let Some(since) = account.since else {
            // Nothing to compare with yet.
            account.settle(quiet.then_some(now));
            return (None, quiet);
        };

        let (unexplained, known) = (account.unexplained, account.known);
        if is_nothing(unexplained) {
            if quiet {
                account.settle(Some(now));
            }
            return (None, quiet);
        }
        if unexplained.is_sign_negative() && self.took(&open, -unexplained) {
            return (None, quiet);
        }
        if self.gave_back(unexplained) {
            let movement = self.settle_as(unexplained, since, true);
            return (Some(movement), quiet);
        }
        // It may be one of those, or a part of it.
        if !quiet {
            return (None, false);
        }

        let left = self.charged_before(unexplained, now);
        let movement = self.settle_as(left, since, false);
        if let Some(account) = &mut self.account {
            account.settle(Some(now));
        }
        (Some(movement).filter(|_| known && !is_nothing(left)), true)
    }

    /// Whether silent purchases explain a fall exactly; then they are in their place.
    fn took(&mut self, open: &[usize], fall: Decimal) -> bool {
        let charges: Vec<Decimal> = open
            .iter()
            .map(|place| self.facts[*place].charge.unwrap_or_default())
            .collect();
        // Those whose time ends first are tried first: the others may move the account later.
        let Some(found) = sum_of(&charges, fall) else {
            return false;
        };

        for place in found.into_iter().map(|found| open[found]) {
            self.silent.retain(|silent| *silent != place);
            self.explain(place);
        }
        true
    }

    /// Whether a rise is what the panel owed for cancelled purchases; then it owes that no more.
    fn gave_back(&mut self, rise: Decimal) -> bool {
        // The newest first: what was not given back for long hardly ever is.
        let newest: Vec<Decimal> = self.credits.iter().rev().take(TRIED).copied().collect();
        let Some(found) = sum_of(&newest, rise) else {
            return false;
        };

        let last = self.credits.len() - 1;
        for place in found {
            self.credits.remove(last - place);
        }
        true
    }

    /// What is left of a rise: as far as a purchase without a named charge leaves it, that was charged before it
    /// was claimed again, and explains what had fallen then.
    fn charged_before(&mut self, rise: Decimal, now: DateTime<Utc>) -> Decimal {
        let unnamed = self.account.as_ref().map(|account| account.unnamed);
        let most = rise.min(unnamed.unwrap_or_default()).max(Decimal::ZERO);
        let mut left = most;

        let facts = self.facts;
        let recent = |link: &&mut Link| facts[link.fact].until + LONGEST + LONGEST >= now;
        for link in self.links.iter_mut().rev().take_while(recent) {
            if let Some(fall) = &mut link.movement
                && fall.amount.is_sign_negative()
            {
                let part = left.min(-fall.amount);
                left -= part;
                fall.amount += part;
                link.movement = link.movement.filter(|fall| !is_nothing(fall.amount));
            }
        }

        rise - (most - left)
    }

    fn settle_as(&mut self, amount: Decimal, since: DateTime<Utc>, refund: bool) -> Movement {
        if let Some(account) = &mut self.account {
            account.unexplained = Decimal::ZERO;
        }
        Movement {
            amount,
            since,
            refund,
        }
    }

    fn link(
        &mut self,
        place: usize,
        before: Option<Decimal>,
        movement: Option<Movement>,
        quiet: bool,
    ) {
        let fact = &self.facts[place];
        self.credits.extend(fact.charge.filter(|_| fact.refunded));
        self.links.push(Link {
            fact: place,
            before,
            movement,
            quiet,
        });
    }
}

impl Account {
    const fn new(balance: Decimal, since: Option<DateTime<Utc>>) -> Self {
        Self {
            balance,
            unexplained: Decimal::ZERO,
            since,
            known: true,
            unnamed: Decimal::ZERO,
        }
    }

    /// A charge, and by how much the balance fell with it.
    fn charge(&mut self, charge: Option<Decimal>, fell: Decimal) {
        self.unexplained += charge.unwrap_or(fell) - fell;
        self.known &= charge.is_some();
    }

    fn settle(&mut self, since: Option<DateTime<Utc>>) {
        *self = Self::new(self.balance, since);
    }
}

fn is_nothing(amount: Decimal) -> bool {
    amount.abs() <= ROUNDING
}

/// Which of the amounts, the first of them rather than the last, make up the sum; at least one.
fn sum_of(amounts: &[Decimal], sum: Decimal) -> Option<Vec<usize>> {
    fn search(amounts: &[Decimal], at: usize, left: Decimal, taken: &mut Vec<usize>) -> bool {
        if !taken.is_empty() && is_nothing(left) {
            return true;
        }
        let Some(amount) = amounts.get(at) else {
            return false;
        };

        taken.push(at);
        if *amount > Decimal::ZERO && search(amounts, at + 1, left - amount, taken) {
            return true;
        }
        taken.pop();
        search(amounts, at + 1, left, taken)
    }

    let amounts = &amounts[..amounts.len().min(TRIED)];
    let mut taken = Vec::new();
    search(amounts, 0, sum, &mut taken).then_some(taken)
}
