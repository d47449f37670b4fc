"""The dashboard's state: whatever a page missed it is told, in portions, and nothing grows without end."""

import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.addon import _board
from leaktap.addon._board import Board
from leaktap.addon._dashboard import Dashboard
from leaktap.addon._session import Note, Noted
from leaktap.addon._tally import Tally
from leaktap.config import Event
from leaktap.model import SEVERITIES, Blind


def finding(who="Umeng", second=0, severity="high", identifier="imei", phase="before_consent", host="log.example"):
    """Returns the fields of a published finding that the board reads."""
    return {
        "id": f"{second:x}",
        "time": f"2026-11-21T{10 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000000Z",
        "identifier": identifier,
        "value": "86***",
        "form": ["md5"],
        "direction": "request",
        "path": "request.query.imei",
        "destination": {"host": host, "url": f"https://{host}/"},
        "app": {"package": "com.example.shop"},
        "owner": {"party": "third", "sdk": who, "company": "Example"},
        "phase": phase,
        "background": False,
        "seconds_to_consent": 3.5,
        "clauses": [{"id": "X/1", "title": "It is forbidden."}],
        "severity": severity,
    }


class Page:
    """What a page knows, as its script keeps it."""

    def __init__(self, board):
        self.board, self.known = board, 0
        self.kept = {"groups": {}, "blind": {}, "lanes": {}}
        self.born, self.bins, self.width, self.events, self.portions = {}, {}, 0, [], 0

    def hear(self, portions=1000):
        """Takes portions until it knows all."""
        for _ in range(portions):
            update = self.board.since(self.known, {})
            said = json.loads(update.text)
            self.portions += 1
            assert len(said["groups"]) + len(said["blind"]) <= _board.MOST_TOLD
            if said["axis"]["width"] != self.width:
                self.width, self.bins = said["axis"]["width"], {}
            for name, items in self.kept.items():
                for item in said[name]:
                    items[item["name" if name == "lanes" else "id"]] = item
            for lane in said["lanes"]:
                if self.born.get(lane["name"]) != lane["id"]:
                    self.bins[lane["name"]] = {}
                self.born[lane["name"]] = lane["id"]
                self.bins.setdefault(lane["name"], {}).update({place: (a, b) for place, a, b in lane["bins"]})
            for name, items in list(self.kept.items())[:2]:
                for key in [key for key, item in items.items() if item["v"] < said["kept"][name]]:
                    del items[key]
            kept = said["kept"]["lanes"]
            self.kept["lanes"] = {name: lane for name, lane in self.kept["lanes"].items() if lane["id"] in kept}
            self.bins = {name: bins for name, bins in self.bins.items() if name in self.kept["lanes"]}
            self.events = said.get("events", self.events)
            self.said, self.known = said, update.until
            if not update.more:
                return self
        raise AssertionError("there is no end to it")


@pytest.mark.parametrize("number", [1, _board._MOST_NOTES, 2 * _board._MOST_NOTES + 1])
def test_what_was_noted_is_there_for_whoever_looks(number):
    board = Board()
    for second in range(number):
        noted = Noted("high", "said", (), finding(second=second, identifier=f"class{second}"))
        board.noted([Note("flow", pickle.dumps(tuple(noted)))])
        assert len(board._notes) < _board._MOST_NOTES
    page = Page(board).hear()
    assert [group["identifier"] for group in page.kept["groups"].values()] == [f"class{n}" for n in range(number)]


def test_the_same_again_is_one_group_with_a_counter():
    board = Board()
    for second in range(50):
        board.found(finding(second=second, host=f"log{second}.example"))
    board.found(finding(severity="info", phase="consented", second=51))
    page = Page(board).hear()
    assert sorted(group["count"] for group in page.kept["groups"].values()) == [1, 50]
    (chatty,) = (group for group in page.kept["groups"].values() if group["count"] == 50)
    assert chatty["last"] - chatty["first"] == 49_000 and chatty["host"] == "log49.example"
    assert page.said["severities"] == {"critical": 0, "high": 50, "medium": 0, "low": 0, "info": 1}
    assert sum(count for _, count in page.bins["Umeng"].values()) == 51


def test_a_page_that_knows_all_is_told_nothing_but_the_totals():
    board = Board()
    board.found(finding())
    page = Page(board).hear()
    said = json.loads(board.since(page.known, {"phase": "unknown"}).text)
    assert (said["groups"], said["blind"], said["lanes"], said["phase"]) == ([], [], [], "unknown")
    assert "events" not in said


def test_what_is_too_much_goes_and_is_counted():
    board = Board()
    for number in range(_board.MOST_GROUPS + 100):
        board.found(finding(who=f"sdk {number}", identifier=f"class{number}", second=number))
    tally = Tally()
    for number in range(_board.MOST_BLIND + 50):
        tally.unseen(Blind(number, "pinned", "tls", f"host{number}.example", bytes=10))
    board.tally(tally)
    page = Page(board).hear()
    assert len(page.kept["groups"]) == _board.MOST_GROUPS and page.said["gone"] == {"groups": 100, "blind": 50}
    assert len(page.kept["blind"]) == _board.MOST_BLIND and page.said["sums"]["unseen"] == 2500
    assert len(page.kept["lanes"]) == _board.MOST_LANES and "" in page.bins
    assert sum(n for bins in page.bins.values() for _, n in bins.values()) == _board.MOST_GROUPS + 100
    assert page.portions > 5, "it comes in portions"


def test_days_widen_the_bins():
    board = Board()
    for second in range(0, 13 * 3600, 600):
        board.found(finding(second=second))
    page = Page(board).hear()
    assert len(page.bins["Umeng"]) <= _board.MOST_BINS and page.width > 1000
    assert sum(n for _, n in page.bins["Umeng"].values()) == 78


def test_events_are_told_when_they_change():
    board = Board()
    page = Page(board).hear()
    board.happened([Event(at=1_795_000_000_000_000, event="consent", clock="capture")])
    assert [(event["event"], event["time"]) for event in page.hear().events] == [("consent", 1_795_000_000_000)]


_DEEDS = st.one_of(
    st.tuples(st.just("found"), st.integers(0, 60), st.integers(0, 40_000), st.sampled_from(SEVERITIES)),
    st.tuples(st.just("blind"), st.integers(0, 40), st.integers(0, 9999)),
    st.tuples(st.just("hear")),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(_DEEDS, max_size=150))
def test_who_listened_all_along_knows_what_a_newcomer_is_told(deeds):
    with pytest.MonkeyPatch.context() as patch:
        for name, most in (("GROUPS", 12), ("BLIND", 8), ("LANES", 5), ("BINS", 16), ("TOLD", 4)):
            patch.setattr(_board, f"MOST_{name}", most)
        board = Board()
        old = Page(board)
        for deed in deeds:
            match deed:
                case "found", who, second, severity:
                    board.found(finding(f"sdk {who}", second, severity))
                case "blind", host, size:
                    tally = Tally(1, size)
                    tally.unseen(Blind(1, "limit", "http", f"h{host}", bytes=size))
                    board.tally(tally)
                case _:
                    old.hear()
        old, new = old.hear(), Page(board).hear()
        assert (old.kept["groups"], old.kept["blind"], old.bins) == (new.kept["groups"], new.kept["blind"], new.bins)
        assert old.said["sums"] == new.said["sums"] and len(new.kept["groups"]) <= 12 and len(new.bins) <= 5


@pytest.mark.parametrize("said", ["", "x", "1", ".", "other.1", "{run}.", "{run}.x", "{run}.99", "{run}.-1", "{run}.²"])
def test_a_page_that_heard_another_session_begins_anew(said):
    board = Board()
    board.found(finding())
    assert Dashboard(board, dict).known(said.format(run=board.run)) == 0
    assert Dashboard(board, dict).known(f"{board.run}.1") == 1


def test_captured_text_is_cut_and_steers_nothing():
    board = Board()
    board.found(finding(who="a" * 5000, host="x\u202egpj.exe", identifier="custom.\ud800"))
    update = board.since(0, {})
    (group,) = json.loads(update.text)["groups"]
    assert len(group["who"]) < 400 and "\u202e" not in group["host"] and update.text.encode()
