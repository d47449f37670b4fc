"""The first screen: the verdict, the key figures, and what was examined."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from leaktap.model import SEVERITIES
from leaktap.records import CaseFields
from leaktap.report._collect import AGAINST, BEFORE, Collected, Recipient
from leaktap.report._hostile import harmless
from leaktap.report._texts import Texts

_MOST_NAMES = 6
_LONGEST = 48


@dataclass(frozen=True, slots=True)
class Leaking:
    """A leak at one stand of the consent, as far as it breaks clauses; `worst` is the index of the severity."""

    identifier: str
    recipient: Recipient
    count: int
    worst: int
    forms: list[tuple[str, ...]]
    clauses: list[str]


@dataclass(frozen=True, slots=True)
class Stand:
    """Leaks that break a clause: `about` says which, `before` consent, `against` the user's will, or `broken`, all."""

    about: str
    leaks: list[Leaking]


@dataclass(frozen=True, slots=True)
class Key:
    """A key figure; `tone` is good, bad or open, or nothing."""

    label: str
    figure: str
    sub: str = ""
    names: list[str] = field(default_factory=list)
    more: int = 0
    tone: str = ""


def stands(found: Collected) -> list[Stand]:
    """Returns the leaks before consent and against the user's will; without either, all that break a clause."""
    asked = [stand for stand in (_stand(found, "before", BEFORE), _stand(found, "against", AGAINST)) if stand.leaks]
    return asked or [stand for stand in [_stand(found, "broken", ())] if stand.leaks]


def _stand(found: Collected, about: str, phases: Sequence[str]) -> Stand:
    """Returns the leaks in some phases, in any where none is named; the worst and most frequent first."""
    leaks = []
    for (identifier, recipient), seen in found.leaks.items():
        breaches = [breach for phase, breach in seen.breaches.items() if not phases or phase in phases]
        if breaches:
            leaks.append(
                Leaking(
                    identifier,
                    recipient,
                    sum(breach.count for breach in breaches),
                    min(breach.worst for breach in breaches),
                    list(dict.fromkeys(form for breach in breaches for form in breach.forms)),
                    sorted({id_ for breach in breaches for id_ in breach.clauses}),
                )
            )
    return Stand(about, sorted(leaks, key=lambda leak: (leak.worst, -leak.count, leak.identifier, leak.recipient.name)))


def consent_known(found: Collected) -> bool:
    """Tells whether the runs knew where the user's consent was."""
    events = {event["event"] for run in found.runs if (case := run.get("case")) for event in case["events"]}
    return bool(events & {"consent", "refuse", "withdraw"}) or any(
        phase in found.phases for phase in (*BEFORE, *AGAINST)
    )


def inspected(found: Collected) -> tuple[float, int, int]:
    """Returns the share that was inspected, and the bytes and exchanges of all runs."""
    whole = sum(run["bytes"] for run in found.runs)
    seen = sum(run["bytes"] * run["inspected_share"] for run in found.runs)
    exchanges = sum(run["exchanges"] for run in found.runs)
    return (min(seen / whole, 1.0) if whole else 1.0), whole, exchanges


def verdict(found: Collected, shown: Sequence[Stand], texts: Texts) -> tuple[str, str, list[str]]:
    """Returns the answer in a line, whether it is good, bad or open, and what has to be known beside it."""
    share, whole, _ = inspected(found)
    more = []
    known = consent_known(found)
    if shown:
        lines = [texts.say(f"report.head_{stand.about}", len(stand.leaks)) for stand in shown]
        line, tone = lines[0], "bad"
        more += lines[1:]
        more.append(texts.say("report.explain_leak"))
    elif found.clauses:
        line, tone = texts.say("report.head_clauses", len(found.clauses)), "bad"
        more.append(texts.say("report.head_none"))
    elif whole and share == 0:
        line, tone = texts.say("report.head_blind"), "open"
    else:
        line, tone = texts.say("report.head_none"), "good" if known and share == 1 else "open"
    if not known:
        more.append(f"{texts.say('report.head_unknown')}. {texts.say('report.explain_unknown')}")
    if share < 1:
        more.append(texts.say("report.explain_partly", share=texts.share(1 - share)))
    if not found.runs:
        more.append(texts.say("method.unfinished"))
    return line, tone, more


def keys(found: Collected, shown: Sequence[Stand], texts: Texts) -> list[Key]:
    """Returns the key figures: how many leaks, which classes, to whom, against what, and what was not inspected."""
    about = shown[0].about if shown else "before"
    leaks = shown[0].leaks if shown else []
    classes = list(dict.fromkeys(texts.identifier(leak.identifier) for leak in leaks))
    recipients = list(dict.fromkeys(leak.recipient for leak in leaks))
    third = sum(recipient.party == "third" for recipient in recipients)
    count = sum(leak.count for leak in leaks)
    first = Key(
        texts.say(f"key.{about}"),
        f"{len(leaks):,}",
        texts.say("key.sent", count) if count else "",
        tone="bad" if leaks else "good" if inspected(found)[0] == 1 else "open",
    )
    if not leaks and not consent_known(found):
        first = Key(texts.say("key.before"), texts.say("key.unknown"), texts.say("key.no_consent"), tone="open")
    share, whole, _ = inspected(found)
    reasons = Counter({why: bytes_ for run in found.runs for why, bytes_ in run["blind_bytes"].items()})
    clauses = sorted(found.clauses, key=lambda id_: (SEVERITIES.index(found.clauses[id_].hit["severity"]), id_))
    every = len({identifier for identifier, _ in found.leaks})
    everybody = len({recipient for _, recipient in found.leaks})
    return [
        first,
        _named("key.classes", classes, texts.say("key.of", every) if every > len(classes) else "", texts),
        _named(
            "key.recipients",
            [texts.named(recipient.name) for recipient in recipients],
            texts.say("key.third", third) if third else texts.say("key.of", everybody) if everybody else "",
            texts,
        ),
        _named("key.clauses", clauses, "", texts),
        Key(
            texts.say("key.blind"),
            texts.share(1 - share),
            texts.say("key.of_bytes", size=texts.size(whole)),
            [texts.word("blind_why", why) for why, _ in reasons.most_common(3)]
            or [texts.say("key.all_inspected")] * (share == 1),
            tone="good" if share == 1 else "open",
        ),
    ]


def _named(label: str, names: Sequence[str], sub: str, texts: Texts) -> Key:
    return Key(
        texts.say(label),
        f"{len(names):,}",
        sub,
        [harmless(name, _LONGEST) for name in names[:_MOST_NAMES]],
        max(len(names) - _MOST_NAMES, 0),
    )


def facts(found: Collected, texts: Texts) -> list[tuple[str, str]]:
    """Returns what was examined with what: app, phones, time, inputs, versions."""
    all_cases = cases(found)
    apps = dict.fromkeys(case["app"]["package"] for case in all_cases if case["app"]["package"])
    phones = dict.fromkeys(device["name"] for case in all_cases for device in case["devices"])
    seen = dict.fromkeys(
        group.first["device"]["name"] or group.first["device"]["ip"] for group in found.groups.values()
    )
    inputs = dict.fromkeys(name for run in found.runs for name in run["inputs"])
    versions = dict.fromkeys(
        f"leaktap {said['leaktap']}" for run in found.runs if "leaktap" in (said := run.get("versions", {}))
    )
    times = [texts.second(time) for time in found.span]
    if len(times) == 2 and times[0] != times[1] and times[0][:10] == times[1][:10]:
        times[1] = times[1][11:]
    rows = [
        ("app", texts.some(apps)),
        ("phone", texts.some(list(phones or seen)[:_MOST_NAMES])),
        ("time", f"{' – '.join(dict.fromkeys(times))} ({texts.zone})" if times else ""),
        ("input", texts.some(list(inputs)[:_MOST_NAMES])),
        ("made_by", texts.some(versions)),
    ]
    return [(name, value) for name, value in rows if value]


def cases(found: Collected) -> list[CaseFields]:
    """Returns what the runs were about, each once."""
    several = []
    for run in found.runs:
        if (case := run.get("case")) and case not in several:
            several.append(case)
    return several
