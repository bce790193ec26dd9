//! Who acts and why, as it is kept for ever with everything that a person does.

/// Longest name and reason that are kept, in characters.
pub(crate) const LONGEST: usize = 500;

/// A text in one line, without blanks around it.
///
/// # Errors
/// When nothing is left of it, or too much, or it holds what is no text.
pub(crate) fn words(text: &str) -> Result<String, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");

    match text.chars().count() {
        0 => Err("must not be empty".to_owned()),
        length if length > LONGEST => Err(format!("must have at most {LONGEST} characters")),
        _ if text.chars().any(char::is_control) => {
            Err("must not hold control characters".to_owned())
        }
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_and_says_something() {
        assert_eq!(words(" a\n b "), Ok("a b".to_owned()));
        assert!(words(" \t ").is_err());
        assert!(words("a\0b").is_err());
        assert!(words(&"x".repeat(LONGEST)).is_ok());
        assert!(words(&"x".repeat(LONGEST + 1)).is_err());
    }
}
