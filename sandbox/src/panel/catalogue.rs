//! The price list as the panel sends it.

use serde::Serialize;

use super::{CatalogueText, Product, Style};

#[derive(Serialize)]
struct List<'a> {
    success: bool,
    result: Option<Vec<Entry<'a>>>,
    error: Option<&'a str>,
}

/// Numbers are strings, as on real panels.
#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    adi: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aciklama: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oyun_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oyun_adi: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fiyat: Option<String>,
    kupur: &'a str,
    oyun_bilgi_id: &'a str,
}

/// The whole list.
///
/// # Errors
/// Never in practice: texts are always JSON.
pub(super) fn list(products: &[Product], style: &Style) -> serde_json::Result<String> {
    let text = serde_json::to_string(&List {
        success: true,
        result: Some(products.iter().map(|p| entry(p, style)).collect()),
        error: None,
    })?;
    Ok(match style.catalogue {
        CatalogueText::Sound | CatalogueText::Sparse => text,
        CatalogueText::MissingComma => text.replacen(",\"fiyat\"", "\"fiyat\"", 1),
    })
}

/// The answer to a caller who may not see it.
///
/// # Errors
/// Never in practice: texts are always JSON.
pub(super) fn refusal() -> serde_json::Result<String> {
    serde_json::to_string(&List {
        success: false,
        result: None,
        error: Some("Bayi kodu veya şifre hatalı"),
    })
}

fn entry<'a>(product: &'a Product, style: &Style) -> Entry<'a> {
    let whole = style.catalogue != CatalogueText::Sparse;
    Entry {
        id: &product.id,
        adi: &product.name,
        aciklama: whole.then_some(&product.description),
        oyun_id: whole.then_some(&product.game_id),
        oyun_adi: whole.then_some(&product.game),
        fiyat: whole.then(|| style.number(product.price)),
        kupur: &product.kupur,
        oyun_bilgi_id: &product.oyun,
    }
}
