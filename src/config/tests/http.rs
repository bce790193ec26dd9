use super::*;

const TOKEN: &str = "a-token-of-20-letters";

fn set(values: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let url = ("DATABASE_URL", URL);
    [url].into_iter().chain(values.iter().copied()).collect()
}

#[test]
fn other_machines_are_only_let_in_with_a_token() {
    for listen in ["0.0.0.0:8787", "[::]:8787", "192.168.1.5:80"] {
        let open = set(&[("ORDERWATCH__HTTP__LISTEN", listen)]);
        let said = faults(&open);
        assert!(
            said.contains("$ORDERWATCH__HTTP__LISTEN: http.listen does not fit"),
            "{said}"
        );
        assert!(said.contains("no http.token is set"), "{said}");
        let mut shut = open.clone();
        shut.push(("ORDERWATCH__HTTP__TOKEN", TOKEN));
        assert!(load(&shut).is_ok());
        let mut off = open;
        off.push(("ORDERWATCH__HTTP__ENABLED", "false"));
        assert!(load(&off).is_ok());
    }
    for listen in [
        "127.0.0.1:0",
        "127.8.8.8:1",
        "[::1]:8787",
        "[::ffff:127.0.0.1]:8787",
    ] {
        assert!(
            load(&set(&[("ORDERWATCH__HTTP__LISTEN", listen)])).is_ok(),
            "{listen}"
        );
    }
}

#[test]
fn faults_of_the_address_and_the_token_are_named_without_the_token() {
    let said = faults(&set(&[
        ("ORDERWATCH__HTTP__LISTEN", "8787"),
        ("ORDERWATCH__HTTP__TOKEN", "kanarya"),
        ("ORDERWATCH__HTTP__TIME_ZONE", "Istanbul"),
    ]));
    insta::assert_snapshot!(said);
    for (bad, words) in [
        ("with a blank in it", "must consist of ASCII"),
        ("t\u{fc}rk\u{e7}e-uzun-bir-token", "must consist of ASCII"),
        (
            "\u{7}seven-and-more-letters",
            "holds a character that no key has (U+0007)",
        ),
    ] {
        let said = faults(&set(&[("ORDERWATCH__HTTP__TOKEN", bad)]));
        assert!(said.contains(&format!("http.token {words}")), "{said}");
        assert!(!said.contains(bad), "{said}");
    }
}
