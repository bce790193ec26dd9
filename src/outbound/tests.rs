//! Where a request goes when its host is a name: the addresses come from a resolver that the test plays.

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::{
    Method, Url,
    dns::{Addrs, Name, Resolving},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::order::NotSent;

const SETTINGS: HttpSettings = HttpSettings {
    connect_timeout: Duration::from_secs(10),
    request_timeout: Duration::from_secs(20),
};

/// Every name leads to these addresses.
struct Answers(Vec<SocketAddr>);

impl Resolve for Answers {
    fn resolve(&self, _: Name) -> Resolving {
        let found = self.0.clone();
        Box::pin(async move { Ok(Box::new(found.into_iter()) as Addrs) })
    }
}

fn http(found: &[SocketAddr]) -> Http {
    Http::resolving(&SETTINGS, &(Arc::new(Answers(found.to_vec())) as _)).unwrap()
}

fn request(address: &str) -> Request {
    Request::new(Method::GET, Url::parse(address).unwrap())
}

/// A server that answers each connection with 204; its port.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                assert_ne!(stream.read_buf(&mut asked).await.unwrap(), 0);
            }
            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_name_that_leads_to_a_metadata_service_is_never_called() {
    for ip in [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "fe80::1",
        "0.0.0.0",
        "100.100.100.200",
        "fd00:ec2::254",
    ] {
        let address = SocketAddr::new(ip.parse().unwrap(), 0);
        let http = http(&[address, address]);
        for came in [
            http.once(request("http://panel.example/"), 100).await,
            http.once(request("https://panel.example/"), 100).await,
        ] {
            let trouble = came.err().unwrap();
            assert_eq!(trouble, Trouble::Forbidden, "{ip}");
            assert_eq!(trouble.not_sent(), Some(NotSent::Connect));
            assert!(!trouble.to_string().contains("panel.example"), "{trouble}");
        }
    }
}

#[tokio::test]
async fn the_other_addresses_of_a_name_are_called() {
    let server = server().await;
    let beside = "169.254.1.1:0".parse().unwrap();
    let http = http(&[beside, server]);
    let address = format!("http://panel.example:{}/", server.port());
    let answer = http.once(request(&address), 100).await;
    assert_eq!(answer.ok().unwrap().status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_number_is_judged_without_a_resolver() {
    let http = http(&[server().await]);
    for address in ["http://169.254.169.254/", "https://[fe80::1]/", "http://0/"] {
        let came = http.once(request(address), 100).await;
        assert_eq!(came.err(), Some(Trouble::Forbidden), "{address}");
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_not_called_forbidden() {
    let came = http(&[]).once(request("http://panel.example/"), 100).await;
    assert_eq!(came.err(), Some(Trouble::Connect));

    let real = Http::new(&SETTINGS).unwrap();
    let came = real.once(request("http://panel.invalid/"), 100).await;
    assert_eq!(came.err(), Some(Trouble::Name));
}
