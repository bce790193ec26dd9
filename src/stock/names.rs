//! The several ways in which one product's barcode is written.
//!
//! The rules are those of the warehouse's application: an alias stands for its main barcode, and a barcode
//! that differs from a product's only in case or in Turkish letters (`ş`, `s`) is that product's. What must
//! stay true: what is counted is counted under the product's barcode; what is pushed is pushed under the
//! barcode that Trendyol lists. An alias that is missed sells units twice.

use std::collections::HashMap;

use super::Barcode;

/// Which barcodes mean the same product.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    aliases: HashMap<String, String>,
    /// Barcodes with letters, by what is left of them without case and Turkish letters.
    folded: HashMap<String, Vec<String>>,
    folded_aliases: HashMap<String, String>,
}

impl Names {
    /// `aliases` with their main barcodes, and the barcodes of the products that have letters; of two
    /// that differ in nothing else, the first.
    #[must_use]
    pub(crate) fn new(
        aliases: impl IntoIterator<Item = (String, String)>,
        barcodes: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut names = Self::default();

        for (alias, main) in aliases {
            let (alias, main) = (bare(&alias), bare(&main));
            // An empty alias would turn every line without a barcode into a sale of that product.
            if !alias.is_empty() && !main.is_empty() && alias != main {
                let folded = fold(&alias);
                names
                    .folded_aliases
                    .entry(folded)
                    .or_insert_with(|| main.clone());
                names.aliases.insert(alias, main);
            }
        }

        for barcode in barcodes {
            let barcode = bare(&barcode);
            let known = names.folded.entry(fold(&barcode)).or_default();
            if !known.contains(&barcode) {
                known.push(barcode);
            }
        }

        names
    }

    /// The barcode under which a product is counted.
    #[must_use]
    pub(crate) fn main(&self, barcode: &str) -> String {
        let barcode = bare(barcode);
        if let Some(main) = self.aliases.get(&barcode) {
            return main.clone();
        }
        // Digits have neither case nor Turkish letters: nothing else can be meant.
        if barcode.bytes().all(|byte| byte.is_ascii_digit()) {
            return barcode;
        }

        let folded = fold(&barcode);
        let alike = self.folded.get(&folded).map_or(&[][..], Vec::as_slice);
        let lower = barcode.to_lowercase();
        // From the least guess to the largest: two products may differ in case only.
        let found = alike
            .iter()
            .find(|known| **known == barcode)
            .or_else(|| alike.iter().find(|known| known.to_lowercase() == lower))
            .or_else(|| alike.first())
            .or_else(|| self.folded_aliases.get(&folded));

        found.cloned().unwrap_or(barcode)
    }

    /// Every way of writing a main barcode that may stand in the warehouse's tables, [folded](fold).
    #[must_use]
    pub(crate) fn written(&self, main: &str) -> Vec<String> {
        let aliases = self.aliases.iter().filter(|(_, of)| *of == main);
        let mut written: Vec<String> = aliases.map(|(alias, _)| fold(alias)).collect();
        written.push(fold(main));
        written
    }
}

/// As [`Barcode`] keeps it, where it can be one.
fn bare(text: &str) -> String {
    Barcode::parse(text).map_or_else(
        |_| text.chars().filter(|c| !c.is_whitespace()).collect(),
        |barcode| barcode.as_str().to_owned(),
    )
}

/// What is left of a barcode without blanks, case and Turkish letters.
#[must_use]
pub(crate) fn fold(text: &str) -> String {
    let text = bare(text);
    let plain = |c| match c {
        'ç' => 'c',
        'ğ' => 'g',
        'ı' => 'i',
        'ö' => 'o',
        'ş' => 's',
        'ü' => 'u',
        'Ç' => 'C',
        'Ğ' => 'G',
        'İ' => 'I',
        'Ö' => 'O',
        'Ş' => 'S',
        'Ü' => 'U',
        other => other,
    };

    text.chars().map(plain).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(aliases: &[(&str, &str)], barcodes: &[&str]) -> Names {
        let pair = |(alias, main): &(&str, &str)| ((*alias).to_owned(), (*main).to_owned());
        Names::new(
            aliases.iter().map(pair),
            barcodes.iter().map(|barcode| (*barcode).to_owned()),
        )
    }

    #[test]
    fn barcodes_mean_what_the_warehouse_application_takes_them_for() {
        let names = names(
            &[
                ("ALIAS0000001", "8690000000000"),
                ("8690000000099", "8690000000000"),
                // Of an alias nothing is asked further.
                ("CHAIN", "ALIAS0000001"),
                ("SELF", "SELF"),
                ("TWIN", "OTHER"),
            ],
            &[
                "güllüayakkabı5234",
                "TSH-201",
                "Twin",
                "şal1",
                "sal1",
                "TSH-201",
            ],
        );
        for (barcode, want) in [
            ("8690000000000", "8690000000000"),
            (" 869 0000000000 ", "8690000000000"),
            ("ALIAS0000001", "8690000000000"),
            (" ALIAS 0000001", "8690000000000"),
            ("8690000000099", "8690000000000"),
            ("CHAIN", "ALIAS0000001"),
            ("SELF", "SELF"),
            // An alias goes before a product, an exact product before one in another case.
            ("TWIN", "OTHER"),
            ("twin", "Twin"),
            ("tsh-201", "TSH-201"),
            ("gulluayakkabi5234", "güllüayakkabı5234"),
            ("Gulluayakkabı5234", "güllüayakkabı5234"),
            ("GÜLLÜAYAKKABI5234", "güllüayakkabı5234"),
            ("GÜLLÜAYAKKABİ5234", "güllüayakkabı5234"),
            ("sal1", "sal1"),
            ("SAL1", "sal1"),
            ("ŞAL1", "şal1"),
            // Written in another case than the alias, where no product is meant.
            ("alias0000001", "8690000000000"),
            ("unknown-1", "unknown-1"),
            ("0012", "0012"),
            // None that Trendyol takes.
            (" a / b ", "a/b"),
            ("", ""),
        ] {
            assert_eq!(names.main(barcode), want, "{barcode:?}");
        }
        let mut written = names.written("8690000000000");
        written.sort();
        assert_eq!(written, ["8690000000000", "8690000000099", "alias0000001"]);
    }

    #[test]
    fn without_a_table_of_names_every_barcode_is_its_own() {
        let names = Names::default();
        for barcode in ["8690000000000", "TSH-201", "tsh-201", "şal1"] {
            assert_eq!(names.main(barcode), barcode);
        }
    }
}
