//! Roots of an organization's own, and what is wrong with files that hold none.

use relay_net::{CaBundle, CaProblem, Dial as _, DialError, TcpDialer, TlsErrorKind};
use rustls::pki_types::pem::PemObject as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::authority::Authority;
use crate::trust::{NOW, PemFile, trusting};

/// A server for one TLS handshake.
async fn server(acceptor: TlsAcceptor) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        // How a client that turns away is taken is not its concern.
        drop(acceptor.accept(stream).await);
    });
    Url::parse(&format!("https://localhost:{port}/")).expect("a URL")
}

async fn fault(dialer: &TcpDialer, acceptor: TlsAcceptor) -> Option<TlsErrorKind> {
    let url = server(acceptor).await;
    match dialer.dial(&url).await {
        Ok(_) => None,
        Err(DialError::Tls { source, .. }) => Some(source.kind()),
        Err(other) => panic!("TLS is what failed: {other}"),
    }
}

#[tokio::test]
async fn a_root_from_a_file_is_trusted_and_no_other_is() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let dialer = trusting(&ours);
    assert_eq!(fault(&dialer, ours.acceptor("localhost", 2100)).await, None);
    assert_eq!(fault(&dialer, theirs.acceptor("localhost", 2100)).await, Some(TlsErrorKind::UnknownIssuer));
    let untold = TcpDialer::default();
    assert_eq!(fault(&untold, ours.acceptor("localhost", 2100)).await, Some(TlsErrorKind::UnknownIssuer));
}

#[tokio::test]
async fn further_roots_count_beside_roots_of_ones_own_and_after_a_dial() {
    let (one, other) = (Authority::new(), Authority::new());
    let mut roots = rustls::RootCertStore::empty();
    let der = rustls::pki_types::CertificateDer::from_pem_slice(one.pem().as_bytes()).expect("a root");
    roots.add(der).expect("a root");
    let dialer = TcpDialer::with_roots(std::sync::Arc::new(roots));
    assert_eq!(fault(&dialer, one.acceptor("localhost", 2100)).await, None);
    assert_eq!(fault(&dialer, other.acceptor("localhost", 2100)).await, Some(TlsErrorKind::UnknownIssuer));
    let dialer = dialer.trusting(PemFile::holding(&other.pem()).read().expect("roots"));
    assert_eq!(fault(&dialer, other.acceptor("localhost", 2100)).await, None);
    assert_eq!(fault(&dialer, one.acceptor("localhost", 2100)).await, None);
}

#[tokio::test]
async fn a_wrong_name_and_an_end_in_the_past_are_told_apart() {
    let ours = Authority::new();
    let dialer = trusting(&ours);
    assert_eq!(fault(&dialer, ours.acceptor("elsewhere.example", 2100)).await, Some(TlsErrorKind::WrongName));
    assert_eq!(fault(&dialer, ours.acceptor("localhost", 2001)).await, Some(TlsErrorKind::Expired));
    let url = server(ours.acceptor("elsewhere.example", 2100)).await;
    let Err(error) = dialer.dial(&url).await else { panic!("another's certificate") };
    assert!(matches!(&error, DialError::Tls { host, .. } if host == "localhost"), "{error}");
}

#[test]
fn a_file_without_roots_says_what_is_wrong_with_it() {
    let expired = Authority::valid(2000, 2001).pem();
    let early = Authority::valid(2090, 2100).pem();
    let good = Authority::new().pem();
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let read = |text: &str| PemFile::holding(text).read();
    assert!(matches!(read(" \n"), Err(error) if matches!(error.problem(), CaProblem::Empty)));
    assert!(matches!(read("hello"), Err(error) if matches!(error.problem(), CaProblem::NoCertificate)));
    assert!(matches!(read(key), Err(error) if matches!(error.problem(), CaProblem::NoCertificate)));
    assert!(matches!(read(&expired), Err(error) if matches!(error.problem(), CaProblem::Expired)));
    assert!(matches!(read(&early), Err(error) if matches!(error.problem(), CaProblem::NotYetValid)));
    let broken = read(&format!("{good}{no_certificate}"));
    assert!(
        matches!(&broken, Err(error) if matches!(error.problem(), CaProblem::Malformed { number: 2, .. })),
        "{broken:?}"
    );
    // Old ones beside good ones are common, and hurt nobody.
    assert!(read(&format!("{expired}{good}")).is_ok());
    assert!(read(&format!("a comment\n{good}")).is_ok());
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let file = PemFile::holding("");
    let path = file.path();
    drop(file);
    let error = CaBundle::read(&path, NOW).expect_err("it is gone");
    assert!(matches!(error.problem(), CaProblem::Unreadable(_)), "{error}");
    assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    let folder = CaBundle::read(std::path::Path::new("/"), NOW).expect_err("a folder");
    assert!(matches!(folder.problem(), CaProblem::Unreadable(_)), "{folder}");
    let endless = CaBundle::read(std::path::Path::new("/dev/zero"), NOW).expect_err("it has no end");
    assert!(matches!(endless.problem(), CaProblem::TooLarge), "{endless}");
}
