//! Connecting to whichever of a host's addresses answers first (RFC 8305).

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};

/// How long one address has to itself before the next is tried beside it (RFC 8305, 5).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);

/// A connection to the first address that takes one, and that address; all other attempts are dropped. The next
/// address is tried when the one before has failed or has had its time.
pub(crate) async fn happy_eyeballs<T, F>(
    addresses: impl IntoIterator<Item = SocketAddr>,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<(T, SocketAddr)>
where
    F: Future<Output = io::Result<T>>,
{
    let mut waiting: VecDeque<SocketAddr> = addresses.into_iter().collect();
    let mut trying = FuturesUnordered::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "it has no address");
    loop {
        if let Some(address) = waiting.pop_front() {
            let attempt = connect(address);
            trying.push(async move { attempt.await.map(|stream| (stream, address)) });
        }
        let answer = tokio::select! {
            answer = trying.next() => answer,
            () = tokio::time::sleep(NEXT_ADDRESS_AFTER), if !waiting.is_empty() => continue,
        };
        match answer {
            Some(Ok(connected)) => return Ok(connected),
            Some(Err(error)) => last = error,
            None => return Err(last),
        }
    }
}

/// Alternates between the families, IPv6 first, so that one that leads nowhere costs one delay.
pub(crate) fn interleave(found: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let (mut six, mut four): (VecDeque<_>, VecDeque<_>) = found.into_iter().partition(SocketAddr::is_ipv6);
    let mut ordered = Vec::with_capacity(six.len() + four.len());
    while !six.is_empty() || !four.is_empty() {
        ordered.extend(six.pop_front());
        ordered.extend(four.pop_front());
    }
    ordered
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::io;
    use std::net::SocketAddr;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{NEXT_ADDRESS_AFTER, happy_eyeballs, interleave};

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    #[test]
    fn addresses_alternate_between_the_families() {
        let found = addresses(&["1.1.1.1:1", "1.1.1.2:1", "[::1]:1", "1.1.1.3:1"]);
        let ordered = interleave(found);
        assert_eq!(ordered, addresses(&["[::1]:1", "1.1.1.1:1", "1.1.1.2:1", "1.1.1.3:1"]));
    }

    /// Counts the attempts that are under way.
    struct Under(Arc<Mutex<usize>>);

    impl Drop for Under {
        fn drop(&mut self) {
            *self.0.lock().expect("unharmed") -= 1;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_leads_nowhere_costs_one_delay_and_is_dropped_when_the_next_answers() {
        let list = addresses(&["[::1]:1", "1.1.1.1:1", "1.1.1.2:1"]);
        let under = Arc::new(Mutex::new(0));
        let begun = Instant::now();
        let starts = Mutex::new(Vec::new());
        let (stream, address) = happy_eyeballs(list.clone(), |address| {
            starts.lock().expect("unharmed").push((address, begun.elapsed()));
            *under.lock().expect("unharmed") += 1;
            let under = Under(Arc::clone(&under));
            let good = address.port() == 1 && address.is_ipv4();
            async move {
                let _under = under;
                if good {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    return Ok("answered");
                }
                pending().await
            }
        })
        .await
        .expect("one answers");
        assert_eq!((stream, address), ("answered", list[1]));
        assert_eq!(begun.elapsed(), NEXT_ADDRESS_AFTER + Duration::from_millis(100));
        let starts = starts.into_inner().expect("unharmed");
        assert_eq!(starts, [(list[0], Duration::ZERO), (list[1], Duration::from_millis(250))]);
        assert_eq!(*under.lock().expect("unharmed"), 0, "no attempt is left");
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_refuses_costs_no_delay_and_the_last_refusal_is_told() {
        let begun = Instant::now();
        let list = addresses(&["[::1]:1", "1.1.1.1:2"]);
        let refuse = |address: SocketAddr| async move {
            Err::<(), _>(io::Error::other(format!("port {}", address.port())))
        };
        let error = happy_eyeballs(list, refuse).await.expect_err("both refuse");
        assert_eq!((error.to_string().as_str(), begun.elapsed()), ("port 2", Duration::ZERO));
        let error = happy_eyeballs(Vec::new(), refuse).await.expect_err("there is none");
        assert_eq!(error.to_string(), "it has no address");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_first_address_still_wins_over_later_ones_that_are_slower() {
        let list = addresses(&["[::1]:1", "1.1.1.1:1"]);
        let connect = |address: SocketAddr| async move {
            let wait = if address.is_ipv6() { 400 } else { 10_000 };
            tokio::time::sleep(Duration::from_millis(wait)).await;
            Ok(())
        };
        assert_eq!(happy_eyeballs(list.clone(), connect).await.expect("one answers").1, list[0]);
    }
}
