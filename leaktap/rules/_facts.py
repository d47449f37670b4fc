"""What the rules look at in a finding: a small frozen view, made of a pipeline's finding or of a line in a result file.

`Traits` is what most conditions decide by. It has few different values in a run, so what follows from it is worked out
once; the rest of `Facts` is of one finding alone.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from leaktap.config import parse_time
from leaktap.model import Basis, Finding, Party, PhaseName, Time
from leaktap.policy import FormKind, form_kind

SURE = 0.7
"""Below this confidence a finding, or what depends on its recipient, is an indicator only, one step milder."""

CODE = "code_download"
"""The class of findings that are code arriving, not personal information leaving."""

_SUPPOSED = "case"
"""The basis of an app that is only supposed: it is the one under test, and nothing says another."""


class Traits(NamedTuple):
    """`steps` is the whole form, `encrypted` whether the app had encrypted it besides; `sure` and `owner_sure` whether
    the match and its recipient are; `own` whether the request itself shows that the app under test sent it.
    """

    identifier: str
    category: str
    form: FormKind
    steps: tuple[str, ...]
    encrypted: bool
    basis: Basis
    sure: bool
    party: Party
    sdk: str
    company: str
    kind: str
    owner_sure: bool
    phase: PhaseName
    background: bool
    own: bool


class Facts(NamedTuple):
    """One finding. `exchange` identifies its exchange among those of `source`; `package` is of the app that sent it."""

    traits: Traits
    id: str
    time: Time
    exchange: str
    source: str
    direction: str
    package: str
    device: str
    host: str

    @property
    def recipient(self) -> str:
        """Who received it: the company, or the host of one that nobody knows."""
        return self.traits.company or self.host


def of_finding(finding: Finding, tested: str) -> Facts:
    """Returns the view of a finding; `tested` is the package of the app under test."""
    match, owner, phase, app, exchange = finding.match, finding.owner, finding.phase, finding.app, finding.exchange
    package = app.package if app else ""
    traits = Traits(
        match.identifier,
        match.category,
        form_kind(match.form),
        match.form,
        _was_encrypted(match.leaf.via),
        match.basis,
        match.confidence >= SURE,
        owner.party,
        owner.sdk,
        owner.company,
        owner.kind,
        owner.confidence >= SURE,
        phase.name,
        phase.background,
        _own(owner.party, package, app.basis if app else "", tested),
    )
    source = exchange.origin.source
    return Facts(
        traits,
        finding.id,
        finding.time,
        exchange.id,
        source,
        finding.direction,
        package,
        finding.device.name,
        exchange.host,
    )


def of_record(record: Mapping[str, Any], tested: str) -> Facts:
    """Returns the view of a line `leaktap.finding/1`; fields that older files lack are empty.

    Raises:
        ValueError: the time is none.
        KeyError, TypeError, AttributeError: the record is not of that shape.
    """
    owner, app, evidence = record["owner"], record["app"] or {}, record["evidence"]
    form = tuple(map(str, record["form"]))
    package = str(app.get("package", ""))
    traits = Traits(
        record["identifier"],
        record["category"],
        form_kind(form),
        form,
        _was_encrypted(tuple(record["path"].split("|"))),
        record["basis"],
        record["confidence"] >= SURE,
        owner["party"],
        owner["sdk"],
        owner["company"],
        owner.get("kind", ""),
        owner.get("confidence", 1.0) >= SURE,
        record["phase"],
        record["background"],
        _own(owner["party"], package, str(app.get("basis", "")), tested),
    )
    return Facts(
        traits,
        record["id"],
        parse_time(record["time"]),
        _exchange(evidence),
        evidence["source"],
        record["direction"],
        package,
        record["device"]["name"],
        record["destination"]["host"],
    )


@lru_cache(maxsize=4096)
def _was_encrypted(layers: tuple[str, ...]) -> bool:
    return any(layer.startswith("decrypt") for layer in layers)


def _own(party: Party, package: str, basis: str, tested: str) -> bool:
    return party == "first" or (bool(tested) and package == tested and basis != _SUPPOSED)


def _exchange(evidence: Mapping[str, Any]) -> str:
    """Returns the exchange's id; of files that do not tell it, what its findings have in common."""
    if said := evidence.get("exchange"):
        return str(said)
    frames = cast(Sequence[int], evidence["frames"])
    return evidence["flow"] or f"{evidence['stream']}:{frames[0] if frames else ''}"
