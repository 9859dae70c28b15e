//! Hosts that are not what a gateway hopes for, on loopback ports, each in a thread that ends with its listener's
//! last caller.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Message, accept_hdr};

pub(crate) const DESCRIPTOR: &str = "{\"type\":\"descriptor\",\"descriptor\":{\"contract_version\":1,\"platform\":\"discord\",\"label\":\"Discord\",\
     \"max_message_length\":2000,\"supports_draft_streaming\":false,\"supports_edit\":true,\"supports_threads\":true,\
     \"markdown_dialect\":\"discord\",\"len_unit\":\"utf16\"}}\n";

/// Serves every caller by this, each in a thread of its own.
pub(crate) fn host(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

/// A port that nobody listens on.
pub(crate) fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("a bound port")
}

/// Takes connections and says nothing.
pub(crate) fn silent() -> SocketAddr {
    host(|mut stream| {
        let mut read = [0; 1024];
        while matches!(stream.read(&mut read), Ok(1..)) {}
    })
}

/// Answers every request with these bytes.
pub(crate) fn answering(answer: impl Into<String>) -> SocketAddr {
    let answer = answer.into();
    host(move |mut stream| {
        read_head(&mut stream);
        // A caller who has left wants no answer.
        let _ = stream.write_all(answer.as_bytes());
    })
}

/// An HTTP answer without a body.
pub(crate) fn status(line: &str, headers: &str) -> String {
    format!("HTTP/1.1 {line}\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n")
}

pub(crate) fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("a request is text")
}

/// What a connector does with a gateway that dials.
#[derive(Clone, Debug)]
pub(crate) enum Greeting {
    /// Describes its platform, and then says nothing.
    Describes,
    /// Says nothing at all.
    Silence,
    /// Closes.
    Closes(u16, &'static str),
}

/// A connector that describes its platform, and counts the sockets that gateways open.
pub(crate) fn counting_connector(dials: Arc<AtomicUsize>) -> SocketAddr {
    serving(Greeting::Describes, 0, move || {
        dials.fetch_add(1, Ordering::SeqCst);
    })
}

/// A connector whose clock is off by so many seconds.
pub(crate) fn connector(greeting: Greeting, clock_off: i64) -> SocketAddr {
    serving(greeting, clock_off, || {})
}

fn serving(greeting: Greeting, clock_off: i64, dialed: impl Fn() + Send + Sync + 'static) -> SocketAddr {
    host(move |stream| {
        let mut peeked = [0; 4096];
        let size = stream.peek(&mut peeked).unwrap_or_default();
        let head = String::from_utf8_lossy(peeked.get(..size).unwrap_or_default()).to_lowercase();
        if !head.contains("upgrade: websocket") {
            plain(stream, clock_off);
            return;
        }
        dialed();
        upgraded(stream, &greeting);
    })
}

fn plain(mut stream: TcpStream, clock_off: i64) {
    read_head(&mut stream);
    let date = httpdate::fmt_http_date(off_by(clock_off));
    let answer = status("426 Upgrade Required", &format!("date: {date}\r\n"));
    let _ = stream.write_all(answer.as_bytes());
}

fn off_by(seconds: i64) -> SystemTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    UNIX_EPOCH + Duration::from_secs(now.saturating_add_signed(seconds))
}

#[allow(clippy::result_large_err, reason = "the callback's type is given")]
fn upgraded(stream: TcpStream, greeting: &Greeting) {
    let Ok(mut socket) = accept_hdr(stream, |_: &Request, response: Response| Ok(response)) else { return };
    match greeting {
        Greeting::Silence => {}
        Greeting::Describes => {
            let _ = socket.send(Message::text(DESCRIPTOR));
        }
        Greeting::Closes(code, reason) => {
            let frame = CloseFrame { code: (*code).into(), reason: (*reason).into() };
            let _ = socket.send(Message::Close(Some(frame)));
        }
    }
    while socket.read().is_ok() {}
}

/// A TLS server whose certificate is for this name; nobody else has signed it. Also the certificate, as PEM.
pub(crate) fn tls(name: &str) -> (SocketAddr, String) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).expect("a certificate");
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a key for the certificate");
    let config = Arc::new(config);
    let address = host(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).expect("a configuration");
        let mut stream = StreamOwned::new(connection, stream);
        let mut read = [0; 1024];
        while matches!(stream.read(&mut read), Ok(1..)) {}
    });
    let encoded = BASE64_STANDARD.encode(made.cert.der());
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"));
    (address, pem)
}
