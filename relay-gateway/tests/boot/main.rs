//! From nothing to a link that is live: with an identity, and by hand.

mod enroll;
mod identity;
#[allow(dead_code, reason = "shared with the tests of operation")]
#[path = "../operation/program.rs"]
mod program;
mod provision;
#[allow(dead_code, reason = "shared with the tests of operation")]
#[path = "../operation/servers.rs"]
mod servers;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

/// A host that answers each request by its text, head and body, and remembers them all.
fn recording(
    answer: impl Fn(usize, &str) -> String + Send + Sync + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&requests);
    let address = servers::host(move |mut stream| {
        let request = request(&mut stream);
        let call = {
            let mut noted = noted.lock().expect("no panic");
            noted.push(request.clone());
            noted.len()
        };
        // A caller who has left wants no answer.
        let _ = stream.write_all(answer(call, &request).as_bytes());
    });
    (format!("http://{address}"), requests)
}

fn request(stream: &mut TcpStream) -> String {
    let head = servers::read_head(stream);
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).expect("a whole body");
    head + &String::from_utf8(body).expect("text")
}

fn json(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}
