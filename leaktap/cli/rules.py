"""`leaktap rules [ID]`: the rule book, or one clause of it: what it forbids, what shows it, and how severe it is."""

from typing import TYPE_CHECKING, Annotated

import typer

from leaktap.cli import CommandError

if TYPE_CHECKING:
    from leaktap.rules import Clause, Document


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command()(rules)


def rules(
    id_: Annotated[
        str, typer.Argument(metavar="[ID]", help="A clause (CAC-191-2019/3.1) or a document (CAC-191-2019).")
    ] = "",
) -> None:
    """Show the clauses that findings are held against, and what traffic can show of each."""
    from leaktap.config import nearest
    from leaktap.rules import load_documents

    documents = load_documents()
    name, _, number = id_.partition("/")
    chosen = [document for document in documents if name in ("", document.document)]
    if not chosen:
        names = [document.document for document in documents]
        raise CommandError(f"{name}: is no document{nearest(name, names)}: there are {', '.join(names)}")
    if number:
        clauses = {clause.id: clause for clause in chosen[0].clauses}
        if number not in clauses:
            raise CommandError(f"{id_}: is no clause{nearest(number, clauses)}: see leaktap rules {name}")
        _show(chosen[0], clauses[number])
        return
    for document in chosen:
        print(f"{document.document}  {document.number}, {document.issued}: {document.title.en}")
        for clause in document.clauses:
            place = f"{document.document}/{clause.id}"
            print(f"  {place:28}{clause.evidence:10}{_severity(clause):10}{clause.title.en}")


def _show(document: "Document", clause: "Clause") -> None:
    print(f"{document.document}/{clause.id}  {document.number}, {document.issued}")
    print(f"  {clause.title.zh}")
    print(f"  {clause.title.en}")
    print(f"evidence  {_EVIDENCE[clause.evidence]}")
    if clause.when:
        print(f"severity  {_severity(clause)}")
        for form, severity in clause.by_form.items():
            print(f"          {severity} where the value is {form}")
    elif clause.evidence not in ("none", "produces"):
        print("judged    not yet: nothing fires it")
    for condition in clause.when:
        said = condition.model_dump(exclude_defaults=True)
        print(f"fires on  {', '.join(f'{key}: {_words(key, value)}' for key, value in said.items())}")


def _severity(clause: "Clause") -> str:
    return clause.severity if clause.when else "-"


def _words(key: str, value: object) -> str:
    from leaktap.sinks._words import duration

    if key in ("within", "without_action") and isinstance(value, int):
        return duration(value)
    if isinstance(value, (tuple, list)):
        return " or ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


_EVIDENCE = {
    "direct": "direct: traffic and a consent mark prove it",
    "case": "case: needs what the case file declares",
    "indicator": "indicator: traffic suggests it, a person must confirm",
    "produces": "produces: a finding or a report is what it asks for",
    "none": "none: cannot be seen in traffic",
}
