"""The keys of apps' own encryption: the keyring that users write, the recipes that leaktap carries, logs of hooks."""

from leaktap.keyring._hooklog import Operation
from leaktap.keyring._locks import (
    BLOCK,
    NO_KEYS,
    Constant,
    Expression,
    Keys,
    Lock,
    Pbkdf2,
    Rsa,
    Step,
    Where,
    load_keyring,
)

__all__ = [
    "BLOCK",
    "NO_KEYS",
    "Constant",
    "Expression",
    "Keys",
    "Lock",
    "Operation",
    "Pbkdf2",
    "Rsa",
    "Step",
    "Where",
    "load_keyring",
]
