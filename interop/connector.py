"""relay-connector as a child process: what it writes, by kind, and what it is told."""

import asyncio
import json
import os
import signal

WAIT_S = 20


class Lines:
    """Values that came, and those who wait for one of them."""

    def __init__(self):
        self.values = []
        self._more = asyncio.Event()

    def add(self, value):
        self.values.append(value)
        self._more.set()

    async def find(self, wanted, what, after=0):
        """The first value from `after` on that `wanted` takes, also one that is yet to come."""
        async def look():
            position = after
            while True:
                self._more.clear()
                while position < len(self.values):
                    if wanted(self.values[position]):
                        return self.values[position]
                    position += 1
                await self._more.wait()

        try:
            return await asyncio.wait_for(look(), WAIT_S)
        except asyncio.TimeoutError:
            raise AssertionError(f"{what} did not come; there were {self.values[after:][-5:]}") from None


class Connector:
    """Runs until `end`; nothing else is ever ended."""

    def __init__(self, process):
        self._process = process
        self.out = Lines()
        self.frames = Lines()
        self._readers = [
            asyncio.create_task(self._read(process.stdout, lambda line: self.out.add(json.loads(line)))),
            asyncio.create_task(self._read(process.stderr, self._frame)),
        ]

    @classmethod
    async def start(cls, program, *arguments):
        process = await asyncio.create_subprocess_exec(
            program,
            "serve",
            *("--listen", "127.0.0.1:0", "--front", "lines", "--frames"),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=32 * 1024 * 1024,
        )
        connector = cls(process)
        connector.introduction = await connector.out.find(lambda line: "url" in line, "the introduction")
        return connector

    @property
    def url(self):
        return self.introduction["url"]

    async def _read(self, stream, take):
        async for line in stream:
            take(line.decode())

    def _frame(self, line):
        """`gateway -> {...}` is from a gateway, `gateway <- {...}` to one; everything else is a log line."""
        way = line[len("gateway "):len("gateway ->")]
        if line.startswith("gateway ") and way in ("->", "<-"):
            frame = json.loads(line[len("gateway -> "):])
            self.frames.add(("from" if way == "->" else "to", frame))
        else:
            print(f"    connector: {line.rstrip()}")

    async def say(self, line):
        """Writes a line and waits until the connector has taken it for good."""
        self.tell(line)
        await self._process.stdin.drain()
        await self.out.find(lambda answer: answer.get("taken") == line["id"], f"the taking of {line['id']}")

    def tell(self, line):
        self._process.stdin.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    async def action(self, op, after=0, **fields):
        """The line of an action of this op with these fields."""
        def wanted(line):
            action = line.get("action", {})
            return action.get("op") == op and all(action.get(name) == value for name, value in fields.items())

        return await self.out.find(wanted, f"{op} with {fields}", after)

    async def frame(self, way, kind, after=0, **fields):
        """A frame `from` or `to` a gateway."""
        def wanted(seen):
            return seen[0] == way and seen[1]["type"] == kind and all(
                seen[1].get(name) == value for name, value in fields.items()
            )

        return (await self.frames.find(wanted, f"{kind} {way} a gateway with {fields}", after))[1]

    def kill(self):
        if self._process.returncode is None:
            os.kill(self._process.pid, signal.SIGKILL)

    async def end(self):
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), 10)
            except asyncio.TimeoutError:
                self._process.kill()
                await self._process.wait()
        await asyncio.gather(*self._readers, return_exceptions=True)
        return self._process.returncode
