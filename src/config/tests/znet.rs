//! Which fields of a purchase hold what the customer typed.

use super::*;
use crate::order::{IntegrationId, PlayerFields};

const PANEL: &str = "7d9c1e0a-5b1e-4a53-9c3e-0d4d1c2b3a49";
const PACKAGE: &str = "1b1e4a53-0000-4a53-9c3e-0d4d1c2b3a49";

#[test]
fn panels_and_packages_may_have_player_fields_of_their_own() {
    let folder = Folder::new(&format!(
        r#"
[znet]
player_fields = "shop"
[[znet.player_fields_for]]
integration = "{PANEL}"
fields = "sheet"
[[znet.player_fields_for]]
integration = "{PANEL}"
package = "{PACKAGE}"
"#
    ));
    let rules = folder
        .load(&[("DATABASE_URL", URL)])
        .unwrap()
        .config
        .znet
        .player;
    let panel = IntegrationId(PANEL.parse().unwrap());
    let package = PACKAGE.parse().unwrap();
    assert_eq!(
        rules.of(panel, package),
        PlayerFields::Shop,
        "as shipped in a block"
    );
    assert_eq!(rules.of(panel, panel.0), PlayerFields::Sheet);
    assert_eq!(
        rules.of(IntegrationId(package), package),
        PlayerFields::Shop
    );
}

#[test]
fn a_rule_without_a_panel_or_for_a_product_that_has_one_is_a_fault() {
    let folder = Folder::new(&format!(
        r#"
[[znet.player_fields_for]]
integration = "panel"
package = "all"
fields = "phone"
[[znet.player_fields_for]]
integration = "{PANEL}"
[[znet.player_fields_for]]
integration = "{PANEL}"
fields = "sheet"
"#
    ));
    let faults = folder.faults(&[("DATABASE_URL", URL)]);
    for fault in [
        "znet.player_fields_for[1].integration must be the id of a panel, a UUID",
        "znet.player_fields_for[1].package must be the id of a package, a UUID",
        "znet.player_fields_for[1].fields must be \"sheet\" or \"shop\"",
        "znet.player_fields_for[3].integration has a block for the same product already",
    ] {
        assert!(faults.contains(fault), "{fault}: {faults}");
    }
}
