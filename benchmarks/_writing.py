"""A value as it is sent: what writers of forms give."""

from dataclasses import dataclass

type Form = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Writing:
    """A value of a class as it is sent, and how it came about. `plain` is the value, `family` the kind of form.

    What only its name or neighbours make telling is a small JSON document, in which `step` leads to the value.
    """

    identifier: str
    plain: str
    data: bytes
    form: Form
    family: str
    step: str = ""
