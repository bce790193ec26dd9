//! Reading one request out of the bytes that have arrived so far.

/// Longest request that is read, in bytes.
const LARGEST: usize = 8 << 20;
/// Most header lines that are read.
pub(crate) const MAX_HEADERS: usize = 48;

/// A request as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, as written.
    pub method: &'a str,
    /// Path and query, as written.
    pub target: &'a str,
    /// The body; empty when there is none.
    pub body: &'a [u8],
    /// Which connection of the server it came on, counted from 1.
    pub connection: u64,
    headers: &'a [httparse::Header<'a>],
}

impl<'a> Request<'a> {
    /// The target before the question mark.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.target.split_once('?').map_or(self.target, |(p, _)| p)
    }

    /// The target after the question mark; empty when there is none.
    #[must_use]
    pub fn query(&self) -> &'a str {
        self.target.split_once('?').map_or("", |(_, q)| q)
    }

    /// The first value of a header, where it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        header(self.headers, name)
    }
}

/// What the bytes so far amount to.
pub(super) enum Parsed<'a> {
    /// A request, the bytes that it took, and whether the connection stays open after it.
    Whole(Request<'a>, usize, bool),
    /// More bytes are needed.
    Partial,
    /// No request can come of it.
    Malformed,
}

/// Reads the first request in `bytes`.
pub(super) fn parse<'a>(
    bytes: &'a [u8],
    space: &'a mut [httparse::Header<'a>; MAX_HEADERS],
    connection: u64,
) -> Parsed<'a> {
    let mut head = httparse::Request::new(space);
    let head_len = match head.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) if bytes.len() < LARGEST => return Parsed::Partial,
        Ok(httparse::Status::Partial) | Err(_) => return Parsed::Malformed,
    };
    let (Some(method), Some(target)) = (head.method, head.path) else {
        return Parsed::Malformed;
    };
    let headers: &'a [httparse::Header<'a>] = head.headers;
    let Some(body_len) = body_len(headers) else {
        return Parsed::Malformed;
    };
    let Some(body) = bytes.get(head_len..head_len + body_len) else {
        return Parsed::Partial;
    };
    let keep = head.version == Some(1) && !says_close(headers);
    let request = Request {
        method,
        target,
        body,
        connection,
        headers,
    };
    Parsed::Whole(request, head_len + body_len, keep)
}

/// The length of the body, or `None` for one that is too long or sent in chunks.
fn body_len(headers: &[httparse::Header<'_>]) -> Option<usize> {
    if header(headers, "transfer-encoding").is_some() {
        return None;
    }
    match header(headers, "content-length") {
        None => Some(0),
        Some(text) => text.trim().parse().ok().filter(|len| *len <= LARGEST),
    }
}

fn says_close(headers: &[httparse::Header<'_>]) -> bool {
    header(headers, "connection").is_some_and(|v| v.trim().eq_ignore_ascii_case("close"))
}

fn header<'a>(headers: &[httparse::Header<'a>], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|h| h.name.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(found.value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bytes: &str) -> Option<(String, usize, bool)> {
        let mut space = [httparse::EMPTY_HEADER; MAX_HEADERS];
        match parse(bytes.as_bytes(), &mut space, 1) {
            Parsed::Whole(request, len, keep) => {
                let body = String::from_utf8_lossy(request.body);
                Some((format!("{} {body}", request.target), len, keep))
            }
            Parsed::Partial => None,
            Parsed::Malformed => panic!("malformed: {bytes}"),
        }
    }

    #[test]
    fn takes_one_request_and_leaves_the_next() {
        let two = "GET /a?b=1 HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\n\r\n";
        assert_eq!(taken(two), Some(("/a?b=1 ".into(), 32, true)));
    }

    #[test]
    fn waits_for_the_rest_of_head_and_body() {
        let post = "POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody";
        for len in 0..post.len() {
            assert_eq!(taken(&post[..len]), None, "{len} bytes");
        }
        assert_eq!(taken(post), Some(("/a body".into(), post.len(), true)));
    }

    #[test]
    fn knows_when_the_connection_ends() {
        for (head, keep) in [
            ("GET / HTTP/1.1\r\n\r\n", true),
            ("GET / HTTP/1.0\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", false),
        ] {
            assert_eq!(taken(head).unwrap().2, keep, "{head}");
        }
    }
}
