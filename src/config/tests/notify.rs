//! Lists of sections, by the addresses of `[[notify.webhook]]`.

use super::*;

/// The example key of the specification.
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn addresses_to_tell_are_blocks_of_the_file() {
    let folder = Folder::new(&format!(
        r#"
[[notify.webhook]]
name = "shop"
url = "https://hook:p4ssw0rd@shop.example/hooks?auth=t0p-s3cr3t"
secret = "{KEY}"
previous_secret_file = "old-key"
tenant = "7d9c1e0a-5b1e-4a53-9c3e-0d4d1c2b3a49"

[[notify.webhook]]
name = "books"
url = "http://books:3000/"
secret_file = "key"
timeout = "3s"
"#
    ));
    let other = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0";
    folder.secret("old-key", other.as_bytes(), 0o600);
    folder.secret("key", KEY.as_bytes(), 0o600);
    let loaded = folder.load(&[("DATABASE_URL", URL)]).unwrap();
    let [shop, books] = &loaded.config.notify.webhooks[..] else {
        panic!("two blocks");
    };
    assert_eq!(shop.endpoint.name, "shop");
    assert_eq!(
        (shop.endpoint.keys.len(), shop.endpoint.timeout),
        (2, secs(15))
    );
    assert!(shop.tenant.is_some() && books.tenant.is_none());
    assert_eq!(
        (books.endpoint.keys.len(), books.endpoint.timeout),
        (1, secs(3))
    );
    assert_eq!(shop.endpoint.keys[0], books.endpoint.keys[0]);

    let secrets = loaded.config.secrets();
    for hidden in ["p4ssw0rd", "t0p-s3cr3t", &KEY[6..], &other[6..]] {
        assert!(
            secrets.iter().any(|s| s.expose_secret() == hidden),
            "{hidden}"
        );
        let printed = format!("{loaded:?}");
        assert!(!printed.contains(hidden), "{hidden} in {printed}");
    }
    let listed = loaded
        .settings
        .iter()
        .filter(|s| s.key.starts_with("notify"));
    let listed: Vec<String> = listed.map(|s| format!("{} = {}", s.key, s.value)).collect();
    insta::assert_snapshot!(listed.join("\n"), @r#"
notify.webhook[1].name = "shop"
notify.webhook[1].url = "https://hook:***@shop.example/hooks?***"
notify.webhook[1].secret = ***
notify.webhook[1].secret_file = ""
notify.webhook[1].previous_secret = ""
notify.webhook[1].previous_secret_file = "old-key"
notify.webhook[1].tenant = "7d9c1e0a-5b1e-4a53-9c3e-0d4d1c2b3a49"
notify.webhook[1].timeout = "15s"
notify.webhook[2].name = "books"
notify.webhook[2].url = "http://books:3000/"
notify.webhook[2].secret = ""
notify.webhook[2].secret_file = "key"
notify.webhook[2].previous_secret = ""
notify.webhook[2].previous_secret_file = ""
notify.webhook[2].tenant = ""
notify.webhook[2].timeout = "3s"
"#);
}

#[test]
fn every_fault_of_a_block_is_named_with_its_line() {
    let folder = Folder::new(
        r#"
[[notify.webhook]]
name = "shop"
url = "http://shop.example/hooks?auth=t0p-s3cr3t"
secret = "t0p-s3cr3t"
secert_file = "x"
timeout = "1m"

[[notify.webhook]]
name = "shop"
url = "t0k3n@shop"
secret = "whsec_dG9vIHNob3J0"
previous_secret = "whsec_???"
tenant = "acme"

[[notify.webhook]]

[notify.webhooks]
"#,
    );
    let environment = [
        ("DATABASE_URL", URL),
        ("ORDERWATCH__NOTIFY__WEBHOOK__SECRET", "t0p-s3cr3t"),
        ("ORDERWATCH__NOTIFY__WEBHOOK", "x"),
        ("ORDERWATCH__RETENTION__EVENTS", "1h"),
        ("ORDERWATCH__BALANCE__WARN_BELOW", "-1"),
    ];
    let faults = folder.faults(&environment);
    assert!(
        !faults.contains("t0p-s3cr3t") && !faults.contains("t0k3n"),
        "{faults}"
    );
    insta::assert_snapshot!(faults, @r#"
orderwatch.toml:4:1: notify.webhook[1].url must begin with https://; http is for this machine and private networks
orderwatch.toml:5:1: notify.webhook[1].secret must begin with whsec_
orderwatch.toml:6:1: notify.webhook[1].secert_file is not known; did you mean notify.webhook.secret_file?
orderwatch.toml:7:1: notify.webhook[1].timeout must be at most 30s
orderwatch.toml:10:1: notify.webhook[2].name must be unique, not "shop"
orderwatch.toml:11:1: notify.webhook[2].url must be an address such as https://shop.example/webhooks
orderwatch.toml:12:1: notify.webhook[2].secret must hold 24 to 64 bytes behind whsec_, not 9
orderwatch.toml:13:1: notify.webhook[2].previous_secret must be whsec_ and base64
orderwatch.toml:14:1: notify.webhook[2].tenant must be a "tenantId", a UUID, not "acme"
orderwatch.toml:16:1: notify.webhook[3].name must be 1 to 64 letters, digits, - or _, not ""
orderwatch.toml:16:1: notify.webhook[3].secret is required; set it or secret_file
orderwatch.toml:16:1: notify.webhook[3].url must be an address such as https://shop.example/webhooks
orderwatch.toml:18:9: notify.webhooks is not known; did you mean notify.webhook?
$ORDERWATCH__BALANCE__WARN_BELOW: balance.warn_below must be a sum of money, such as "2500.00", not "-1"
$ORDERWATCH__NOTIFY__WEBHOOK: notify.webhook cannot be set here; write [[notify.webhook]] in the file
$ORDERWATCH__NOTIFY__WEBHOOK__SECRET: notify.webhook.secret cannot be set here; write [[notify.webhook]] in the file
$ORDERWATCH__RETENTION__EVENTS: retention.events must be at least 1day, not "1h"
"#);
    let not_a_list = Folder::new("[notify]\nwebhook = [\"x\"]\n");
    insta::assert_snapshot!(not_a_list.faults(&[("DATABASE_URL", URL)]), @r#"
orderwatch.toml:2:1: notify.webhook is a list of sections; write [[notify.webhook]]
"#);
    let a_section = Folder::new("[notify.webhook]\nname = \"x\"\n");
    insta::assert_snapshot!(a_section.faults(&[("DATABASE_URL", URL)]), @r#"
orderwatch.toml:1:9: notify.webhook is a list of sections; write [[notify.webhook]]
"#);
}

/// The blocks that are commented out are the only lines that begin with `#` and no blank.
#[test]
fn the_shipped_file_with_its_blocks_in_use_asks_for_what_has_no_default() {
    let used = defaults::SHIPPED
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => setting,
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n");
    let faults = Folder::new(&used).faults(&[("DATABASE_URL", URL)]);
    let keys: Vec<&str> = faults
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    assert_eq!(
        keys,
        [
            "znet.player_fields_for[1].integration",
            "barakat.param[1].name",
            "notify.webhook[1].name",
            "notify.webhook[1].url",
            "notify.webhook[1].secret"
        ]
    );
}
