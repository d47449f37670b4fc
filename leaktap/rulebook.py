"""The bundled rule book, checked by the words that other rooms know: classes, categories and kinds of SDKs."""

from functools import cache
from typing import get_args

from leaktap.attribution._catalogue import Kind
from leaktap.identifiers import classes
from leaktap.rules import Document, Vocabulary, load_documents


@cache
def rule_book() -> tuple[Document, ...]:
    """Returns the documents, by file name.

    Raises:
        ConfigError: one of them says something that nothing here knows.
    """
    known = classes()
    categories = frozenset(identifier.category for identifier in known.values())
    return load_documents(Vocabulary(frozenset(known), categories, frozenset(get_args(Kind.__value__))))
