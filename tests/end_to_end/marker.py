"""A second addon for tests: points SDK hosts at a server on this machine, and runs commands that a file brings."""

import asyncio
import os
from pathlib import Path

from mitmproxy import command, ctx
from mitmproxy.io import FlowWriter


class Marker:
    def __init__(self):
        self.task = None
        self.flows = []

    def response(self, flow):
        self.flows.append(flow)

    @command.command("marker.noted")
    def noted(self) -> int:
        """Returns how many flows have a comment."""
        return sum(bool(flow.comment) for flow in self.flows)

    @command.command("marker.save")
    def save(self, path: str) -> None:
        """Saves all flows as they are now."""
        with Path(path).open("wb") as stream:
            for flow in self.flows:
                FlowWriter(stream).add(flow)

    def running(self):
        if self.task is None:
            self.task = asyncio.create_task(self.watch())

    def server_connect(self, data):
        data.server.address = ("127.0.0.1", int(os.environ["UPSTREAM_PORT"]))

    async def watch(self):
        order = Path(os.environ["ORDERS"])
        while True:
            await asyncio.sleep(0.05)
            if order.exists():
                answer = ctx.master.commands.execute(order.read_text())
                order.unlink()
                order.with_suffix(".answer").write_text(str(answer))
                order.with_suffix(".answer").rename(order.with_suffix(".done"))

    def done(self):
        if self.task:
            self.task.cancel()


addons = [Marker()]
