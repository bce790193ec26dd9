//! axe-core over a page: nothing serious or critical may be found.

use std::{path::PathBuf, sync::LazyLock};

use serde_json::Value;

use super::browser::Browser;

/// Set by `scripts/with-browser`: where axe-core's script lies.
const SCRIPT: &str = "ORDERWATCH_AXE";

static AXE: LazyLock<Option<String>> = LazyLock::new(|| {
    let Some(path) = std::env::var_os(SCRIPT).map(PathBuf::from) else {
        println!("not checked for accessibility: `scripts/with-browser` brings axe-core");
        return None;
    };
    Some(std::fs::read_to_string(path).expect("axe-core cannot be read"))
});

const LOOK: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(
        (found) => done(found.violations
            .filter((one) => one.impact === 'serious' || one.impact === 'critical')
            .map((one) => `${one.impact} ${one.id}: ${one.help}: `
                + one.nodes.slice(0, 3).map((node) => node.html + ' ' + node.failureSummary).join(' | '))),
        (error) => done(['axe failed: ' + error]));";

/// Looks at the page that is open.
pub(crate) async fn assert_accessible(browser: &Browser, place: &str) {
    let Some(axe) = &*AXE else { return };
    browser.run(axe).await;
    let found = browser.call_back(LOOK).await;
    assert_eq!(found, Value::Array(Vec::new()), "{place}: {found:#}");
}

/// What can be tapped and is too small for a thumb: 44 CSS pixels. Links within a sentence or a table have the
/// height of their line.
const SMALL: &str = "[...document.querySelectorAll(
        'button, .button, select, summary, input:not([type=hidden]):not([type=checkbox]), label.select, nav a, .brand')]
    .filter((one) => one.getClientRects().length)
    .map((one) => [one.outerHTML.slice(0, 100), one.getBoundingClientRect()])
    .filter(([, box]) => box.height < 43.5 || box.width < 43.5)
    .map(([html, box]) => `${Math.round(box.width)}×${Math.round(box.height)} ${html}`)";

/// A thumb finds everything on the page that is open.
pub(crate) async fn assert_tappable(browser: &Browser, place: &str) {
    let small = browser.eval(SMALL).await;
    assert_eq!(small, Value::Array(Vec::new()), "{place}: {small:#}");
}
