//! Characters that come along when a text is copied, and that nobody sees.

/// The first character of a text that cannot be seen. A blank can: it leaves a gap that people know.
#[must_use]
pub(crate) fn invisible(text: &str) -> Option<char> {
    text.chars().find(|c| is_invisible(*c))
}

/// The first digit of another script: it looks like one of ours and is another character.
#[must_use]
pub(crate) fn foreign_digit(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_numeric() && !c.is_ascii())
}

/// Control characters, white space that is no blank, and what Unicode draws nothing for (the property
/// `Default_Ignorable_Code_Point`): joiners, marks of direction, fillers, variation selectors, tags.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_along_with_a_copied_key_is_found() {
        for c in [
            '\u{feff}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{2060}',
            '\u{a0}',
            '\u{202f}',
            '\u{3000}',
            '\u{ad}',
            '\u{61c}',
            '\u{202a}',
            '\u{202e}',
            '\u{2066}',
            '\u{2069}',
            '\u{2028}',
            '\u{0}',
            '\t',
            '\r',
            '\n',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{fe0f}',
            '\u{e0041}',
            '\u{3164}',
        ] {
            for text in [format!("{c}KEY"), format!("KE{c}Y"), format!("KEY{c}")] {
                assert_eq!(invisible(&text), Some(c), "{:x}", u32::from(c));
            }
        }
    }

    #[test]
    fn what_can_be_seen_is_left_alone() {
        for text in [
            "",
            "bayi 1",
            "p&ş=+%",
            "İĞÜŞÖÇ",
            "مفتاح",
            "ключ",
            "鍵",
            "🔑",
            "a-b_c.d~e",
        ] {
            assert_eq!(invisible(text), None, "{text}");
        }
    }

    #[test]
    fn digits_of_other_scripts_are_found() {
        assert_eq!(foreign_digit("0123456789 bayi"), None);
        for (text, want) in [("1٠7", '٠'), ("１07703", '１'), ("107۷", '۷'), ("x²", '²')] {
            assert_eq!(foreign_digit(text), Some(want));
        }
    }
}
