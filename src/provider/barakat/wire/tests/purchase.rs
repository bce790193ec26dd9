//! Answers to a purchase.

use super::*;

fn accepted(cost: &str, pin: Option<&str>, ready: bool) -> Purchase {
    Purchase::Accepted {
        cost: decimal(cost),
        pin: pin.map(Into::into),
        ready,
    }
}

fn refused(text: &str) -> Purchase {
    Purchase::Refused(text.into())
}

#[test]
fn a_purchase_is_accepted_with_its_number_or_a_known_word() {
    for (data, want) in [
        (
            r#""order_id":"67890","status":"success","price":"45.50","pin":"AB-12","replay_api":["x"],"note":"y""#,
            accepted("45.5", Some("AB-12"), true),
        ),
        (
            r#""order_id":67890,"status":"wait","price":45.50"#,
            accepted("45.5", None, false),
        ),
        (
            r#""order_id":"7","status":"accept","price":"45,50""#,
            accepted("45.5", None, true),
        ),
        (
            r#""order_id":"7","status":" REJECT ","price":"45.50""#,
            accepted("", None, true),
        ),
        (
            r#""order_id":"7","status":"wait","pin":"AB""#,
            accepted("", Some("AB"), false),
        ),
        (
            r#""order_id":"7","status":"accepted""#,
            accepted("", None, false),
        ),
        (
            r#""order_id":"7","status":"yolda""#,
            accepted("", None, false),
        ),
        (r#""order_id":"7","status":"""#, accepted("", None, false)),
        (
            r#""order_id":"7","status":null,"pin":null"#,
            accepted("", None, false),
        ),
        (r#""order_id":"7","status":{}"#, accepted("", None, false)),
        (r#""status":"queued""#, accepted("", None, false)),
        (r#""orderStatus":"Done""#, accepted("", None, true)),
        // A price that is none, or not exactly one.
        (r#""order_id":"7","price":"-1""#, accepted("", None, false)),
        (r#""order_id":"7","price":4.5e1"#, accepted("", None, false)),
        (
            r#""order_id":"7","price":"45 TL""#,
            accepted("", None, false),
        ),
        (
            r#""order_id":"7","price":1,"price":2"#,
            accepted("", None, false),
        ),
        (r#""order_id":"7","price":[45]"#, accepted("", None, false)),
        // Nothing that names an order, or what contradicts itself.
        ("", Unsure),
        (r#""price":"45.50","pin":"AB""#, Unsure),
        (r#""order_id":"","status":"yolda""#, Unsure),
        (r#""order_id":null,"status":null"#, Unsure),
        (r#""order_id":["7"],"status":"wait""#, Unsure),
        (
            r#""order_id":"7","status":"wait","status":"reject""#,
            Unsure,
        ),
        (r#""order_id":"7","status":"wait","state":"done""#, Unsure),
        (r#""order_id":"7","order_id":"8""#, Unsure),
        // Sold, with a code that is not understood.
        (
            r#""order_id":"7","pin":"A","pin":"B""#,
            accepted("", None, false),
        ),
        (
            r#""order_id":"7","pin":{"code":"A"}"#,
            accepted("", None, false),
        ),
        (
            "\"order_id\":\"7\",\"pin\":\"A\u{fffd}\"",
            accepted("", None, false),
        ),
    ] {
        for ok in ["OK", "ok", " Ok "] {
            let text = format!(r#"{{"status":"{ok}","data":{{{data}}}}}"#);
            assert_eq!(purchase(200, &text), want, "{text}");
            assert_eq!(purchase(201, &text), Unsure, "{text}");
            assert_eq!(purchase(400, &text), Unsure, "{text}");
        }
    }
}

#[test]
fn a_purchase_is_refused_in_plain_words_only() {
    for (text, want) in [
        (
            r#"{"status":"ERROR","message":"Insufficient balance","error":"low"}"#,
            refused("Insufficient balance"),
        ),
        (
            r#"{"status":"failed","message":" ","error":" Yetersiz bakiye "}"#,
            refused("Yetersiz bakiye"),
        ),
        (
            r#"{"status":" Error ","message":"\u0631\u0635\u064a\u062f \u063a\u064a\u0631 \u0643\u0627\u0641"}"#,
            refused("رصيد غير كاف"),
        ),
        (
            r#"{"status":"reject","replay_api":["","Stok yok"],"note":"x","data":null}"#,
            refused("Stok yok"),
        ),
        (
            r#"{"status":"ERROR","error":["Geçersiz oyuncu"],"data":[],"order_id":null,"pin":""}"#,
            refused("Geçersiz oyuncu"),
        ),
        (
            r#"{"status":"ERROR","message":"Player does not exist"}"#,
            refused("Player does not exist"),
        ),
        (
            r#"{"status":"ERROR","message":"Order refused"}"#,
            refused("Order refused"),
        ),
        // Bought before.
        (
            r#"{"status":"ERROR","message":"Order already exists"}"#,
            SentBefore,
        ),
        (
            r#"{"status":"ERROR","message":"Hata","error":"DUPLICATE order"}"#,
            SentBefore,
        ),
        (
            r#"{"status":"ERROR","message":"order_uuid must be unique"}"#,
            SentBefore,
        ),
        (
            r#"{"status":"ERROR","message":"This order_uuid was used"}"#,
            SentBefore,
        ),
        (
            r#"{"status":"ERROR","message":"MÜKERRER İŞLEM"}"#,
            SentBefore,
        ),
        (
            r#"{"status":"fail","message":"Sipariş zaten var"}"#,
            SentBefore,
        ),
        (
            r#"{"status":"ERROR","message":"Daha  önce kullanıldı"}"#,
            SentBefore,
        ),
        (r#"{"status":"ERROR","message":"طلب مكرّر"}"#, SentBefore),
        (
            r#"{"status":"dup","message":"الطلب موجود مسبقاً","order_id":"7"}"#,
            SentBefore,
        ),
        (
            r#"{"status":"ERROR","error":{"order_uuid":["order with this order_uuid already exists."]}}"#,
            SentBefore,
        ),
    ] {
        assert_eq!(purchase(200, text), want, "{text}");
        let refusal = matches!(want, Purchase::Refused(_));
        for status in [400, 401, 403, 404, 422, 499] {
            let want = if refusal { want.clone() } else { Unsure };
            assert_eq!(purchase(status, text), want, "{status} {text}");
        }
        for status in [
            0, 199, 202, 301, 399, 408, 409, 425, 429, 500, 502, 503, 504,
        ] {
            assert_eq!(purchase(status, text), Unsure, "{status} {text}");
        }
    }
}

#[test]
fn a_purchase_that_may_have_happened_is_unsure() {
    for text in [
        r#"{"status":"ERROR","message":"Request timeout"}"#,
        r#"{"status":"ERROR","message":"Time out"}"#,
        r#"{"status":"ERROR","message":"TIMED OUT"}"#,
        r#"{"status":"ERROR","message":"ınternal error"}"#,
        r#"{"status":"ERROR","message":"Server Error"}"#,
        r#"{"status":"ERROR","message":"Failed","error":"ValueException"}"#,
        r#"{"status":"ERROR","message":"SQLSTATE[40001]"}"#,
        r#"{"status":"ERROR","message":"Please try  again"}"#,
        r#"{"status":"ERROR","message":"Bad gateway"}"#,
        r#"{"status":"ERROR","message":"Lütfen TEKRAR DENEYİN"}"#,
        r#"{"status":"ERROR","message":"Sunucu hatası"}"#,
        r#"{"status":"ERROR","message":"خطأ في الخادم"}"#,
        r#"{"status":"ERROR","message":"حاول مرة أخرى"}"#,
        r#"{"status":"ERROR","message":"Failed","detail":{"why":["upstream timeout"]}}"#,
        // An order or a code beside it.
        r#"{"status":"ERROR","message":"Failed","order_id":"7"}"#,
        r#"{"status":"ERROR","message":"Failed","data":{"order_id":7}}"#,
        r#"{"status":"ERROR","message":"Failed","data":[{"a":{"Pin":"AB"}}]}"#,
        r#"{"status":"ERROR","message":"Failed","voucher":"AB"}"#,
        // No error has such a number.
        r#"{"status":"ERROR","message":"Failed","code":"AB1"}"#,
        r#"{"status":"ERROR","message":"Failed","code":1234}"#,
        // No reason, or no word that says no.
        r#"{"status":"ERROR"}"#,
        r#"{"status":"ERROR","message":" ","error":null}"#,
        r#"{"status":"ERROR","message":5,"error":{}}"#,
        r#"{"status":"wait","message":"Yetersiz bakiye"}"#,
        r#"{"status":"success","message":"Yetersiz bakiye"}"#,
        r#"{"status":"HATA","message":"Yetersiz bakiye"}"#,
        r#"{"status":"","message":"Yetersiz bakiye"}"#,
        r#"{"status":null,"message":"Yetersiz bakiye"}"#,
        r#"{"status":false,"message":"Yetersiz bakiye"}"#,
        r#"{"status":400,"message":"Yetersiz bakiye"}"#,
        r#"{"status":["ERROR"],"message":"Yetersiz bakiye"}"#,
        r#"{"message":"Yetersiz bakiye"}"#,
        r#"{"status":"OK","status":"ERROR","message":"Yetersiz bakiye"}"#,
        // `OK` and nothing to go by.
        r#"{"status":"OK"}"#,
        r#"{"status":"OK","data":null}"#,
        r#"{"status":"OK","data":[]}"#,
        r#"{"status":"OK","data":[{"order_id":"7","status":"wait"}]}"#,
        r#"{"status":"OK","data":"67890"}"#,
        r#"{"status":"OK","order_id":"67890"}"#,
        r#"{"status":"OK","data":{"order_id":"7"},"data":{"order_id":"8"}}"#,
        r#"{"status":"success","data":{"order_id":"7","status":"success"}}"#,
        // No JSON, or not one.
        r#"[{"status":"ERROR","message":"x"}]"#,
        r#"{"status":"ERROR","message":"x"}{"status":"OK"}"#,
        r#"{"status":"ERROR","message":"x"},"#,
        r#"{"status":"ERROR","message":"x""#,
        r#"{"status":"ERROR","message":"\ud83d"}"#,
        r"{'status':'ERROR','message':'x'}",
        "ERROR",
        "\"ERROR\"",
        "null",
        "",
    ] {
        for status in [200, 400, 404, 500] {
            assert_eq!(purchase(status, text), Unsure, "{status} {text}");
        }
    }
}

#[test]
fn an_error_may_have_a_number_of_its_own() {
    for (answer, want) in [
        (
            r#"{"status":"ERROR","code":100,"message":"Insufficient balance"}"#,
            true,
        ),
        (
            r#"{"status":"ERROR","code":"109","message":"Product not found"}"#,
            true,
        ),
        (
            r#"{"status":"ERROR","code":"AB12-CD34","message":"Insufficient balance"}"#,
            false,
        ),
        (
            r#"{"status":"ERROR","code":100,"order_id":7,"message":"Insufficient balance"}"#,
            false,
        ),
        (
            r#"{"status":"ERROR","data":{"code":100},"message":"Insufficient balance"}"#,
            false,
        ),
    ] {
        let refused = matches!(purchase(200, answer), Purchase::Refused(_));
        assert_eq!(refused, want, "{answer}");
    }
}

#[test]
fn the_panels_own_number_is_that_of_the_purchase() {
    for (text, want) in [
        (
            r#"{"status":"OK","data":{"order_id":"67890"}}"#,
            Some("67890"),
        ),
        (
            r#"{"status":"OK","data":{"order_id":67890}}"#,
            Some("67890"),
        ),
        (r#"{"status":"OK","data":{"order_id":null}}"#, None),
        (r#"{"status":"OK","order_id":"67890"}"#, None),
        ("67890", None),
    ] {
        assert_eq!(order_id(text).as_deref(), want, "{text}");
    }
}
