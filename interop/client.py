"""The public client, driven by its own code: its command line, its environment, its adapter and transport."""

import asyncio
import os
import sys


async def enroll(home, connector, token, gateway, environment):
    """`hermes gateway enroll` as a process of its own: exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "hermes_cli.main", "gateway", "enroll"),
        *("--connector-url", connector, "--token", token, "--gateway-id", gateway),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "HOME": str(home),
             "HERMES_HOME": str(home), **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), 60)
    except asyncio.TimeoutError:
        process.kill()
        raise AssertionError("its enrollment command did not end within a minute") from None
    return process.returncode, printed.decode()


def written(home):
    """What its enrollment wrote into `.env`."""
    lines = (home / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def set_environment(values):
    """Its relay reads every setting from the environment at the moment of use."""
    for name in [name for name in os.environ if name.startswith("GATEWAY_RELAY_")]:
        del os.environ[name]
    os.environ.update(values)


class Gateway:
    """Its adapter as its own registration makes it, with a handler that answers messages."""

    def __init__(self, answer):
        from gateway.config import PlatformConfig
        from gateway.platform_registry import platform_registry
        from gateway.relay import register_relay_adapter

        assert register_relay_adapter(), "its relay did not register"
        self.adapter = platform_registry.get("relay").adapter_factory(PlatformConfig(enabled=True))
        self.transport = self.adapter._transport
        self.events = []
        self._came = asyncio.Event()

        async def handler(event):
            self.events.append(event)
            self._came.set()
            return await answer(event)

        self.adapter.set_message_handler(handler)

    async def connect(self):
        return await self.adapter.connect()

    async def event(self, text):
        """The event of this text, also one that is yet to come."""
        async def look():
            while True:
                self._came.clear()
                found = [event for event in self.events if event.text == text]
                if found:
                    return found[0]
                await self._came.wait()

        try:
            return await asyncio.wait_for(look(), 20)
        except asyncio.TimeoutError:
            raise AssertionError(f"the client was not handed {text!r}") from None

    def times(self, text):
        return sum(event.text == text for event in self.events)
