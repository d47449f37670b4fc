"""The rule book: one YAML file per document under `clauses/`, and the engine that holds findings against it."""

from leaktap.rules._clauses import Clause, Condition, Document, Vocabulary, load_documents
from leaktap.rules._conditions import Events, tests_of
from leaktap.rules._facts import of_record
from leaktap.rules.engine import Engine
from leaktap.rules.explain import Explanation

__all__ = [
    "Clause",
    "Condition",
    "Document",
    "Engine",
    "Events",
    "Explanation",
    "Vocabulary",
    "load_documents",
    "of_record",
    "tests_of",
]
