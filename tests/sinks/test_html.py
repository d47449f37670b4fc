"""The page from a run: written at its end, in the language of the locale, masked; PDF is refused at the start."""

import pytest

from leaktap.sinks import Options, SinkError, open_sink
from tests.sinks.samples import blind, declared, fault, finding, inventory, summary


@pytest.mark.parametrize(("locale", "said"), [("zh_CN.UTF-8", "时间线"), ("C", "Timeline")])
def test_a_run_is_a_page_when_it_ends(tmp_path, monkeypatch, locale, said):
    monkeypatch.setenv("LC_ALL", locale)
    file = tmp_path / "report.html"
    sink = open_sink(str(file), Options(), "text")
    for item in (finding(), blind(), fault(), inventory(), declared(), summary()):
        sink.write(item)
    assert not file.read_bytes()
    sink.close()
    text = file.read_text(encoding="utf-8")
    assert said in text and finding().id in text and finding().match.value not in text


def test_a_pdf_that_nothing_here_makes_is_refused_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("leaktap.report._pdf.find_spec", lambda _name: None)
    monkeypatch.setattr("leaktap.report._pdf._MAC", ())
    with pytest.raises(SinkError, match="install Chromium"):
        open_sink(str(tmp_path / "x.pdf"), Options(), "text")
    assert not (tmp_path / "x.pdf").exists()
