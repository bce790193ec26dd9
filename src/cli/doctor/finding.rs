//! What a check found.

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// As it should be.
    Ok,
    /// Orders flow, but somebody should look at it.
    Warn,
    /// It keeps orders from flowing.
    Fail,
    /// Not looked at.
    Skipped,
}

/// One finding.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    /// The check's name; several findings may have the same.
    pub(super) check: &'static str,
    /// Which panel or package it is about.
    pub(super) subject: Option<String>,
    /// How it ended.
    pub(super) outcome: Outcome,
    /// What was found.
    pub(super) sentence: String,
    /// What to do about it.
    pub(super) remedy: Option<String>,
}

/// Findings in the order in which they are shown.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    fn add(
        &mut self,
        check: &'static str,
        outcome: Outcome,
        sentence: impl Into<String>,
        remedy: Option<String>,
    ) -> &mut Finding {
        self.0.push(Finding {
            check,
            subject: None,
            outcome,
            sentence: sentence.into(),
            remedy,
        });
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    pub(super) fn ok(&mut self, check: &'static str, sentence: impl Into<String>) -> &mut Finding {
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
        remedy: impl Into<String>,
    ) -> &mut Finding {
        self.add(check, Outcome::Warn, sentence, Some(remedy.into()))
    }

    pub(super) fn fail(
        &mut self,
        check: &'static str,
        sentence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> &mut Finding {
        self.add(check, Outcome::Fail, sentence, Some(remedy.into()))
    }

    pub(super) fn append(&mut self, mut more: Self) {
        self.0.append(&mut more.0);
    }

    pub(super) fn count(&self, outcome: Outcome) -> usize {
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
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).map(|name| format!("\"{name}\""));
    let text = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}
