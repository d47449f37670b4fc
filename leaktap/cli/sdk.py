"""`leaktap sdk`: asks the catalogue of SDKs whose a host is, or lists it."""

import importlib
import importlib.util
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leaktap.cli import CommandError, examples, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leaktap.attribution import Entry
    from leaktap.model import Owner

_MOST_NEAR = 6
_IMPORT = "leaktap.cli._import"
"""A module whose `command(app)` adds a command to this group, if it is there."""


def command(app: typer.Typer) -> None:
    """Registers `sdk lookup` and `sdk list`, and what else belongs to the group."""
    sdk = typer.Typer(help="Ask the catalogue of SDKs.", no_args_is_help=True)
    app.add_typer(sdk, name="sdk")
    sdk.command(
        short_help="Say whose a host is.",
        epilog=examples(
            "leaktap sdk lookup ulogs.umeng.com",
            "leaktap sdk lookup https://api.example.com/v1/report --json",
        ),
    )(lookup)
    sdk.command(
        "list",
        short_help="List SDKs by company, name or kind.",
        epilog=examples(
            "leaktap sdk list umeng",
            "leaktap sdk list --kind push",
        ),
    )(list_)
    if importlib.util.find_spec(_IMPORT) is not None:
        importlib.import_module(_IMPORT).command(sdk)


def lookup(
    host: Annotated[str, typer.Argument(help="A host name, an address, or a whole URL.")],
    path: Annotated[str, typer.Argument(help="The path of the request: some hosts serve several SDKs.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say whose a host is, by which entry of the catalogue, where that was seen, and which other entries fit."""
    from leaktap.attribution import Owners, known
    from leaktap.config import AppUnderTest, ConfigError

    host, path, port = _asked(host, path)
    try:
        known()
    except ConfigError as error:
        raise CommandError(str(error)) from None
    owner = Owners(AppUnderTest()).of_host(host, path, port)
    fitting = list(known().candidates(host))
    entry = next((one for one in fitting if path.startswith(one.host.path)), None)
    others = [one for one in fitting if one is not entry]
    near = _near(host) if entry is None and owner.party == "unknown" else []
    if json:
        _print(_fields(host, path, owner, entry, others, near))
        return
    if entry is None and owner.party == "unknown":
        typer.echo(f"{host}{path}: not in the catalogue")
        for one in others:
            typer.echo(f"only     {_place(one)}  {_names(one)}")
        for one in near:
            typer.echo(f"near     {_place(one)}  {_names(one)}")
        return
    for name, value in _lines(owner, entry):
        if value:
            typer.echo(f"{name:9}{value}")
    for one in others:
        typer.echo(f"also     {_place(one)}  {_names(one)}")


def list_(
    filter_: Annotated[
        str, typer.Argument(metavar="[FILTER]", help="Only companies, SDKs or kinds with this in their names.")
    ] = "",
    kind: Annotated[str, typer.Option(metavar="KIND", help="Only SDKs of this kind, such as ads or push.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    imported: Annotated[bool, typer.Option("--imported", help="List the databases that were imported.")] = False,
) -> None:
    """List SDKs: company, SDK, kind and hosts, separated by tabs; their numbers come on standard error."""
    from collections import Counter

    if imported:
        from leaktap.cli._import import show

        show()
        return

    from leaktap.attribution import known
    from leaktap.config import nearest

    kinds = {sdk.kind for company in known().companies for sdk in company.sdks}
    if kind and kind not in kinds:
        raise CommandError(f"--kind {kind}: is no kind{nearest(kind, kinds)}: there are {', '.join(sorted(kinds))}")
    rows = [
        (company, sdk)
        for company in known().companies
        for sdk in company.sdks
        if kind in ("", sdk.kind)
        and _has(filter_, (company.company, company.name_zh, company.group, sdk.name, sdk.name_zh, sdk.kind))
    ]
    counts = {
        "companies": len({company.company for company, _ in rows}),
        "sdks": len(rows),
        "hosts": sum(len(sdk.hosts) for _, sdk in rows),
    }
    if json:
        _print(
            {
                **counts,
                "kinds": dict(sorted(Counter(sdk.kind for _, sdk in rows).items())),
                "list": [
                    {
                        **_of_company(company),
                        **_of_sdk(sdk),
                        "hosts": [each.host + each.path for each in sdk.hosts],
                        "marks": [str(mark) for mark in sdk.marks],
                        "addresses": [str(address) for address in sdk.addresses],
                    }
                    for company, sdk in rows
                ],
            }
        )
        return
    for company, sdk in rows:
        hosts = " ".join(each.host + each.path for each in sdk.hosts)
        names = _both(company.company, company.name_zh), _both(sdk.name, sdk.name_zh)
        typer.echo("\t".join((*names, sdk.kind, hosts)))
    say(f"{counts['sdks']} SDKs of {counts['companies']} companies, {counts['hosts']} hosts")


def _asked(host: str, path: str) -> tuple[str, str, int]:
    """Returns host, path and port of what was asked for, which may be a URL."""
    from urllib.parse import urlsplit

    port = 0
    if "//" in host:
        try:
            parts = urlsplit(host)
            host, path, port = parts.hostname or "", path or parts.path, parts.port or 0
        except ValueError as error:
            raise CommandError(f"{host}: is no URL ({error}): write https://HOST/PATH, or the host alone") from None
    return host.lower().rstrip("."), path, port


def _lines(owner: "Owner", entry: "Entry | None") -> "Iterator[tuple[str, str]]":
    """Yields what is said of an owner, line by line."""
    if entry is None:
        yield "sdk", owner.sdk
        yield "company", owner.company
    else:
        company, sdk = entry.company, entry.sdk
        group = f", of {company.group}" if company.group else ""
        yield "sdk", _both(sdk.name, sdk.name_zh)
        yield "company", _both(company.company, company.name_zh) + group
    yield "party", owner.party
    yield "carrier", owner.carrier
    yield "kind", owner.kind or (entry.sdk.kind if entry else "")
    yield "purpose", owner.purpose or (entry.sdk.purpose if entry else "")
    yield "packages", ", ".join(entry.sdk.packages) if entry else ""
    yield "entry", _place(entry) if entry else ""
    yield "source", entry.host.source if entry else ""
    yield "basis", f"{owner.basis} (confidence {owner.confidence:.2f})"


def _fields(
    host: str, path: str, owner: "Owner", entry: "Entry | None", others: "Iterable[Entry]", near: "Iterable[Entry]"
) -> dict[str, Any]:
    return {
        "host": host,
        "path": path,
        "known": entry is not None or owner.party != "unknown",
        "party": owner.party,
        "sdk": owner.sdk,
        "company": owner.company,
        "group": entry.company.group if entry else owner.group,
        "kind": owner.kind or (entry.sdk.kind if entry else ""),
        "purpose": owner.purpose or (entry.sdk.purpose if entry else ""),
        "carrier": owner.carrier,
        "basis": owner.basis,
        "confidence": owner.confidence,
        "entry": _of_entry(entry) if entry else None,
        "also": [_of_entry(one) for one in others],
        "near": [_of_entry(one) for one in near],
    }


def _near(host: str) -> "list[Entry]":
    """Returns entries whose registrable domain is the host's, or else is written nearly like it."""
    import difflib

    from leaktap.attribution import known, registrable

    domains: dict[str, list[Entry]] = {}
    for company in known().companies:
        for each in (each for sdk in company.sdks for each in sdk.hosts):
            entry = known().find(each.host, each.path)
            if entry is not None:
                domains.setdefault(registrable(each.host) or each.host, []).append(entry)
    domain = registrable(host)
    if not domain:
        return []
    close = [domain] if domain in domains else difflib.get_close_matches(domain, domains, n=2, cutoff=0.8)
    found = [entry for one in close for entry in domains[one]]
    return sorted(found, key=lambda entry: len(entry.host.host))[:_MOST_NEAR]


def _has(word: str, names: "Iterable[str]") -> bool:
    return not word or any(word.casefold() in name.casefold() for name in names)


def _of_entry(entry: "Entry") -> dict[str, str]:
    place = {"host": entry.host.host, "path": entry.host.path, "source": entry.host.source}
    return {**place, "sdk": entry.sdk.name, "company": entry.company.company, "kind": entry.sdk.kind}


def _of_company(company: Any) -> dict[str, str]:
    return {"company": company.company, "company_zh": company.name_zh, "group": company.group}


def _of_sdk(sdk: Any) -> dict[str, str]:
    return {
        "sdk": sdk.name,
        "sdk_zh": sdk.name_zh,
        "kind": sdk.kind,
        "party": sdk.party,
        "purpose": sdk.purpose,
    }


def _place(entry: "Entry") -> str:
    return entry.host.host + entry.host.path


def _names(entry: "Entry") -> str:
    return f"{_both(entry.sdk.name, entry.sdk.name_zh)}, {entry.company.company}, {entry.sdk.kind}"


def _both(name: str, chinese: str) -> str:
    return f"{name} ({chinese})" if chinese else name


def _print(fields: dict[str, Any]) -> None:
    import orjson

    print(orjson.dumps(fields, option=orjson.OPT_INDENT_2).decode())
