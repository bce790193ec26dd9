//! What must not be seen in a text that people may see.

/// Shorter codes may stand in a text by chance.
const SHORTEST_CODE: usize = 8;
/// What is longer is a long answer that repeats itself, and may begin like another part of it.
const LONGEST_CODE: usize = 1024;

/// Fails when a text holds one of these secrets.
pub(crate) fn hides(shown: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} is shown: {shown}");
    }
}

/// The same whatever the case: panels write names as they like.
pub(crate) fn hides_in_any_case(shown: &str, secrets: &[&str]) {
    hides(&shown.to_ascii_lowercase(), secrets);
}

/// Fails when one of the codes in `pin` (`A / B`) is a word of a text.
pub(crate) fn hides_code(shown: &str, pin: &str) {
    let in_code = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let codes = pin.split(" / ").map(str::trim);
    let plain = codes.filter(|code| {
        code.len() >= SHORTEST_CODE && code.chars().all(in_code) && !repeats_itself(code)
    });

    let plain: Vec<&str> = plain.collect();
    for word in shown.split(|c| !in_code(c)) {
        assert!(!plain.contains(&word), "the code {word} is shown: {shown}");
    }

    // The end of a text that was cut may be the most of a code.
    let last = shown
        .strip_suffix('…')
        .and_then(|text| text.rsplit(|c| !in_code(c)).next());
    let last = last.filter(|word| word.len() >= SHORTEST_CODE);
    let begins =
        |code: &&str| code.len() <= LONGEST_CODE && last.is_some_and(|word| code.starts_with(word));
    assert!(
        !plain.iter().any(begins),
        "the most of a code is shown: {shown}"
    );
}

/// Of such a code the part that may be shown can be the whole again, with what follows it.
fn repeats_itself(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes[4..] == bytes[..bytes.len() - 4]
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn what_is_shown_fails() {
        let any_case =
            |text: &'static str| catch_unwind(|| hides_in_any_case(text, &["x9", "bayi-4711"]));
        assert!(any_case("kod=BAYI-4711&x").is_err() && any_case("kod=***").is_ok());
        assert!(catch_unwind(|| hides("kod=bayi-4711", &["bayi-4711"])).is_err());

        let pin = "AB12-CD34 / EF56-GH78";
        assert!(catch_unwind(|| hides_code("kod EF56-GH78.", pin)).is_err());
        assert!(catch_unwind(|| hides_code("kod AB12-CD3…", "AB12-CD34-EF56")).is_err());
        assert!(catch_unwind(|| hides_code("kod ****-GH78 xAB12-CD34", pin)).is_ok());
    }
}
