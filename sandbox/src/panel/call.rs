//! Reading a call: which endpoint, which account, which fields.

use std::borrow::Cow;

/// The four calls that a panel knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `pin_ekle`: buys.
    Purchase,
    /// `pin_kontrol`: asks about a purchase.
    Status,
    /// `bakiye_kontrol`: reads the balance.
    Balance,
    /// `pin_listesi`: reads the price list.
    Catalogue,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Purchase, Self::Status, Self::Balance, Self::Catalogue];

    /// The file name of the endpoint.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Purchase => "pin_ekle.php",
            Self::Status => "pin_kontrol.php",
            Self::Balance => "bakiye_kontrol.php",
            Self::Catalogue => "pin_listesi.php",
        }
    }

    /// The endpoint at a path below the prefix.
    pub(super) fn at(path: &str, prefix: &str) -> Option<Self> {
        let file = path.strip_prefix(prefix)?.strip_prefix("/servis/")?;
        Self::ALL.into_iter().find(|e| e.file() == file)
    }
}

/// The fields of a call; one that is not there is empty, which a panel does not tell apart.
#[derive(Default)]
pub(super) struct Call<'a> {
    pub(super) kod: Cow<'a, str>,
    pub(super) sifre: Cow<'a, str>,
    /// `referans` of a purchase, `tahsilat_api_islem_id` of a question.
    pub(super) reference: Cow<'a, str>,
    pub(super) oyun: Cow<'a, str>,
    pub(super) kupur: Cow<'a, str>,
    pub(super) player: Cow<'a, str>,
    pub(super) phone: Cow<'a, str>,
}

impl<'a> Call<'a> {
    pub(super) fn read(endpoint: Endpoint, query: &'a str) -> Self {
        let mut call = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let field = match (endpoint, &*key) {
                (_, "kod") => &mut call.kod,
                (_, "sifre") => &mut call.sifre,
                (Endpoint::Purchase, "referans") | (Endpoint::Status, "tahsilat_api_islem_id") => {
                    &mut call.reference
                }
                (Endpoint::Purchase, "oyun") => &mut call.oyun,
                (Endpoint::Purchase, "kupur") => &mut call.kupur,
                (Endpoint::Purchase, "oyuncu_bilgi") => &mut call.player,
                (Endpoint::Purchase, "musteri_tel") => &mut call.phone,
                _ => continue,
            };
            *field = value;
        }
        call
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_endpoint_below_its_prefix_only() {
        for (path, prefix, want) in [
            ("/servis/pin_ekle.php", "", Some(Endpoint::Purchase)),
            ("/servis/pin_kontrol.php", "", Some(Endpoint::Status)),
            ("/b/servis/pin_listesi.php", "/b", Some(Endpoint::Catalogue)),
            ("/servis/pin_listesi.php", "/b", None),
            ("/b/servis/bakiye_kontrol.php", "", None),
            ("/servis/pin_ekle", "", None),
            ("/", "", None),
        ] {
            assert_eq!(Endpoint::at(path, prefix), want, "{path} below {prefix:?}");
        }
    }

    #[test]
    fn each_endpoint_reads_its_own_name_of_the_reference() {
        let query = "kod=a&referans=1&tahsilat_api_islem_id=2&oyuncu_bilgi=x+y%26z";
        let purchase = Call::read(Endpoint::Purchase, query);
        assert_eq!((&*purchase.reference, &*purchase.player), ("1", "x y&z"));
        assert_eq!(Call::read(Endpoint::Status, query).reference, "2");
    }
}
