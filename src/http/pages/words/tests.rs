use std::collections::BTreeSet;

use super::*;
use crate::{
    http::pages::lang::{Lang, Say},
    order::{EventKind, HoldReason, Stage},
};

/// The blanks of a text.
fn blanks(text: &str) -> BTreeSet<&str> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
        .collect()
}

fn assert_whole(name: &str, say: Say) {
    for lang in Lang::ALL {
        let text = lang.pick(say);
        assert!(!text.trim().is_empty(), "{name} has no {lang:?}");
        assert_eq!(blanks(text), blanks(say[0]), "{name} in {lang:?}");
        assert_eq!(text.trim(), text, "{name} in {lang:?} has blanks around it");
    }
}

#[test]
fn every_text_is_there_in_every_language_with_the_same_blanks() {
    let groups = [Page::TABLE, Act::TABLE, Unit::TABLE, Range::TABLE];
    for (name, say) in groups.into_iter().flatten() {
        assert_whole(name, *say);
    }
    for value in Stage::ALL {
        assert_whole(value.as_str(), stage(value));
    }
    for value in HoldReason::ALL {
        assert_whole(value.as_str(), hold(value));
        assert_whole(value.as_str(), hold_remedy(value));
    }
    for value in EventKind::ALL {
        assert_whole(value.as_str(), event(value));
    }
}

#[test]
fn sentences_are_arabic_in_arabic() {
    let is_arabic = |text: &str| text.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c));
    for (name, say) in Act::TABLE {
        assert!(is_arabic(say[2]), "{name}");
    }
    for reason in HoldReason::ALL {
        assert!(is_arabic(hold(reason)[2]), "{reason}");
    }
    for kind in EventKind::ALL {
        assert!(is_arabic(event(kind)[2]), "{kind}");
    }
}

#[test]
fn blanks_are_filled_in_once() {
    let fill = |text, blanks| super::fill(text, blanks);
    assert_eq!(fill("{a} of {b}", &[("a", "1"), ("b", "{a}")]), "1 of {a}");
    assert_eq!(fill("a { b", &[]), "a { b");
    assert_eq!(fill("{x}", &[]), "?");
    assert_eq!(fill("", &[]), "");
}
