"""What must hold between the public client and relay-connector, one function each, in the order they run."""

import asyncio
import json
import os
import time

import client

DISCORD = {
    "contract_version": 1, "platform": "discord", "label": "Discord", "max_message_length": 2000,
    "supports_draft_streaming": False, "supports_edit": True, "supports_threads": True,
    "markdown_dialect": "discord", "len_unit": "utf16", "emoji": "🎮", "platform_hint": "Answer in Discord's markdown.",
    "pii_safe": False, "supported_ops": ["send", "edit", "typing", "follow_up"],
}


class Run:
    """What the checks share."""

    def __init__(self, connector, issuer, home, root):
        self.connector, self.issuer, self.home, self.root = connector, issuer, home, root
        self.settings = {}
        self.gateway = None
        self.release = asyncio.Event()

    async def answer(self, event):
        if event.text == "take your time":
            await self.release.wait()
            return None
        return f"you said {event.text[:100]}"

    async def enroll_another(self, gateway):
        """A second gateway with the same tenant; its secret. Provisioned, since there is one token only."""
        from gateway.relay import _post_provision, _provision_url

        answer = await asyncio.to_thread(
            _post_provision, provision_url=_provision_url(self.connector.url), access_token=self.issuer.token,
            gateway_id=gateway, platform="discord", bot_id="B1", gateway_endpoint=None, route_keys=[])
        return answer["secret"]


def vectors(run, path):
    return json.loads((run.root / path).read_text(encoding="utf-8"))["cases"]


def event(message_id, text, **source):
    return {"id": message_id, "event": {"text": text, "message_type": "text", "source": {
        "platform": "discord", "chat_id": "C1", "chat_type": "group", "chat_name": "general", "user_id": "U1",
        "user_name": "Ada", "thread_id": None, "chat_topic": None, "scope_id": "G1", **source}}}


async def session_keys(run):
    """its session keys are those of our vectors"""
    from gateway.config import Platform
    from gateway.session import SessionSource, build_session_key

    cases = vectors(run, "relay-wire/vectors/session_keys.json")
    differing = []
    for case in cases:
        source = dict(case["source"])
        source["platform"] = Platform(source["platform"])
        key = build_session_key(SessionSource(**source), **case["options"])
        if key != case["key"]:
            differing.append((case, key))
    assert not differing, f"{len(differing)} of {len(cases)} differ, such as {differing[0]}"
    return f"{len(cases)} keys"


async def signatures(run):
    """its tokens, delivery signatures and addresses are those of our vectors"""
    from gateway.relay import _policy_url, _provision_url
    from gateway.relay.auth import sign, verify_delivery_signature
    from gateway.relay.ws_transport import _ws_dial_url

    tokens = vectors(run, "relay-auth/vectors/tokens.json")
    for case in tokens:
        assert sign(f"{case['payload']}:{case['exp']}", case["secret"]) == case["sig"], case
    deliveries = vectors(run, "relay-auth/vectors/delivery_signatures.json")
    for case in deliveries:
        accepted = verify_delivery_signature(case["body"], case["timestamp"], case["signature"], case["keys"],
                                             case["max_skew_seconds"], now=case["now"])
        assert accepted == case["accepted"], case
    urls = vectors(run, "relay-config/vectors/urls.json")
    for case in urls:
        dial = _ws_dial_url(case["configured"])
        assert (dial, _provision_url(dial), _policy_url(dial)) == (
            case["dial"], case["provision"], case["policy"]), case
    return f"{len(tokens)} tokens, {len(deliveries)} deliveries, {len(urls)} addresses"


async def enrollment(run):
    """its own command enrolls with an identity of the operator's issuer"""
    token = run.connector.introduction["enrollment_token"]
    code, printed = await client.enroll(run.home, run.connector.url, token, "gw-interop", run.issuer.environment)
    assert code == 0, printed
    run.settings = client.written(run.home)
    assert run.settings["GATEWAY_RELAY_ID"] == "gw-interop", run.settings.keys()
    assert len(run.settings["GATEWAY_RELAY_SECRET"]) == 64
    assert run.issuer.asked[-1]["grant_type"] == "client_credentials"


async def refusals(run):
    """its command tells what the connector refuses: a used token, an unknown identity"""
    token = run.connector.introduction["enrollment_token"]
    code, printed = await client.enroll(run.home, run.connector.url, token, "gw-other", run.issuer.environment)
    assert code == 1 and "used before" in printed, printed
    good, run.issuer.token = run.issuer.token, "an-identity-that-nobody-knows"
    code, printed = await client.enroll(run.home, run.connector.url, token, "gw-other", run.issuer.environment)
    run.issuer.token = good
    assert code == 1 and "401" in printed, printed


async def wrong_secret(run):
    """a wrong secret is closed with 4401, and its client goes on trying"""
    client.set_environment({**run.settings, "GATEWAY_RELAY_SECRET": "0" * 64,
                            "GATEWAY_RELAY_PLATFORMS": "discord"})
    from gateway.relay import relay_connection_auth
    from gateway.relay.ws_transport import WebSocketRelayTransport
    from websockets.exceptions import ConnectionClosed

    gateway_id, secret = relay_connection_auth()
    transport = WebSocketRelayTransport(run.connector.url, "discord", "", gateway_id=gateway_id, upgrade_secret=secret)
    try:
        # Its hello may cross the close: then the dial itself fails.
        await transport.connect()
    except ConnectionClosed:
        pass
    await asyncio.wait_for(transport._ws.wait_closed(), 20)
    assert transport._ws.close_code == 4401, transport._ws.close_code
    assert not transport.auth_revoked
    await transport.disconnect()


async def handshake(run):
    """its token is accepted, and each of its hellos is answered with a descriptor"""
    client.set_environment({
        **run.settings,
        "GATEWAY_RELAY_PLATFORMS": "discord,telegram",
        "GATEWAY_RELAY_BOT_IDS": json.dumps({"discord": {"botId": "B1"}, "telegram": {"botId": "B2"}}),
    })
    run.gateway = client.Gateway(run.answer)
    assert await run.gateway.connect(), "its handshake failed"
    for platform, bot in [("discord", "B1"), ("telegram", "B2")]:
        await run.connector.frame("from", "hello", platform=platform, botId=bot)
    await run.connector.frames.find(
        lambda seen: seen[1].get("descriptor", {}).get("platform") == "telegram", "the second descriptor")


async def descriptor(run):
    """it reads the descriptor as the platform described itself"""
    seen = run.gateway.adapter.descriptor
    for name in ["platform", "label", "max_message_length", "supports_edit", "supports_threads",
                 "markdown_dialect", "len_unit", "emoji", "platform_hint", "pii_safe"]:
        assert getattr(seen, name) == DISCORD[name], f"{name}: {getattr(seen, name)!r}"
    assert run.gateway.adapter.MAX_MESSAGE_LENGTH == 2000
    assert run.gateway.adapter.message_len_fn("😀") == 2


async def inbound(run):
    """a message reaches its agent with all that it says of its source"""
    await run.connector.say(event("m1", "hello"))
    seen = await run.gateway.event("hello")
    source = seen.source
    assert (source.platform.value, source.chat_id, source.chat_type, source.user_id, source.user_name) == (
        "discord", "C1", "group", "U1", "Ada"), source
    assert (source.scope_id, source.chat_name, seen.message_id) == ("G1", "general", "m1"), source
    assert source.delivered_via_upstream_relay


async def send(run):
    """its answer reaches the platform, with the scope that it learned"""
    line = await run.connector.action("send", content="you said hello")
    action = line["action"]
    assert (line["platform"], line["gateway"], action["chat_id"]) == ("discord", "gw-interop", "C1"), line
    assert action["metadata"]["scope_id"] == "G1", action
    result = await run.gateway.adapter.send("C1", "by itself")
    sent = await run.connector.action("send", content="by itself")
    assert result.success and result.message_id == sent["message_id"], (result, sent)


async def platforms(run):
    """an answer goes out through the platform that the message came from"""
    await run.connector.say({**event("t1", "on telegram", platform="telegram", chat_id="7", chat_type="dm",
                                     scope_id=None), "platform": "telegram"})
    await run.gateway.event("on telegram")
    line = await run.connector.action("send", content="you said on telegram")
    assert line["platform"] == "telegram" and line["action"]["metadata"]["user_id"] == "U1", line
    outbound = [frame for way, frame in run.connector.frames.values
                if way == "from" and frame["type"] == "outbound" and frame["action"].get("chat_id") == "7"
                and frame["action"]["op"] == "send"]
    assert outbound[-1]["platform"] == "telegram" and outbound[-1]["botId"] == "B2", outbound[-1]


async def follow_up(run):
    """it follows up on a session without holding any token"""
    from gateway.session import build_session_key

    key = build_session_key((await run.gateway.event("hello")).source)
    result = await run.gateway.adapter.send_follow_up(key, "discord.interaction_token", "later")
    line = await run.connector.action("follow_up", content="later")
    assert result.success and result.message_id == line["message_id"], (result, line)
    assert line["action"]["session_key"] == "agent:main:discord:group:C1:U1", line


async def chat_info(run):
    """where the platform cannot tell about a chat, it goes on without"""
    info = await run.gateway.adapter.get_chat_info("C1")
    assert info == {"name": "C1", "type": "dm"}, info


async def large(run):
    """a message larger than its WebSocket library takes at once comes through all the same"""
    text = "ä" * 1_500_000
    await run.connector.say(event("m-large", text))
    seen = await run.gateway.event(text)
    assert len(seen.text) == 1_500_000


async def interrupt(run):
    """an interrupt of another gateway stops exactly the session it names"""
    await run.connector.say(event("m2", "take your time", user_id="U2"))
    seen = await run.gateway.event("take your time")
    from gateway.relay import relay_platform_identities
    from gateway.relay.ws_transport import WebSocketRelayTransport
    from gateway.session import build_session_key

    key = build_session_key(seen.source)
    stop = run.gateway.adapter._active_sessions[key]
    assert not stop.is_set()
    other = await run.enroll_another("gw-second")
    transport = WebSocketRelayTransport(run.connector.url, "discord", "B1", identities=relay_platform_identities(),
                                        gateway_id="gw-second", upgrade_secret=other)
    await transport.connect()
    await transport.handshake()
    await transport.send_interrupt(key, "stop")
    await asyncio.wait_for(stop.wait(), 20)
    run.release.set()
    await transport.disconnect()


async def policy(run):
    """its policy is read from its own configuration and taken"""
    from gateway.relay import send_relay_policy

    (run.home / "config.yaml").write_text(
        "discord:\n  require_mention: true\n  free_response_channels: [C1, C9]\n", encoding="utf-8")
    os.environ["DISCORD_ALLOW_BOTS"] = "mentions"
    assert await asyncio.to_thread(send_relay_policy), "the connector did not take it"


async def provisioning(run):
    """it provisions itself for two platforms, at every start, and dials with what it got"""
    from gateway.relay import self_provision_relay
    from gateway.relay.ws_transport import WebSocketRelayTransport

    secrets = []
    for _ in range(2):
        client.set_environment({
            **run.issuer.environment, "GATEWAY_RELAY_URL": run.connector.url, "GATEWAY_RELAY_ID": "gw-own",
            "GATEWAY_RELAY_PLATFORMS": "discord,telegram", "GATEWAY_RELAY_INSTANCE_ID": "agent-1",
            "GATEWAY_RELAY_WAKE_URL": "http://127.0.0.1:9/wake/agent-1", "GATEWAY_RELAY_ROUTE_KEYS": "G1,G2",
        })
        assert await asyncio.to_thread(self_provision_relay), "it could not provision itself"
        secrets.append(os.environ["GATEWAY_RELAY_SECRET"])
    assert secrets[0] == secrets[1]
    transport = WebSocketRelayTransport(run.connector.url, "discord", "", gateway_id="gw-own",
                                        upgrade_secret=secrets[0])
    await transport.connect()
    assert (await transport.handshake()).platform == "discord"
    await transport.disconnect()


async def going_idle(run):
    """it goes idle, what comes meanwhile waits, and is replayed once after its next dial"""
    seen = len(run.connector.frames.values)
    assert await run.gateway.adapter.go_dormant(), "no going_idle_ack"
    await run.connector.frame("from", "going_idle", seen)
    for number in range(3):
        # One user each: what a session says while it is busy, the client joins into one message.
        run.connector.tell(event(f"sleep-{number}", f"while asleep {number}", user_id=f"S{number}"))
    for number in range(3):
        await run.gateway.event(f"while asleep {number}")
        await run.connector.action("send", content=f"you said while asleep {number}")
    texts = [event.text for event in run.gateway.events if event.text.startswith("while asleep")]
    assert texts == [f"while asleep {number}" for number in range(3)], texts


async def acks(run):
    """it acknowledges what was buffered, and that is not delivered again after a reconnect"""
    buffered = [frame["bufferId"] for way, frame in run.connector.frames.values
                if way == "to" and frame["type"] == "inbound" and "bufferId" in frame
                and frame["event"]["text"].startswith("while asleep")]
    assert buffered, "nothing was buffered"
    for buffer_id in buffered:
        await run.connector.frame("from", "inbound_ack", bufferId=buffer_id)
    await run.gateway.transport._ws.close()
    await run.connector.frame("from", "hello", len(run.connector.frames.values), platform="telegram")
    await run.connector.say(event("m3", "after the reconnect"))
    await run.gateway.event("after the reconnect")
    for number in range(3):
        assert run.gateway.times(f"while asleep {number}") == 1


async def passthrough(run):
    """a Discord interaction that is forwarded reaches its agent as a message"""
    import base64

    body = {"id": "I1", "type": 2, "channel_id": "C7", "guild_id": "G1", "data": {"name": "ask"},
            "member": {"user": {"id": "U7", "username": "grace"}}}
    await run.connector.say({"id": "f1", "platform": "discord", "forward": {
        "platform": "discord", "botId": "B1", "method": "POST", "path": "/interactions", "headers": [],
        "bodyB64": base64.b64encode(json.dumps(body).encode()).decode()}})
    seen = await run.gateway.event("ask")
    assert (seen.source.chat_id, seen.source.user_id, seen.source.scope_id) == ("C7", "U7", "G1"), seen.source


async def goodbye(run):
    """it leaves by going idle first, and the connector ends cleanly on its signal"""
    seen = len(run.connector.frames.values)
    await run.gateway.adapter.disconnect()
    await run.connector.frame("from", "going_idle", seen)
    await run.connector.frame("to", "going_idle_ack", seen)
    started = time.monotonic()
    code = await run.connector.end()
    assert code == 0, f"exit code {code} after {time.monotonic() - started:.1f} s"


ALL = [
    session_keys, signatures, enrollment, refusals, wrong_secret, handshake, descriptor, inbound, send, platforms,
    follow_up, chat_info, large, interrupt, policy, provisioning, going_idle, acks, passthrough, goodbye,
]
