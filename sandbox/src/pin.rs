//! PINs that a test can foretell.

use sha2::{Digest, Sha256};

/// A PIN such as `AB12-CD34-EF56-GH78`, a function of its arguments.
pub(super) fn pin(seed: u64, account: &str, reference: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(account.as_bytes());
    hash.update([0]);
    hash.update(reference.as_bytes());
    let mut pin = String::with_capacity(19);

    for (i, byte) in hash.finalize().into_iter().take(16).enumerate() {
        if i > 0 && i % 4 == 0 {
            pin.push('-');
        }
        let (first, symbols) = if i % 4 < 2 { (b'A', 26) } else { (b'0', 10) };
        pin.push(char::from(first + byte % symbols));
    }

    pin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_shape_of_the_sheet() {
        for reference in 0..200_u32 {
            let pin = pin(1, "bayi", &reference.to_string());
            let groups: Vec<_> = pin.split('-').collect();
            assert_eq!(groups.len(), 4, "{pin}");
            for group in groups {
                let (letters, digits) = group.split_at(2);
                assert!(letters.bytes().all(|b| b.is_ascii_uppercase()), "{pin}");
                assert!(digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()));
            }
        }
    }

    #[test]
    fn differs_with_each_argument() {
        let all = [
            pin(1, "a", "1"),
            pin(2, "a", "1"),
            pin(1, "b", "1"),
            pin(1, "a", "2"),
        ];
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(all[0], pin(1, "a", "1"));
    }
}
