//! What the role may do besides: a mistake, or whoever gets hold of its password, could do that, too.

use super::{finding::Findings, rights};
use crate::store::{RoleFacts, Store, StoreError};

/// Tables that are named; of the others only the number is given.
const NAMED: usize = 6;
const FIX: &str = "Run config/roles.sql as the database's owner, let database.url name a member of orderwatch_daemon, and migrate as a member of orderwatch_migrator.";

pub(super) async fn check(store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let facts = store.role_facts(&rights::allowed()).await?;
    report(&facts, findings);
    Ok(())
}

fn report(facts: &RoleFacts, findings: &mut Findings) {
    let role = &facts.role;
    let beyond = beyond(facts);
    if beyond.is_empty() {
        let text = format!("The role {role} may do what the work needs, and nothing else.");
        findings.ok("role", text);
        return;
    }

    // A warning: it works, but a mistake could then do more than the work needs.
    findings.warn(
        "role",
        format!(
            "The role {role} may do more than the work needs: {}.",
            beyond.join("; ")
        ),
        FIX,
    );
}

fn beyond(facts: &RoleFacts) -> Vec<String> {
    // Of somebody who may do everything, nothing else is worth saying.
    if facts.superuser {
        return vec!["it is a superuser, who may change and delete everything".to_owned()];
    }

    let mut beyond = Vec::new();
    if !facts.owns.is_empty() {
        beyond.push(format!(
            "change and drop {}, which it owns",
            some(&facts.owns)
        ));
    }
    if !facts.may.is_empty() {
        beyond.push(some(&facts.may));
    }
    if !facts.makes_in.is_empty() {
        beyond.push(format!(
            "make tables and functions in schema {}",
            facts.makes_in.join(" and ")
        ));
    }
    if facts.makes_roles {
        beyond.push("make other roles".to_owned());
    }

    beyond
}

fn some(all: &[String]) -> String {
    let named = all.iter().take(NAMED).cloned().collect::<Vec<_>>();
    let named = named.join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Outcome;

    fn said(facts: &RoleFacts) -> (Outcome, String) {
        let mut findings = Findings::default();
        report(facts, &mut findings);
        let found = &findings.as_slice()[0];
        assert_eq!(found.fix.is_some(), found.outcome == Outcome::Warn);
        (found.outcome, found.sentence.clone())
    }

    fn daemon() -> RoleFacts {
        RoleFacts {
            role: "orderwatch".to_owned(),
            ..RoleFacts::default()
        }
    }

    #[test]
    fn a_role_that_may_what_it_needs_is_sound_and_anything_more_is_named() {
        assert_eq!(said(&daemon()).0, Outcome::Ok);

        let all = |name: &str| (1..=8).map(|n| format!("{name} {n}")).collect::<Vec<_>>();
        for (facts, words) in [
            (
                RoleFacts {
                    superuser: true,
                    owns: all("public.t"),
                    ..daemon()
                },
                "needs: it is a superuser, who may change and delete everything.",
            ),
            (
                RoleFacts {
                    owns: all("public.t"),
                    ..daemon()
                },
                "needs: change and drop public.t 1, public.t 2, public.t 3, public.t 4, public.t 5, public.t 6 and 2 more, which it owns.",
            ),
            (
                RoleFacts {
                    may: vec!["DELETE, TRUNCATE on public.product_orders".to_owned()],
                    makes_in: vec!["public".to_owned()],
                    makes_roles: true,
                    ..daemon()
                },
                "needs: DELETE, TRUNCATE on public.product_orders; make tables and functions in schema public; make other roles.",
            ),
        ] {
            let (outcome, sentence) = said(&facts);
            assert_eq!(outcome, Outcome::Warn);
            assert!(sentence.ends_with(words), "{sentence}");
        }
    }
}
