//! The alert rules and `docs/alarms.md` leave out no condition, and the page no alert.

use std::{collections::BTreeSet, fmt::Write as _};

use regex::Regex;

use super::{Case, cases, raised};
use crate::{
    attention::{Kind, Severity, Warning},
    text::{Lang, format::Format},
};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/alarms.md");
const RULES: &str = include_str!("../../../config/prometheus/orderwatch.rules.yml");
const RULE_TESTS: &str = include_str!("../../../config/prometheus/orderwatch.test.yml");

/// An alert of the rules file.
struct Alert {
    name: &'static str,
    /// The conditions on which it depends.
    conditions: Vec<&'static str>,
    /// `None` where it is that of the condition.
    severity: Option<&'static str>,
}

impl Alert {
    fn all() -> Vec<Self> {
        RULES
            .split("- alert: ")
            .skip(1)
            .map(Self::from_rule)
            .collect()
    }

    fn from_rule(rule: &'static str) -> Self {
        let named = Regex::new(r#"\{condition=~?"([a-z_|]+)""#).unwrap();
        let lists = named.captures_iter(rule).map(|found| found.extract());
        let mut conditions: Vec<&str> = lists.flat_map(|(_, [list])| list.split('|')).collect();
        // Held orders are counted by their reason, which the alert names.
        if rule.contains("orderwatch_held_orders") {
            conditions.push(Kind::Held.as_str());
        }

        let mut lines = rule.lines().map(str::trim);
        Self {
            name: lines.next().unwrap(),
            conditions,
            severity: lines.find_map(|line| line.strip_prefix("severity: ")),
        }
    }

    fn is_about(&self, kind: Kind) -> bool {
        self.conditions.contains(&kind.as_str())
    }
}

#[test]
fn every_condition_but_a_notice_has_an_alert() {
    let alerts = Alert::all();
    for (_, kind, severity) in cases() {
        let mut about = alerts.iter().filter(|alert| alert.is_about(kind));
        let fits = |alert: &Alert| alert.severity.is_none_or(|it| it == severity.as_str());
        assert_eq!(
            about.any(fits),
            severity != Severity::Notice,
            "{severity} {}: a rule of its own, or its name in OrderwatchNeedsAttention",
            kind.as_str()
        );
    }

    let kinds: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    for alert in &alerts {
        for condition in &alert.conditions {
            assert!(kinds.contains(condition), "{}: {condition}", alert.name);
        }
    }
}

#[test]
fn every_alert_is_explained_and_tested() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let cells = Regex::new(r"\| `(Orderwatch\w+)` ").unwrap();
    let explained: BTreeSet<&str> = cells
        .captures_iter(&page)
        .map(|found| found.extract::<1>().1[0])
        .collect();
    let alerts = Alert::all();
    let names: BTreeSet<&str> = alerts.iter().map(|alert| alert.name).collect();
    assert_eq!(
        &explained ^ &names,
        BTreeSet::new(),
        "docs/alarms.md explains what is no alert, or leaves one out"
    );

    for name in names {
        let is_fired = RULE_TESTS.contains(&format!("- name: {name}\n"));
        let is_quiet = RULE_TESTS.contains(&format!("alertname: {name}, exp_alerts: [] }}\n"));
        assert!(is_fired && is_quiet, "orderwatch.test.yml: {name}");
    }
}

/// The conditions on the page: each with its severities, its alert, the words of its first situation, and what to do.
fn table_of_conditions() -> String {
    let mut table = String::from(
        "| condition | severity | alert | for example | what to do |\n|---|---|---|---|---|\n",
    );
    let alerts = Alert::all();
    for kind in Kind::ALL {
        let of_kind = |(change, raised_kind, severity): Case| {
            (raised_kind == *kind).then(|| (raised(change).remove(0), severity))
        };
        let found: Vec<(Warning, Severity)> = cases().into_iter().filter_map(of_kind).collect();
        let mut severities: Vec<String> = found.iter().map(|(_, s)| s.to_string()).collect();
        severities.dedup();
        let alert = alerts.iter().find(|alert| alert.is_about(*kind));

        let condition = &found[0].0.condition;
        writeln!(
            table,
            "| `{}` | {} | {} | {} | {} |",
            kind.as_str(),
            severities.join(", "),
            alert.map_or_else(|| "none".to_owned(), |alert| format!("`{}`", alert.name)),
            condition.sentence(&Format::PLAIN),
            condition.fix(Lang::En)
        )
        .unwrap();
    }
    table
}

/// Written anew by `ORDERWATCH_WRITE_DOCS=1 cargo test --lib page_of_alarms`.
#[test]
fn the_page_of_alarms_is_what_the_program_says() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (head, rest) = page.split_once("| condition |").unwrap();
    let (_, tail) = rest.split_once("\n\n").unwrap();
    let wanted = format!("{head}{}\n{tail}", table_of_conditions());

    if std::env::var_os("ORDERWATCH_WRITE_DOCS").is_some() {
        std::fs::write(PAGE, &wanted).unwrap();
        return;
    }
    assert!(
        page == wanted,
        "docs/alarms.md is out of date: ORDERWATCH_WRITE_DOCS=1 cargo test --lib page_of_alarms"
    );
}
