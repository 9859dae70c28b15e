//! The measurements, one after the other, each as rows of the table.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use super::frames;
use super::load::{Latencies, Load, Throughput};
use super::peer::Door;
use super::stats::{Samples, median};
use super::subject::{Gateway, Inbox, RunningClient, bare, gathering, python};
use super::table::Figure;

/// Messages in flight, as the budgets have it.
const IN_FLIGHT: usize = 64;

/// How long a client runs before it is measured, and how long it rests before its memory is.
const WARM_UP: Duration = Duration::from_secs(1);

/// What all measurements share.
pub(crate) struct Bench<'a> {
    pub(crate) gateway: &'a Path,
    /// The gateway without connector and fronts; its size is measured. None where only the other one is compared.
    pub(crate) gateway_alone: Option<&'a Path>,
    pub(crate) python: Option<&'a Path>,
    /// How long each throughput is measured.
    pub(crate) measured: Duration,
    /// How often each throughput is measured.
    pub(crate) rounds: usize,
}

impl Bench<'_> {
    pub(crate) async fn all(&self) -> anyhow::Result<Vec<Figure>> {
        let mut rows = self.throughputs().await.context("throughput")?;
        rows.extend(self.latencies().await.context("latency")?);
        rows.extend(self.starts().await.context("start")?);
        rows.extend(self.memory().await.context("memory")?);
        rows.push(self.interrupts().await.context("interrupts")?);
        rows.extend(self.sizes()?);
        Ok(rows)
    }

    async fn throughputs(&self) -> anyhow::Result<Vec<Figure>> {
        let (mut bares, mut gatherings) = (vec![], vec![]);
        let (mut memories, mut durables, mut pythons) = (vec![], vec![], vec![]);
        for round in 1..=self.rounds {
            println!("bench: round trips, round {round} of {}", self.rounds);
            bares.push(self.throughput(bare).await.context("the bare client")?);
            gatherings.push(self.throughput(gathering).await.context("the gathering bare client")?);
            memories.push(self.throughput(|door| self.gateway(Inbox::Memory).start(door)).await?);
            durables.push(self.throughput(|door| self.gateway(Inbox::Durable).start(door)).await?);
            if let Some(interpreter) = self.python {
                let python = self.throughput(|door| python(interpreter, door)).await;
                pythons.push(python.context("the Python client")?);
            }
        }
        let (bare, memory) = (middle(&bares), middle(&memories));
        let durable = middle(&durables);
        let ratio = memory.per_second / bare.per_second;
        let mut rows = vec![
            Figure::reference("round trips, bare client", shown(bare)),
            Figure::reference("the same, gathering its writes", shown(middle(&gatherings))),
            Figure::judged(
                "round trips, echo agent, inbox off",
                ">= 60 % of the bare client",
                format!("{}: {:.0} %", shown(memory), ratio * 100.0),
                ratio >= 0.6,
            ),
        ];
        let (what, budget) = ("the same beside the Python client", ">= 5 times");
        rows.push(if pythons.is_empty() {
            Figure::not_measured(what, budget, "--with-python was not given")
        } else {
            let python = middle(&pythons);
            let ratio = memory.per_second / python.per_second;
            Figure::judged(what, budget, format!("{ratio:.1} times {}", shown(python)), ratio >= 5.0)
        });
        rows.push(Figure::judged(
            "the same, durable inbox",
            ">= 10,000/s",
            shown(durable),
            durable.per_second >= 10_000.0,
        ));
        Ok(rows)
    }

    /// The round trips of one client.
    pub(crate) async fn throughput(
        &self,
        start: impl FnOnce(&Door) -> anyhow::Result<RunningClient>,
    ) -> anyhow::Result<Throughput> {
        let door = Door::open(None).await?;
        let mut subject = start(&door)?;
        let (_, peer) = subject.hello(&door).await?;
        let mut load = Load::new(peer);
        let throughput = load.throughput(IN_FLIGHT, (WARM_UP, self.measured), &subject.process).await?;
        subject.end().await?;
        Ok(throughput)
    }

    async fn latencies(&self) -> anyhow::Result<Vec<Figure>> {
        println!("bench: latency");
        let bare = self.latency(bare).await?;
        let durable = self.latency(|door| self.gateway(Inbox::Durable).start(door)).await?;
        let shown = |samples: &Samples| {
            format!("p50 {}, p99 {}", millis(samples.percentile(50)), millis(samples.percentile(99)))
        };
        Ok(vec![
            Figure::reference("frame in to answer out, bare client", shown(&bare.answered)),
            Figure::judged(
                "frame in to agent, durable inbox",
                "p50 <= 0.5 ms, p99 <= 2 ms",
                shown(&durable.taken),
                durable.taken.percentile(50) <= Duration::from_micros(500)
                    && durable.taken.percentile(99) <= Duration::from_millis(2),
            ),
            Figure::reference("frame in to answer out, durable inbox", shown(&durable.answered)),
        ])
    }

    /// The latencies of one client, a message at a time.
    pub(crate) async fn latency(
        &self,
        start: impl FnOnce(&Door) -> anyhow::Result<RunningClient>,
    ) -> anyhow::Result<Latencies> {
        let door = Door::open(None).await?;
        let mut subject = start(&door)?;
        let (_, peer) = subject.hello(&door).await?;
        let mut load = Load::new(peer);
        load.latency((IN_FLIGHT, 200), Duration::from_millis(2)).await?;
        let latencies = load.latency((IN_FLIGHT, 2_000), Duration::from_millis(2)).await?;
        subject.end().await?;
        Ok(latencies)
    }

    async fn starts(&self) -> anyhow::Result<Vec<Figure>> {
        println!("bench: start");
        let plain = self.start_time(&Door::open(None).await?, self.gateway(Inbox::Durable)).await?;
        let folder = tempfile::Builder::new().prefix("relay-bench-").tempdir()?;
        let (tls, certificate) = tls(folder.path())?;
        let mut gateway = self.gateway(Inbox::Durable);
        gateway.environment = vec![("SSL_CERT_FILE", certificate)];
        let tls = self.start_time(&Door::open(Some(tls)).await?, gateway).await?;
        let row = |what, budget, most: u64, samples: &Samples| {
            let middle = samples.percentile(50);
            let measured = format!("{}, at most {}", millis(middle), millis(samples.percentile(100)));
            Figure::judged(what, budget, measured, middle <= Duration::from_millis(most))
        };
        Ok(vec![
            row("exec to hello, loopback", "<= 15 ms", 15, &plain),
            row("exec to hello, loopback with TLS", "<= 40 ms", 40, &tls),
        ])
    }

    async fn start_time(&self, door: &Door, gateway: Gateway<'_>) -> anyhow::Result<Samples> {
        let mut samples = Samples::default();
        for _ in 0..20 {
            let mut subject = gateway.start(door)?;
            let (took, _peer) = subject.hello(door).await?;
            samples.add(took);
            subject.end().await?;
        }
        Ok(samples)
    }

    async fn memory(&self) -> anyhow::Result<Vec<Figure>> {
        println!("bench: memory");
        let Memory { idle, each } = memory(&self.gateway(Inbox::Durable)).await?;
        Ok(vec![
            Figure::judged("idle memory, connected", "<= 12 MiB RSS", format!("{idle:.1} MiB"), idle <= 12.0),
            Figure::judged(
                "memory for each of 10,000 sessions at rest",
                "<= 10 KiB",
                format!("{each:.2} KiB"),
                each <= 10.0,
            ),
        ])
    }

    /// Each chat runs a turn that ends only when it is interrupted, with more messages waiting behind it; the end of
    /// a turn is read from the gateway's log.
    async fn interrupts(&self) -> anyhow::Result<Figure> {
        const CHATS: usize = 50;
        const WAITING: usize = 20;
        const INTERRUPTS: usize = 500;
        println!("bench: interrupts");
        let door = Door::open(None).await?;
        let mut gateway = self.gateway(Inbox::Durable);
        gateway.arguments = vec!["--echo-pause", "3600000"];
        gateway.log = true;
        let mut subject = gateway.start(&door)?;
        let mut log = BufReader::new(subject.child.stderr.take().context("no log")?).lines();
        let (_, peer) = subject.hello(&door).await?;
        let mut load = Load::new(peer);
        for number in 0..CHATS * (WAITING + 1) {
            load.inbound(number % CHATS, "never ends").await?;
        }
        load.peer.flush().await?;
        while load.acks < (CHATS * (WAITING + 1)) as u64 {
            load.exchange().await?;
            load.peer.flush().await?;
        }
        let mut samples = Samples::default();
        for number in 0..INTERRUPTS {
            let chat = number % CHATS;
            let ended = format!("{}\"", frames::session_key(chat));
            let bare = format!("session_key={} ", frames::session_key(chat));
            let sent = Instant::now();
            load.peer.send(frames::interrupt(chat)).await?;
            let end = async {
                while let Some(line) = log.next_line().await? {
                    if line.contains("is done with") && (line.contains(&ended) || line.contains(&bare)) {
                        return Ok(());
                    }
                }
                anyhow::bail!("the gateway's log ended")
            };
            tokio::pin!(end);
            // Its frames are read meanwhile, so that it never waits for its socket.
            timeout(Duration::from_secs(10), async {
                loop {
                    tokio::select! {
                        ended = &mut end => return ended,
                        read = load.exchange() => drop(read?),
                    }
                    load.peer.flush().await?;
                }
            })
            .await
            .context("an interrupted turn does not end")??;
            samples.add(sent.elapsed());
            load.inbound(chat, "never ends").await?;
            load.peer.flush().await?;
        }
        subject.end().await?;
        let p99 = samples.percentile(99);
        Ok(Figure::judged(
            "interrupt to cancelled turn, 1,000 messages queued",
            "p99 <= 10 ms",
            format!("p50 {}, p99 {}", millis(samples.percentile(50)), millis(p99)),
            p99 <= Duration::from_millis(10),
        ))
    }

    /// The sizes of both builds of the gateway.
    fn sizes(&self) -> anyhow::Result<Vec<Figure>> {
        let figure = |what, budget, program: &Path, most: f64| {
            let mib = size(program)?;
            anyhow::Ok(Figure::judged(what, budget, format!("{mib:.1} MiB"), mib <= most))
        };
        let all = figure("release binary, with connector and fronts", "<= 20 MiB", self.gateway, 20.0)?;
        let alone = self
            .gateway_alone
            .map(|alone| figure("release binary, the gateway alone", "<= 12 MiB", alone, 12.0));
        Ok([Some(all), alone.transpose()?].into_iter().flatten().collect())
    }

    fn gateway(&self, inbox: Inbox) -> Gateway<'_> {
        Gateway::new(self.gateway, inbox)
    }
}

/// What a gateway keeps in memory.
pub(crate) struct Memory {
    /// Connected and at rest, in MiB.
    pub(crate) idle: f64,
    /// For each session at rest, in KiB.
    pub(crate) each: f64,
}

/// Measures the memory of one gateway.
pub(crate) async fn memory(gateway: &Gateway<'_>) -> anyhow::Result<Memory> {
    const SESSIONS: usize = 10_000;
    let door = Door::open(None).await?;
    let mut subject = gateway.start(&door)?;
    let (_, peer) = subject.hello(&door).await?;
    sleep(WARM_UP).await;
    let idle = subject.process.rss_kib()?;
    let mut load = Load::new(peer);
    // What the first messages bring into memory belongs to no session.
    load.visit(IN_FLIGHT, IN_FLIGHT).await?;
    sleep(WARM_UP).await;
    let before = subject.process.rss_kib()?;
    load.visit(SESSIONS, IN_FLIGHT).await?;
    sleep(WARM_UP).await;
    let after = subject.process.rss_kib()?;
    subject.end().await?;
    #[allow(clippy::cast_precision_loss, reason = "some megabytes")]
    Ok(Memory { idle: idle as f64 / 1024.0, each: after.saturating_sub(before) as f64 / SESSIONS as f64 })
}

/// The length of a program, in MiB.
pub(crate) fn size(program: &Path) -> anyhow::Result<f64> {
    let bytes = std::fs::metadata(program)
        .with_context(|| format!("cannot read the program {}", program.display()))?
        .len();
    #[allow(clippy::cast_precision_loss, reason = "some megabytes")]
    Ok(bytes as f64 / (1024.0 * 1024.0))
}

/// A certificate for loopback made anew, and the file in which a client finds it.
fn tls(folder: &Path) -> anyhow::Result<(TlsAcceptor, PathBuf)> {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let file = folder.join("certificate.pem");
    std::fs::write(&file, pem(own.cert.der()))?;
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()).into();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)?;
    Ok((TlsAcceptor::from(Arc::new(config)), file))
}

/// The certificate as text, in lines of 64 characters.
fn pem(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
}

fn middle(rounds: &[Throughput]) -> Throughput {
    Throughput {
        per_second: median(rounds.iter().map(|round| round.per_second).collect()),
        cpu_micros: median(rounds.iter().map(|round| round.cpu_micros).collect()),
    }
}

fn shown(throughput: Throughput) -> String {
    let Throughput { per_second, cpu_micros } = throughput;
    format!("{per_second:.0}/s, {cpu_micros:.0} µs CPU each")
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
