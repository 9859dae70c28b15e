//! What the wire format costs, each time next to plain `serde_json::Value` doing the same: a frame read, a
//! frame written, a stream split, a stream split and read.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use relay_wire::{
    Action, ConnectorFrame, GatewayFrame, Line, LineDecoder, Metadata, Outbound, RequestId, SendAction,
};
use serde_json::Value;

/// An ordinary message in a guild's channel, about 500 bytes.
const INBOUND: &[u8] = br#"{"type":"inbound","event":{"text":"Could you check why the nightly build fails since Tuesday? I think it is the cache.","message_type":"text","message_id":"1240034000000000123","reply_to_message_id":null,"source":{"platform":"discord","chat_id":"873334740199968342","chat_type":"channel","chat_name":"engineering","user_id":"406974012100804035","user_name":"Ann Example","thread_id":null,"chat_topic":null,"scope_id":"130631430344750000","message_id":"1240034000000000123"}},"bufferId":"b-000000000042"}"#;

/// What became of a `send`.
const RESULT: &[u8] = br#"{"type":"outbound_result","requestId":"r-000000000042","result":{"success":true,"message_id":"1240034000000000999"}}"#;

/// About one such stream as a gateway reads in a busy minute.
const STREAM_LEN: usize = 1024 * 1024;

/// A WebSocket message as large as a socket's usual read.
const CHUNK_LEN: usize = 16 * 1024;

fn send() -> GatewayFrame {
    let mut metadata = Metadata::default();
    metadata.set_scope("130631430344750000");
    GatewayFrame::Outbound(Outbound {
        request_id: RequestId::new("r-000000000042").unwrap(),
        action: Action::Send(SendAction {
            chat_id: "873334740199968342".into(),
            content:
                "The cache key holds the date, so it never hits.\nI would drop the date: \"key: deps-v2\"."
                    .into(),
            reply_to: Some("1240034000000000123".into()),
            metadata,
        }),
        platform: Some("discord".into()),
        bot_id: Some("bot-1".into()),
    })
}

fn stream() -> Vec<u8> {
    let mut line = INBOUND.to_vec();
    line.push(b'\n');
    line.iter().copied().cycle().take(STREAM_LEN / line.len() * line.len()).collect()
}

/// Feeds a stream in chunks and hands out each line.
fn split(decoder: &mut LineDecoder, stream: &[u8], mut line: impl FnMut(&[u8])) {
    for chunk in stream.chunks(CHUNK_LEN) {
        decoder.push(chunk);
        while let Some(next) = decoder.next_line() {
            match next {
                Line::Complete(bytes) => line(bytes),
                Line::TooLong { .. } => unreachable!("the lines are short"),
            }
        }
    }
}

fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("frame");
    group.bench_function("decode inbound", |b| b.iter(|| ConnectorFrame::decode(black_box(INBOUND)).is_ok()));
    group.bench_function("decode inbound as Value", |b| {
        b.iter(|| serde_json::from_slice::<Value>(black_box(INBOUND)).is_ok());
    });

    group.bench_function("decode inbound, detached", |b| {
        b.iter(|| ConnectorFrame::decode(black_box(INBOUND)).is_ok());
    });
    group.bench_function("decode outbound_result, detached", |b| {
        b.iter(|| ConnectorFrame::decode(black_box(RESULT)).is_ok());
    });
    group.bench_function("decode outbound_result", |b| {
        b.iter(|| ConnectorFrame::decode(black_box(RESULT)).is_ok());
    });

    let frame = send();
    let mut line = Vec::new();
    frame.encode(&mut line);
    group.bench_function("decode outbound", |b| b.iter(|| GatewayFrame::decode(black_box(&line)).is_ok()));
    group.bench_function("decode outbound, detached", |b| {
        b.iter(|| GatewayFrame::decode(black_box(&line)).is_ok());
    });
    group.bench_function("decode outbound as Value", |b| {
        b.iter(|| serde_json::from_slice::<Value>(black_box(&line)).is_ok());
    });

    let value: Value = serde_json::from_slice(&line).expect("a frame is JSON");
    let mut out = Vec::with_capacity(line.len());
    group.bench_function("encode outbound", |b| {
        b.iter(|| {
            out.clear();
            black_box(&frame).encode(&mut out);
            out.len()
        });
    });
    group.bench_function("encode outbound as Value", |b| {
        b.iter(|| {
            out.clear();
            serde_json::to_writer(&mut out, black_box(&value)).expect("a Vec takes every byte");
            out.len()
        });
    });
    group.finish();
}

fn streams(c: &mut Criterion) {
    let stream = stream();
    let mut decoder = LineDecoder::default();
    let mut group = c.benchmark_group("stream");
    group.throughput(Throughput::Bytes(stream.len() as u64));
    group.bench_function("split", |b| {
        b.iter(|| {
            split(&mut decoder, black_box(&stream), |line| {
                black_box(line);
            });
        });
    });
    group.bench_function("split and decode", |b| {
        b.iter(|| {
            split(&mut decoder, black_box(&stream), |line| {
                assert!(ConnectorFrame::decode(line).is_ok());
            });
        });
    });
    group.bench_function("StreamDeserializer of Value", |b| {
        b.iter(|| {
            let values = serde_json::Deserializer::from_slice(black_box(&stream)).into_iter::<Value>();
            values.map(|value| assert!(value.is_ok())).count()
        });
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .without_plots()
        .configure_from_args();
    frames(&mut criterion);
    streams(&mut criterion);
    criterion.final_summary();
}
