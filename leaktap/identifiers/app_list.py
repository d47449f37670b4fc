"""The apps on the phone: two or more of the profile's in one message, or a list of many package names."""

import re
from collections.abc import Iterable, Iterator

from leaktap.identifiers._api import Candidate, Identifier, Scene, Variant
from leaktap.identifiers._places import list_of, list_within, one_reading, together
from leaktap.model import Match

_FEWEST_KNOWN = 2
_FEWEST_UNKNOWN = 8
_STARTS = "com|cn|org|net|tv|me|io|air|jp|kr|de|ru|tw|uk|fr|in|us|hk|app|info|mobi"
_PACKAGE = re.compile(rf"(?:{_STARTS})(?:\.[A-Za-z_][A-Za-z0-9_]*){{1,8}}")
_BETWEEN = re.compile(r"[\s,;|:#\"'\[\]]+")


def _variants(value: str) -> Iterable[Variant]:
    return (Variant(value.encode()),)


def is_package(text: str) -> bool:
    """Says whether this is written as a package name is, and neither as a class (`Upper`) nor as a host (`.com`)."""
    labels = text.split(".")
    if len(labels) < 2 or not _PACKAGE.fullmatch(text) or re.search(r"\.[A-Z]", text):
        return False
    return labels[-1] not in ("com", "cn", "net", "org", "io", "html", "js", "json")


def _packages(candidate: Candidate) -> list[str]:
    """Returns the package names in a leaf that holds nothing else."""
    try:
        text = candidate.leaf.value.decode()
    except UnicodeDecodeError:
        return []
    items = [item for item in _BETWEEN.split(text) if item]
    packages = [item for item in items if is_package(item)]
    return packages if len(packages) * 5 >= len(items) * 4 else []


def _known(scene: Scene) -> Iterator[Match]:
    for device in scene.devices:
        found = [m for m in one_reading(scene.known) if m.device == device.name and m.plain != scene.app]
        if len({match.plain for match in found}) >= _FEWEST_KNOWN:
            yield together(found, (), 1.0)


def _listed(scene: Scene) -> Iterator[Match]:
    lists: dict[str, dict[str, Match]] = {}
    seen: set[str] = set()
    within = {list_of(candidate.leaf.path) for candidate in scene.candidates} - {""}
    for candidate in scene.candidates:
        leaf = candidate.leaf
        if leaf.path in seen:
            continue
        seen.add(leaf.path)
        packages = lists.setdefault(list_within(leaf.path, within) or leaf.path, {})
        for package in _packages(candidate):
            packages[package] = Match(
                leaf, "app_list", "app_list", package, (0, len(leaf.value)), (), "structure", 0.7
            )  # fmt: skip
    for packages in lists.values():
        if len(packages) >= _FEWEST_UNKNOWN:
            yield together(list(packages.values()), (), 0.7)


def _gather(scene: Scene) -> Iterator[Match]:
    known = list(_known(scene))
    yield from known or _listed(scene)


IDENTIFIERS = (
    Identifier(
        "app_list",
        "app_list",
        shapes=(rb"(?:%s)(?:\.[A-Za-z_][A-Za-z0-9_]{0,60}){1,8}" % _STARTS.encode(),),
        cues=(tuple(rb"%s\.[A-Za-z_]" % start for start in _STARTS.encode().split(b"|")),),
        variants=_variants,
        gather=_gather,
        hashed=False,
    ),
)
