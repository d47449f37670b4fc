"""A value as it is sent: what writers of forms give."""

from dataclasses import dataclass

from leaktap.model import Basis

type Form = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Writing:
    """A value of a class as it is sent, and how it came about. `plain` is the value, `family` the kind of form.

    What only its name or neighbours make telling is a small JSON document, in which `step` leads to the value. A list
    of `count` records that no profile knows is found by the `basis` of its structure.
    """

    identifier: str
    plain: str
    data: bytes
    form: Form
    family: str
    step: str = ""
    basis: Basis = "known"
    count: int = 0
