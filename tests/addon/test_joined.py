"""Several addons as one: their hooks and commands under one name each, in their order, and nothing else of them."""

import types

import pytest
from mitmproxy import command, exceptions
from mitmproxy.test import taddons, tflow

from leaktap.addon._joined import joined


class Part:
    def __init__(self, name, heard):
        self.name, self.heard = name, heard

    def request(self, flow):
        self.heard.append((self.name, "request"))

    def running(self):
        self.heard.append((self.name, "running"))

    def helper(self):
        raise AssertionError("is no hook")


class Other(Part):
    def response(self, flow):
        self.heard.append((self.name, "response"))

    @command.command("test.say")
    def say(self, what: str) -> str:
        """Says something."""
        return f"{self.name}: {what}"


def test_hooks_are_heard_in_order_by_one_addon():
    heard = []
    script = types.ModuleType("script")
    vars(script).update(joined(Part("a", heard), Other("b", heard)))
    with taddons.context(script) as context:
        context.master.addons.trigger(_request())
        context.master.addons.invoke_addon_sync(script, _response())
        assert context.master.commands.execute("test.say hello") == "b: hello"
    assert heard == [("a", "request"), ("b", "request"), ("b", "response")]


def test_nothing_else_is_taken():
    found = joined(Part("a", []), Other("b", []))
    assert sorted(found) == ["request", "response", "running", "test.say"]


def test_an_error_of_the_first_ends_the_call():
    class Wrong:
        def configure(self, updated):
            raise exceptions.OptionsError("no")

    class After:
        def configure(self, updated):
            raise AssertionError("is not asked any more")

    with pytest.raises(exceptions.OptionsError):
        joined(Wrong(), After())["configure"](set())


def _request():
    from mitmproxy.proxy.layers.http import HttpRequestHook

    return HttpRequestHook(tflow.tflow())


def _response():
    from mitmproxy.proxy.layers.http import HttpResponseHook

    return HttpResponseHook(tflow.tflow(resp=True))
