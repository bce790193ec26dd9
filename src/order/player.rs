//! The player fields of a purchase, from what the customer typed.

/// What a purchase says about the player (source: `znet.md`, "Player fields").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Player {
    /// `oyuncu_bilgi`.
    pub player_id: String,
    /// `musteri_tel`, when the order has a telephone number.
    pub phone: Option<String>,
}

/// Puts `userIdentifier` and `extraField` into the panel's fields.
///
/// Returns `None` when there is no player id: such an order is not sent.
#[must_use]
pub fn player_fields(user_identifier: Option<&str>, extra: Option<&str>) -> Option<Player> {
    let id = user_identifier.map(str::trim).filter(|id| !id.is_empty())?;
    let extra = extra.map(str::trim).filter(|extra| !extra.is_empty());
    Some(match extra {
        Some(extra) if is_phone(extra) => Player {
            player_id: id.to_owned(),
            phone: Some(extra.to_owned()),
        },
        Some(extra) => Player {
            player_id: format!("{extra} {id}"),
            phone: None,
        },
        None => Player {
            player_id: id.to_owned(),
            phone: None,
        },
    })
}

/// An optional `+` and 9 to 15 digits.
fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (9..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_follow_the_protocol_sheet() {
        for (id, extra, want) in [
            (Some("123"), None, Some(("123", None))),
            (Some(" 123 "), Some("  "), Some(("123", None))),
            (
                Some("123"),
                Some("+905551112233"),
                Some(("123", Some("+905551112233"))),
            ),
            (
                Some("123"),
                Some("905551112"),
                Some(("123", Some("905551112"))),
            ),
            (Some("123"), Some("12345678"), Some(("12345678 123", None))),
            (
                Some("123"),
                Some("1234567890123456"),
                Some(("1234567890123456 123", None)),
            ),
            (Some("123"), Some("Zone 2"), Some(("Zone 2 123", None))),
            (Some("   "), Some("+905551112233"), None),
            (None, Some("x"), None),
        ] {
            let got = player_fields(id, extra);
            let got = got
                .as_ref()
                .map(|p| (p.player_id.as_str(), p.phone.as_deref()));
            assert_eq!(got, want, "{id:?} {extra:?}");
        }
    }
}
