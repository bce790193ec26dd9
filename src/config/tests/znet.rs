//! Which fields of a purchase hold what the customer typed, at panels of each kind.

use super::*;
use crate::{
    order::{FieldRule, IntegrationId, OrderField, ParamRule, PlayerFields},
    outbound::Secrecy,
};

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
    let rules = folder.load(&[("DATABASE_URL", URL)]).unwrap().config.player;
    let panel = IntegrationId(PANEL.parse().unwrap());
    let package = PACKAGE.parse().unwrap();
    let rule = |panel, package| rules.fixed(panel, package);
    assert_eq!(
        rule(panel, package),
        FieldRule::Fixed(PlayerFields::Shop),
        "as shipped in a block"
    );
    assert_eq!(rule(panel, panel.0), FieldRule::Fixed(PlayerFields::Sheet));
    assert_eq!(
        rule(IntegrationId(package), package),
        FieldRule::Fixed(PlayerFields::Shop)
    );
}

#[test]
fn each_parameter_has_the_field_that_fills_it() {
    let folder = Folder::new(&format!(
        r#"
[[barakat.param]]
name = "ايدي اللاعب"
[[barakat.param]]
name = " server "
field = "extraField"
integration = "{PANEL}"
package = "{PACKAGE}"
"#
    ));
    let params = folder
        .load(&[("DATABASE_URL", URL)])
        .unwrap()
        .config
        .player
        .params;
    let rule = |name: &str, field, integration, package| ParamRule {
        integration,
        package,
        name: name.to_owned(),
        field,
    };
    let panel = Some(IntegrationId(PANEL.parse().unwrap()));
    let package = Some(PACKAGE.parse().unwrap());
    assert_eq!(
        params,
        [
            rule("ايدي اللاعب", OrderField::UserIdentifier, None, None),
            rule("server", OrderField::ExtraField, panel, package),
        ]
    );
}

#[test]
fn a_parameter_without_a_name_or_with_two_fields_is_a_fault() {
    let folder = Folder::new(&format!(
        r#"
[[barakat.param]]
field = "userIdentifier"
[[barakat.param]]
name = "uid"
field = "password"
[[barakat.param]]
name = "uid"
[[barakat.param]]
name = "zone"
integration = "panel"
[[barakat.param]]
name = "server"
package = "{PACKAGE}"
"#
    ));
    let faults = folder.faults(&[("DATABASE_URL", URL)]);
    for fault in [
        "barakat.param[1].name must be a parameter of the panel's products",
        "barakat.param[2].field must be \"userIdentifier\" or \"extraField\"",
        "barakat.param[3].name has a block for the same products already",
        "barakat.param[4].integration must be the id of a panel, a UUID",
        "barakat.param[5].integration must name the panel beside package",
    ] {
        assert!(faults.contains(fault), "{fault}: {faults}");
    }
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

#[test]
fn plain_http_is_permitted_by_host() {
    let named = |hosts: &str| {
        let text = format!("[znet]\nallow_plain_http = {hosts}\n");
        let folder = Folder::new(&text);
        let loaded = folder.load(&[("DATABASE_URL", URL)]);
        loaded
            .map(|loaded| loaded.config.znet.allow_plain_http)
            .map_err(|_| folder.faults(&[("DATABASE_URL", URL)]))
    };
    let plain = named(r#"["Panel.Example", "10.0.0.7"]"#).unwrap();
    assert_eq!(
        plain.secrecy("http://panel.example:81/"),
        Some(Secrecy::PlainAllowed)
    );
    assert_eq!(
        plain.secrecy("http://10.0.0.8/"),
        Some(Secrecy::PlainRefused)
    );

    let wanted = "orderwatch.toml:2:1: znet.allow_plain_http must be a list of hosts, such as [\"panel.example\"]";
    for wrong in ["true", "\"panel.example\"", "[1]"] {
        let said = named(wrong).unwrap_err();
        assert!(said.starts_with(wanted), "{said}");
    }
    for wrong in ["http://panel.example", "panel.example:81", "*.example", ""] {
        let said = named(&format!("[{wrong:?}]")).unwrap_err();
        let whole = format!("{wanted}, without http:// and without a port");
        assert!(said.starts_with(&whole), "{said}");
    }

    let variable = (
        "ORDERWATCH__ZNET__ALLOW_PLAIN_HTTP",
        "panel.example, fd00::7",
    );
    let plain = load(&[("DATABASE_URL", URL), variable])
        .unwrap()
        .config
        .znet;
    let secrecy = plain.allow_plain_http.secrecy("http://[fd00::7]/");
    assert_eq!(secrecy, Some(Secrecy::PlainAllowed));
}
