//! Writes JSON text field by field, in the order of the calls.
//!
//! By hand, because the real bodies hold numbers that no integer type has room for and amounts
//! that must not pass through a float, and because each package is written once and then copied.

use std::fmt::Display;

/// Which generation of field names is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// Those of the present documents.
    #[default]
    New,
    /// Those from before the renaming of 2026, which references and captures still show.
    Old,
}

impl Names {
    fn pick(self, key: &str) -> &str {
        match self {
            Self::New => key,
            Self::Old => old(key),
        }
    }
}

fn old(key: &str) -> &str {
    match key {
        "shipmentPackageId" | "lineId" | "claimId" => "id",
        "stockCode" => "merchantSku",
        "sellerId" => "merchantId",
        "contentId" => "productCode",
        "vatRate" => "vatBaseAmount",
        "lineGrossAmount" => "amount",
        "lineSellerDiscount" => "discount",
        "lineTyDiscount" => "tyDiscount",
        "lineItemSellerDiscount" => "lineItemDiscount",
        "lineUnitPrice" => "price",
        "packageGrossAmount" => "grossAmount",
        "packageSellerDiscount" => "totalDiscount",
        "packageTyDiscount" => "totalTyDiscount",
        "packageTotalPrice" => "totalPrice",
        other => other,
    }
}

/// A JSON object as text.
pub(super) fn object(names: Names, fields: impl FnOnce(&mut Object<'_>)) -> String {
    let mut out = String::with_capacity(256);
    write_object(&mut out, names, fields);
    out
}

/// An object that is being written.
pub(super) struct Object<'a> {
    out: &'a mut String,
    names: Names,
    first: bool,
}

impl Object<'_> {
    /// A string.
    pub(super) fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key);
        quote(self.out, value);
        self
    }

    /// A number, a boolean, `null`, or JSON that is already written.
    pub(super) fn raw(&mut self, key: &str, value: impl Display) -> &mut Self {
        self.key(key);
        self.out.push_str(&value.to_string());
        self
    }

    /// Several fields that are `null`.
    pub(super) fn nulls(&mut self, keys: &[&str]) -> &mut Self {
        for key in keys {
            self.raw(key, "null");
        }
        self
    }

    /// An object within.
    pub(super) fn object(&mut self, key: &str, fields: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.key(key);
        write_object(self.out, self.names, fields);
        self
    }

    /// A list of objects.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut fields: impl FnMut(&mut Object<'_>, T),
    ) -> &mut Self {
        self.key(key);
        self.out.push('[');

        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                self.out.push(',');
            }
            write_object(self.out, self.names, |object| fields(object, item));
        }
        self.out.push(']');

        self
    }

    /// A list of strings.
    pub(super) fn texts<'t>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = &'t str>,
    ) -> &mut Self {
        self.key(key);
        self.out.push('[');

        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                self.out.push(',');
            }
            quote(self.out, item);
        }
        self.out.push(']');

        self
    }

    /// A list of values that are already written as JSON.
    pub(super) fn written<'t>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = &'t str>,
    ) -> &mut Self {
        self.key(key);
        self.out.push('[');

        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                self.out.push(',');
            }
            self.out.push_str(item);
        }
        self.out.push(']');

        self
    }

    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        quote(self.out, self.names.pick(key));
        self.out.push(':');
    }
}

fn write_object(out: &mut String, names: Names, fields: impl FnOnce(&mut Object<'_>)) {
    out.push('{');
    fields(&mut Object {
        out,
        names,
        first: true,
    });
    out.push('}');
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            control if control < ' ' => out.extend(escape(control)),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// A control character as four hexadecimal digits.
fn escape(control: char) -> impl Iterator<Item = char> {
    let code = u32::from(control);
    let digits = [12, 8, 4, 0].map(|shift| char::from_digit((code >> shift) & 15, 16));
    "\\u".chars().chain(digits.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(names: Names) -> String {
        object(names, |o| {
            o.text("lineId", "a\"b\\c\nş\u{1f}").raw("vatRate", 20);
            o.raw("n", "72602420957047272632").nulls(&["x", "y"]);
            o.list("l", [1, 2], |o, n| {
                o.raw("contentId", n);
            });
            o.texts("t", ["p", "q"]).written("w", ["{}", "1"]);
            o.object("e", |_| {});
        })
    }

    #[test]
    fn writes_json_that_reads_back_and_keeps_long_numbers() {
        let text = sample(Names::New);
        assert!(text.contains(r#""n":72602420957047272632,"#), "{text}");
        let short = text.replace("72602420957047272632", "7");
        let read: serde_json::Value = serde_json::from_str(&short).unwrap();
        let want = serde_json::json!({
            "lineId": "a\"b\\c\nş\u{1f}", "vatRate": 20, "n": 7, "x": null, "y": null,
            "l": [{"contentId": 1}, {"contentId": 2}], "t": ["p", "q"], "w": [{}, 1], "e": {}
        });
        assert_eq!(read, want);
    }

    #[test]
    fn writes_the_old_names_where_they_differ() {
        let text = sample(Names::Old);
        for key in [r#"{"id":"#, r#""vatBaseAmount":20"#, r#""productCode":1"#] {
            assert!(text.contains(key), "{key} in {text}");
        }
    }
}
