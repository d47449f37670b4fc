"""`leaktap rules [ID [RESULTS]]`: the rule book, one clause of it, or why one fired in a result file or did not."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leaktap.cli import CommandError, examples
from leaktap.cli._stated import said

if TYPE_CHECKING:
    from leaktap.rules import Clause, Document


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        short_help="Show the clauses, and why one fired or not.",
        epilog=examples(
            "leaktap rules",
            "leaktap rules CAC-191-2019/4.1",
            "leaktap rules CAC-191-2019/4.1 results.jsonl",
        ),
    )(rules)


def rules(
    id_: Annotated[
        str, typer.Argument(metavar="[ID]", help="A clause (CAC-191-2019/3.1) or a document (CAC-191-2019).")
    ] = "",
    results: Annotated[
        Path | None,
        typer.Argument(metavar="[RESULTS]", help="A result file (JSON lines): why the clause fired or not."),
    ] = None,
    case: Annotated[
        Path | None,
        typer.Option(
            "--case", metavar="FILE", help="The case to hold the results against, instead of the one in them."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the clauses that findings are held against, what traffic can show of each, and why one fired or did not."""
    from leaktap.config import nearest
    from leaktap.rulebook import rule_book

    documents = rule_book()
    name, _, number = id_.partition("/")
    chosen = [document for document in documents if name in ("", document.document)]
    if not chosen:
        names = [document.document for document in documents]
        raise CommandError(f"{name}: is no document{nearest(name, names)}: there are {', '.join(names)}")
    if results is not None and not number:
        raise CommandError(f"{id_}: is no clause: name one of leaktap rules {name} to hold against {results}")
    if not number:
        _list(chosen, as_json)
        return
    clauses = {clause.id: clause for clause in chosen[0].clauses}
    if number not in clauses:
        raise CommandError(f"{id_}: is no clause{nearest(number, clauses)}: see leaktap rules {name}")
    clause = clauses[number]
    found: dict[str, Any] = {}
    if results is not None:
        from leaktap.cli import _ruled

        found = _ruled.fields(id_, results, case)
    if as_json:
        print(json.dumps(_fields(chosen[0], clause) | found, ensure_ascii=False, indent=2))
        return
    _show(chosen[0], clause)
    if results is not None:
        for line in _ruled.lines(found["results"]):
            print(line)


def _list(documents: "list[Document]", as_json: bool) -> None:
    if as_json:
        fields = [_fields(document, clause) for document in documents for clause in document.clauses]
        print(json.dumps({"clauses": fields}, ensure_ascii=False, indent=2))
        return
    for document in documents:
        print(f"{document.document}  {document.number}, {document.issued}: {document.title.en}")
        for clause in document.clauses:
            place = f"{document.document}/{clause.id}"
            print(f"  {place:28}{clause.evidence:10}{_severity(clause):10}{clause.title.en}")


def _fields(document: "Document", clause: "Clause") -> dict[str, Any]:
    """Returns everything about a clause."""
    return {
        "id": f"{document.document}/{clause.id}",
        "document": {
            "id": document.document,
            "number": document.number,
            "issued": document.issued,
            "title": document.title.model_dump(),
        },
        "title": clause.title.model_dump(),
        "gist": clause.gist and clause.gist.model_dump(),
        "evidence": clause.evidence,
        "produces": clause.produces,
        "severity": clause.severity if clause.when else None,
        "by_form": dict(clause.by_form),
        "needs": _needs(clause),
        "when": [said(condition) for condition in clause.when],
        "remedy": clause.remedy and clause.remedy.model_dump(),
    }


def _show(document: "Document", clause: "Clause") -> None:
    print(f"{document.document}/{clause.id}  {document.number}, {document.issued}")
    print(f"  {clause.title.zh}")
    print(f"  {clause.title.en}")
    if clause.gist:
        print(f"gist      {clause.gist.zh}\n          {clause.gist.en}")
    print(f"evidence  {_EVIDENCE[clause.evidence]}")
    if clause.produces:
        print(f"record    leaktap.{clause.produces}/1")
    if clause.when:
        print(f"severity  {_severity(clause)}")
        for form, severity in clause.by_form.items():
            print(f"          {severity} where the value is {form}")
    for label, needed in zip(["needs", *[""] * 20], _needs(clause), strict=False):
        print(f"{label:10}{needed}")
    for condition in clause.when:
        print(f"fires on  {', '.join(f'{key}: {words}' for key, words in said(condition).items())}")
    if clause.remedy:
        print(f"remedy    {clause.remedy.zh}\n          {clause.remedy.en}")


def _needs(clause: "Clause") -> list[str]:
    """Returns what a case must tell for the clause to fire."""
    from leaktap.rules import tests_of

    needs = (test.needs for condition in clause.when for _, test in tests_of(condition))
    return list(dict.fromkeys(filter(None, needs)))


def _severity(clause: "Clause") -> str:
    return clause.severity if clause.when else "-"


_EVIDENCE = {
    "direct": "direct: traffic and a consent mark prove it",
    "case": "case: needs what the case file declares",
    "indicator": "indicator: traffic suggests it, a person must confirm",
    "produces": "produces: a record of the results is what it asks for",
    "none": "none: cannot be seen in traffic",
}
