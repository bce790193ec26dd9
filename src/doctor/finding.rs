//! What a check found.

use serde::Serialize;
use utoipa::ToSchema;

use crate::telemetry::Secrets;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// As it should be.
    Ok,
    /// Orders flow, but somebody should check it.
    Warn,
    /// It keeps orders from flowing.
    Fail,
    /// Not checked.
    Skipped,
}

/// One finding.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Finding {
    /// The check's name; several findings may have the same.
    pub(crate) check: &'static str,
    /// Which panel or package it is about.
    pub(crate) subject: Option<String>,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// What was found.
    pub(crate) sentence: String,
    /// What to do about it.
    pub(crate) fix: Option<String>,
}

/// Findings in the order in which they are shown.
#[derive(Debug, Default)]
pub(crate) struct Findings(pub(super) Vec<Finding>);

/// What was found, for programs: over the API and by `doctor --json`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Diagnosis {
    /// In the order in which people read them.
    findings: Vec<Finding>,
    /// How many keep orders from flowing.
    failed: usize,
    /// How many somebody should check.
    warnings: usize,
}

impl From<Findings> for Diagnosis {
    fn from(findings: Findings) -> Self {
        Self {
            failed: findings.count(Outcome::Fail),
            warnings: findings.count(Outcome::Warn),
            findings: findings.0,
        }
    }
}

impl Findings {
    pub(crate) fn as_slice(&self) -> &[Finding] {
        &self.0
    }

    pub(crate) fn append(&mut self, mut more: Self) {
        self.0.append(&mut more.0);
    }

    /// Without these secrets.
    pub(super) fn masked(mut self, secrets: &Secrets) -> Self {
        let mask = |text: &mut String| *text = secrets.mask(text).into_owned();
        for finding in &mut self.0 {
            mask(&mut finding.sentence);
            // Names as well: people give them, and may have put anything there.
            finding.subject.iter_mut().for_each(mask);
            finding.fix.iter_mut().for_each(mask);
        }
        self
    }

    fn add(
        &mut self,
        check: &'static str,
        outcome: Outcome,
        sentence: impl Into<String>,
        fix: Option<String>,
    ) -> &mut Finding {
        self.0.push(Finding {
            check,
            subject: None,
            outcome,
            sentence: sentence.into(),
            fix,
        });

        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    pub(crate) fn ok(&mut self, check: &'static str, sentence: impl Into<String>) -> &mut Finding {
        self.add(check, Outcome::Ok, sentence, None)
    }

    pub(super) fn skip(
        &mut self,
        check: &'static str,
        sentence: impl Into<String>,
    ) -> &mut Finding {
        self.add(check, Outcome::Skipped, sentence, None)
    }

    pub(super) fn warn(
        &mut self,
        check: &'static str,
        sentence: impl Into<String>,
        fix: impl Into<String>,
    ) -> &mut Finding {
        self.add(check, Outcome::Warn, sentence, Some(fix.into()))
    }

    pub(super) fn fail(
        &mut self,
        check: &'static str,
        sentence: impl Into<String>,
        fix: impl Into<String>,
    ) -> &mut Finding {
        self.add(check, Outcome::Fail, sentence, Some(fix.into()))
    }

    /// How many ended like this.
    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        self.0
            .iter()
            .filter(|finding| finding.outcome == outcome)
            .count()
    }
}

impl Finding {
    /// Says what it is about.
    pub(super) fn about(&mut self, subject: impl Into<String>) {
        self.subject = Some(subject.into());
    }
}

/// Names for a sentence: the first ones, and how many more there are.
pub(super) fn named(names: &[String]) -> String {
    // A shop may have a thousand packages, and a sentence has room for a few.
    const SHOWN: usize = 5;

    let shown = names.iter().take(SHOWN).map(|name| format!("\"{name}\""));
    let text = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}
