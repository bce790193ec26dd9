use proptest::prelude::*;

use super::*;

fn row(details: Option<&str>, product_barcode: Option<&str>, quantity: Option<i32>) -> OrderRow {
    OrderRow {
        table: "orders_created".to_owned(),
        id: 7,
        order_number: "4711".to_owned(),
        details: details.map(str::to_owned),
        product_barcode: product_barcode.map(str::to_owned),
        quantity,
    }
}

/// What is reserved, and what is said: `+` the units are counted all the same, `-` they are lost.
fn shown(row: &OrderRow) -> (String, Vec<String>) {
    let reading = row.read();
    let lines: Vec<String> = reading
        .lines
        .iter()
        .map(|(barcode, quantity)| format!("{barcode}×{quantity}"))
        .collect();
    let data_warnings = reading.data_warnings.iter();
    let said = data_warnings
        .map(|odd| format!("{}{}", if odd.lost { "-" } else { "+" }, odd.problem))
        .collect();
    (lines.join(" "), said)
}

/// `details`, `product_barcode` and `quantity`; what is reserved; what is said.
type Case = (
    (Option<&'static str>, Option<&'static str>, Option<i32>),
    &'static str,
    &'static [&'static str],
);

/// Every warning that `tests/fixtures/legacy-schema.sql` names, and those next to them.
const CASES: &[Case] = &[
    // As the application writes it today.
    (
        (
            Some(
                r#"[{"barcode":"8699","quantity":2,"line_id":1,"shipmentPackageId":5},{"barcode":"TSH-1","quantity":1}]"#,
            ),
            None,
            None,
        ),
        "8699×2 TSH-1×1",
        &[],
    ),
    // Older rows: one object.
    (
        (Some(r#"{"barcode":"8699","quantity":1}"#), None, None),
        "8699×1",
        &[],
    ),
    // The most that is believed, and more than that.
    (
        (Some(r#"[{"barcode":"8699","quantity":20000}]"#), None, None),
        "8699×20000",
        &[],
    ),
    (
        (Some(r#"[{"barcode":"8699","quantity":20001}]"#), None, None),
        "8699×1",
        &["+line 1 (8699): its quantity is too large to be true; 1 reserved"],
    ),
    // Quantity as text, with blanks, with decimals.
    (
        (Some(r#"[{"barcode":"8699","quantity":"2"}]"#), None, None),
        "8699×2",
        &[],
    ),
    (
        (
            Some(r#"[{"barcode":"8699","quantity":" 3.0 "}]"#),
            None,
            None,
        ),
        "8699×3",
        &[],
    ),
    (
        (Some(r#"[{"barcode":"8699","quantity":2.0}]"#), None, None),
        "8699×2",
        &[],
    ),
    (
        (Some(r#"[{"barcode":"8699","quantity":"1,5"}]"#), None, None),
        "8699×2",
        &[],
    ),
    // Blanks around and in the barcode; a barcode as number.
    (
        (Some(r#"[{"barcode":" 86 99\t","quantity":1}]"#), None, None),
        "8699×1",
        &[],
    ),
    (
        (
            Some(r#"[{"barcode":8699000000001,"quantity":1}]"#),
            None,
            None,
        ),
        "8699000000001×1",
        &[],
    ),
    // No barcode, with and without one in the row's column.
    (
        (
            Some(r#"[{"barcode":null,"quantity":2}]"#),
            Some(" 8699 "),
            Some(2),
        ),
        "8699×2",
        &["+it has no barcode; product_barcode was taken instead"],
    ),
    (
        (Some(r#"[{"barcode":null,"quantity":2}]"#), None, Some(2)),
        "",
        &["-line 1: it has no barcode"],
    ),
    (
        (
            Some(r#"[{"barcode":null,"quantity":2},{"barcode":"8699","quantity":1}]"#),
            Some("8699"),
            Some(3),
        ),
        "8699×1",
        &["-line 1: it has no barcode"],
    ),
    (
        (Some(r#"[{"barcode":"a/b","quantity":2}]"#), None, None),
        "",
        &["-line 1: the barcode holds '/', which Trendyol does not take"],
    ),
    (
        (Some(r#"[{"barcode":8.699e12,"quantity":2}]"#), None, None),
        "",
        &["-line 1: its barcode is neither text nor a whole number"],
    ),
    // Quantities that are none.
    (
        (Some(r#"[{"barcode":"8699"}]"#), None, None),
        "8699×1",
        &["+line 1 (8699): it has no quantity; 1 reserved"],
    ),
    (
        (Some(r#"[{"barcode":"8699","quantity":"two"}]"#), None, None),
        "8699×1",
        &["+line 1 (8699): its quantity is no number; 1 reserved"],
    ),
    (
        (Some(r#"[{"barcode":"8699","quantity":-1}]"#), None, None),
        "",
        &["-line 1 (8699): its quantity is negative; 0 reserved"],
    ),
    (
        (
            Some(r#"[{"barcode":"8699","quantity":8699000000001}]"#),
            None,
            None,
        ),
        "8699×1",
        &["+line 1 (8699): its quantity is too large to be true; 1 reserved"],
    ),
    (
        (Some(r#"[{"barcode":"8699","quantity":0}]"#), None, None),
        "",
        &[],
    ),
    // Lines that are none.
    (
        (Some(r#"[17,{"barcode":"8699","quantity":1}]"#), None, None),
        "8699×1",
        &["-line 1: it is not an object"],
    ),
    // Broken JSON, the empty text, nothing: the row's columns serve.
    (
        (
            Some(r#"[{"barcode":"8699","quantity":"#),
            Some("8699"),
            Some(3),
        ),
        "8699×3",
        &["+details is no JSON; product_barcode and quantity were taken instead (8699, 3)"],
    ),
    (
        (Some(r#"[{"barcode":"8699","quantity":"#), None, Some(3)),
        "",
        &["-details is no JSON, and product_barcode is empty"],
    ),
    (
        (Some("  "), Some("8699"), None),
        "8699×1",
        &[
            "+details is empty; product_barcode was taken instead, quantity is empty: 1 reserved (8699, 1)",
        ],
    ),
    (
        (None, None, None),
        "",
        &["-details is empty, and product_barcode is empty"],
    ),
    (
        (None, Some("8699"), Some(0)),
        "",
        &["-details is empty, and quantity is not above 0"],
    ),
    (
        (None, Some("8699"), Some(-2)),
        "",
        &["-details is empty, and quantity is not above 0"],
    ),
    // Several barcodes in the column: one of each if the sum fits, otherwise the most it can be.
    (
        (Some("[]"), Some("8699, 8700"), Some(2)),
        "8699×1 8700×1",
        &[
            "+details has no lines; product_barcode and quantity were taken instead (8699, 1)",
            "+details has no lines; product_barcode and quantity were taken instead (8700, 1)",
        ],
    ),
    (
        (Some("[]"), Some("8699, 8700"), Some(3)),
        "8699×3 8700×3",
        &[
            "+details has no lines; product_barcode and quantity were taken instead (8699, 3)",
            "+details has no lines; product_barcode and quantity were taken instead (8700, 3)",
        ],
    ),
    // Encoded twice; something else than lines.
    (
        (
            Some(r#""[{\"barcode\":\"8699\",\"quantity\":1}]""#),
            None,
            None,
        ),
        "8699×1",
        &[],
    ),
    (
        (Some(r#""hello""#), None, None),
        "",
        &["-details is a text instead of a list of lines, and product_barcode is empty"],
    ),
    (
        (Some("true"), Some("8699"), Some(1)),
        "8699×1",
        &[
            "+details is neither a list nor a line; product_barcode and quantity were taken instead (8699, 1)",
        ],
    ),
];

#[test]
fn every_oddity_of_details_is_counted_or_named() {
    for ((details, barcode, quantity), lines, said) in CASES {
        let row = row(*details, *barcode, *quantity);
        let (got, data_warnings) = shown(&row);
        assert_eq!(&got, lines, "{details:?}");
        assert_eq!(data_warnings, *said, "{details:?}");
        for warning in row.read().data_warnings {
            assert_eq!(warning.record, "orders_created 7 (order 4711)");
        }
    }
}

proptest! {
    /// Whatever stands in the row: it is read without a panic, and a row that reserves nothing is
    /// either named or says zero itself.
    #[test]
    fn nothing_is_skipped_in_silence(
        details in proptest::option::of(".{0,60}"),
        barcode in proptest::option::of("[ 0-9a-z,/]{0,12}"),
        quantity in proptest::option::of(-3..5_i32),
    ) {
        let reading = row(details.as_deref(), barcode.as_deref(), quantity).read();
        prop_assert!(!reading.lines.is_empty() || !reading.data_warnings.is_empty());
    }

    #[test]
    fn lines_come_back_as_they_were_written(
        lines in proptest::collection::vec(("[A-Za-z0-9._-]{1,40}", 1..20_000_u32), 1..6),
        text in any::<bool>(),
    ) {
        let details: Vec<Value> = lines
            .iter()
            .map(|(barcode, quantity)| {
                let quantity = if text { Value::from(quantity.to_string()) } else { Value::from(*quantity) };
                serde_json::json!({ "barcode": format!(" {barcode} "), "quantity": quantity })
            })
            .collect();
        let details = Value::from(details).to_string();
        let reading = row(Some(&details), None, None).read();
        let read: Vec<(String, u32)> =
            reading.lines.iter().map(|(b, q)| (b.as_str().to_owned(), *q)).collect();
        prop_assert_eq!(read, lines);
        prop_assert!(reading.data_warnings.is_empty());
    }
}
