//! Just enough HTTP/1.1 to stand between a client and the sandbox and to break what should not break.

use std::fmt::Write as _;
use std::io::{self, BufRead, Write};

/// A request as it came over the wire.
pub(crate) struct WireRequest {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// An answer before it goes over the wire.
#[derive(Clone, Debug)]
pub(crate) struct WireAnswer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl WireRequest {
    /// Reads the next request; none where the client has ended the connection.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(start) = line(from)? else { return Ok(None) };
        let mut words = start.split(' ');
        let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let mut request = Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        while let Some(line) = line(from)?.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            request
                .headers
                .push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
        assert!(
            request.header("transfer-encoding").is_none(),
            "this server takes no chunked requests"
        );
        if let Some(length) = request.header("content-length").and_then(|text| text.parse().ok()) {
            request.body.resize(length, 0);
            from.read_exact(&mut request.body)?;
        }
        Ok(Some(request))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("")
    }

    /// Whether it deletes an item that it names in its path, or not there.
    pub(crate) fn is_deletion(&self, in_path: bool) -> bool {
        self.method == "DELETE" && self.path().ends_with("/inventory") != in_path
    }

    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}

fn line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

impl WireAnswer {
    /// The text of `data` in the API's own answer, which begins with `{"success":true,"data":`.
    pub(crate) fn data(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let data = text.split_once("\"data\":").map_or("null", |(_, data)| data);
        data.strip_suffix('}').unwrap_or(data).to_owned()
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::new(status, "application/json", body)
    }

    pub(crate) fn html(status: u16, title: &str) -> Self {
        Self::new(
            status,
            "text/html; charset=utf-8",
            &format!("<!doctype html><html><body><h1>{title}</h1></body></html>"),
        )
    }

    fn new(status: u16, content_type: &str, body: &str) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self {
            status,
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The answer on the wire: `promised` bytes in its head, and the body as it is, which may be less.
    pub(crate) fn write(&self, to: &mut impl Write, promised: usize) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} Status\r\ncontent-length: {promised}\r\n", self.status);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        head.push_str("\r\n");
        let mut all = head.into_bytes();
        all.extend_from_slice(&self.body);
        to.write_all(&all)?;
        to.flush()
    }
}
