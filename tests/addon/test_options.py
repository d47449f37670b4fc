"""Options: what each may say, and the one line that says why it may not."""

from types import SimpleNamespace

import pytest
from mitmproxy import exceptions
from mitmproxy.addonmanager import Loader
from mitmproxy.test import taddons

from leaktap.addon.options import OPTIONS, declare, settings

DEVICE = "name: lab-phone\nidentifiers: {imei: ['867530912345678']}\n"
CASE = "app: {package: com.example.shop}\nevents:\n  - {at: 2026-11-21T10:00:03Z, event: launch}\n"


def options(**said) -> SimpleNamespace:
    defaults = {name: default for name, _, default, _ in OPTIONS}
    return SimpleNamespace(**{**defaults, **{f"leaktap_{name}": value for name, value in said.items()}})


def test_nothing_said_is_a_session_without_a_case():
    made = settings(options())
    assert made.devices == () and made.events == () and made.outputs == () and not made.reveal


def test_case_and_devices_are_read(tmp_path):
    (tmp_path / "device.yaml").write_text(DEVICE)
    (tmp_path / "case.yaml").write_text(CASE + "devices: [device.yaml]\n")
    made = settings(options(case=str(tmp_path / "case.yaml"), device=[str(tmp_path / "device.yaml")]))
    assert [device.name for device in made.devices] == ["lab-phone"], "named twice, read once"
    assert made.case.app.package == "com.example.shop" and [event.event for event in made.events] == ["launch"]


@pytest.mark.parametrize(
    ("said", "event", "at"),
    [
        ({"consent": "2026-11-21T10:00:19Z"}, "consent", 1795255219000000),
        ({"consent": "2026-11-21T18:00:19+08:00"}, "consent", 1795255219000000),
        ({"before_consent": True}, "notice", 0),
    ],
)
def test_consent_can_be_said_by_option(said, event, at):
    (made,) = settings(options(**said)).events
    assert (made.event, made.at) == (event, at)


@pytest.mark.parametrize(
    ("file", "said", "words"),
    [
        ("", {"case": "{}/none.yaml"}, "none.yaml: there is no such file"),
        ("", {"device": ["{}/none.yaml"]}, "none.yaml: there is no such file"),
        ("", {"case": "{}"}, "is a directory"),
        ("app: [", {"case": "{}/file.yaml"}, "file.yaml:1"),
        ("ap: {}\n", {"case": "{}/file.yaml"}, "did you mean 'app'?"),
        ("identifiers: {imeii: 1}\n", {"device": ["{}/file.yaml"]}, "did you mean 'imei'?"),
        ("", {"consent": "yesterday"}, "yesterday"),
        ("", {"consent": "2026-11-21T10:00:19"}, "zone"),
        ("", {"consent": "2026-11-21T10:00:19Z", "before_consent": True}, "contradict"),
        ("", {"output": ["a.jsonl", "a.jsonl"]}, "named twice"),
    ],
)
def test_what_is_wrong_is_one_line_with_place_and_cure(tmp_path, file, said, words):
    (tmp_path / "file.yaml").write_text(file)
    placed = {
        name: [v.format(tmp_path) for v in value] if isinstance(value, list)
        else value.format(tmp_path) if isinstance(value, str) else value
        for name, value in said.items()
    }  # fmt: skip
    with pytest.raises(exceptions.OptionsError) as caught:
        settings(options(**placed))
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_mitmproxy_takes_every_option_with_a_help_text():
    with taddons.context(loadcore=False) as context:
        declare(Loader(context.master))
        for name, _, default, text in OPTIONS:
            assert name.startswith("leaktap_") and len(text) > 20
            assert getattr(context.options, name) == default
        context.options.set("leaktap_device=a.yaml", "leaktap_device=b.yaml", "leaktap_reveal=true")
        assert list(context.options.leaktap_device) == ["a.yaml", "b.yaml"] and context.options.leaktap_reveal is True
