//! A host of the tests that answers forms.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use relay_net::{HttpClient, TcpDialer};
use relay_runtime::Random;

/// A token endpoint on a loopback port.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Endpoint {
    /// Answers each request, counted from 1, with a status and a body.
    pub(crate) fn start(answer: impl Fn(usize, &str) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound port"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&requests);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let request = read(&mut stream);
                let call = {
                    let mut noted = noted.lock().expect("no panic");
                    noted.push(request.clone());
                    noted.len()
                };
                let (status, body) = answer(call, &request);
                let head = format!(
                    "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                // A caller who has left wants no answer.
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        Self { url, requests }
    }

    /// What was asked so far, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }
}

fn read(stream: &mut TcpStream) -> String {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        text.push(byte[0]);
    }
    let head = String::from_utf8(text).expect("a request is text");
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).expect("a whole body");
    head + &String::from_utf8(body).expect("a form is text")
}

/// Randomness that is none.
pub(crate) fn always(number: u64) -> Random {
    Random::from_fn(move |bytes| {
        bytes.copy_from_slice(&number.to_le_bytes());
        Ok(())
    })
}

/// A client as the program has it.
pub(crate) fn http() -> HttpClient {
    HttpClient::new(Arc::new(TcpDialer::default()))
}
