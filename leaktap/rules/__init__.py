"""The rule book: one YAML file per document under `clauses/`, and the engine that holds findings against it."""

from leaktap.rules._clauses import Clause, Document, Vocabulary, load_documents
from leaktap.rules.engine import Engine, Events

__all__ = ["Clause", "Document", "Engine", "Events", "Vocabulary", "load_documents"]
