"""The public Python client against relay-connector: `cargo xtask interop` runs this in an environment of its own.

Prints a table of what holds, and fails if anything does not. It ends what it started, and nothing else.
"""

import argparse
import asyncio
import json
import os
import pathlib
import sys
import tempfile
import threading
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).parent))

IDENTITY = "an-identity-of-the-tenant-home-0123456789"

CHECK_S = 90
ALL_S = 240


async def run(arguments, folder):
    # Before anything of the client is imported: it reads its home once.
    home = folder / "home"
    home.mkdir()
    os.environ.update({"HOME": str(home), "HERMES_HOME": str(home)})
    import checks
    from connector import Connector
    from issuer import Issuer

    token = folder / "home.token"
    token.write_text(IDENTITY)
    descriptor = folder / "discord.json"
    descriptor.write_text(json.dumps(checks.DISCORD))
    connector = await Connector.start(
        arguments.connector,
        *("--descriptor", str(descriptor), "--platform", "telegram", "--static-identity", f"home={token}"),
        *arguments.serve,
    )
    deadline = threading.Timer(ALL_S + 30, give_up, [connector])
    deadline.daemon = True
    deadline.start()
    rows = []
    try:
        shared = checks.Run(connector, Issuer(IDENTITY), home, arguments.root)
        for check in checks.ALL:
            rows.append(await one(check, shared))
    finally:
        await connector.end()
    return rows


def give_up(connector):
    """Should the event loop itself hang: ends what this run started, then itself."""
    print("the run did not end in time", file=sys.stderr)
    connector.kill()
    os._exit(3)


async def one(check, shared):
    try:
        detail = await asyncio.wait_for(check(shared), CHECK_S)
        return check.__doc__, True, detail or ""
    except Exception as error:  # a check that fails must not hide the others
        traceback.print_exc()
        return check.__doc__, False, str(error).splitlines()[0] if str(error) else type(error).__name__


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connector", required=True, help="the relay-connector program")
    parser.add_argument("--root", type=pathlib.Path, required=True, help="the root of the workspace, for its vectors")
    parser.add_argument("serve", nargs="*", help="more arguments for `relay-connector serve`, behind --")
    arguments = parser.parse_args()
    # Not removed at once by the client's own threads, which may still write logs into it.
    with tempfile.TemporaryDirectory(prefix="relay-interop-", ignore_cleanup_errors=True) as folder:
        rows = asyncio.run(asyncio.wait_for(run(arguments, pathlib.Path(folder)), ALL_S))
    print()
    for what, holds, detail in rows:
        print(f"{'ok    ' if holds else 'FAILED'}  {what}{f' ({detail})' if detail else ''}")
    failed = sum(not holds for _, holds, _ in rows)
    print(f"\n{len(rows) - failed} of {len(rows)} hold")
    sys.stdout.flush()
    # The client leaves threads behind that would keep the process.
    os._exit(1 if failed else 0)


if __name__ == "__main__":
    main()
