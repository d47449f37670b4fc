"""How things are said to a person: disguises, phases, sizes. Captured text is hostile and is made harmless here."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from leaktap.model import Phase, Time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORMS = {
    "md5": "MD5",
    "sha1": "SHA-1",
    "sha256": "SHA-256",
    "sha512": "SHA-512",
    "sm3": "SM3",
    "hex-upper": "upper-case hex",
    "no-separator": "without separators",
    "upper": "upper case",
    "lower": "lower case",
    "colon": "with colons",
    "dash": "with dashes",
    "dot": "with dots",
    "no-check-digit": "without check digit",
}
_PHASES = {
    "not_running": "app not running",
    "before_notice": "before notice",
    "before_consent": "before consent",
    "consented": "after consent",
    "refused": "after refusal",
    "withdrawn": "after withdrawal",
    "unknown": "unknown",
}


def harmless(text: str, most: int = 400) -> str:
    """Returns text that cannot steer a terminal: control, format (bidi) and surrogate characters become `�`."""
    if not text.isprintable():
        text = "".join("�" if unicodedata.category(c)[0] == "C" or c in "\u2028\u2029" else c for c in text[:most])
    return text if len(text) <= most else text[:most] + "…"


def disguise(form: Sequence[str]) -> str:
    """Returns a form in words, in the order in which it came about."""
    return ", ".join(_FORMS.get(name, name) for name in form) or "plain"


def consent(phase: Phase, earliest: int | None, latest: int | None) -> list[str]:
    """Returns a phase in words, in pieces; `earliest` and `latest` are the extremes of microseconds to the consent."""
    words = [_PHASES.get(phase.name, phase.name)]
    if phase.background:
        words.append("in the background")
    if earliest is None or latest is None or phase.name not in ("before_notice", "before_consent", "consented"):
        return words
    first, last = duration(abs(earliest)), duration(abs(latest))
    span = first if first == last else f"{first} to {last}"
    if phase.name == "before_notice":
        return [*words, f"{span} to consent"]
    return [*words, f"{span} before" if earliest > 0 else f"{span} after"]


def duration(microseconds: int) -> str:
    """Returns a length of time with a precision that a person wants."""
    seconds = microseconds / 1_000_000
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    if seconds < 7170:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86400:.0f} d"


def local(time: Time) -> datetime:
    """Returns a time in the zone of the machine; one that no calendar has becomes the nearest that it has."""
    try:
        return (_EPOCH + timedelta(microseconds=time)).astimezone()
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC) if time > 0 else datetime.min.replace(tzinfo=UTC)


def zone(moment: datetime) -> str:
    """Names the zone of a moment: UTC, UTC+08:00."""
    return f"{moment:UTC%:z}".removesuffix("+00:00")


def size(count: int) -> str:
    """Returns a number of bytes, decimal units."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5:
            return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"
    return f"{value / 1000:.1f} TB"


def clause_ids(ids: Iterable[str]) -> list[str]:
    """Returns clauses as short as they can be told: those of one document together (`CAC-191-2019/3.1, 5.1`)."""
    documents: dict[str, list[str]] = {}
    for clause in ids:
        document, _, number = clause.partition("/")
        documents.setdefault(document, []).append(number)
    return [
        f"{name}/{', '.join(sorted(numbers, key=_counting))}".removesuffix("/")
        for name, numbers in sorted(documents.items())
    ]


def _counting(number: str) -> list[tuple[int, str]]:
    """Sorts 10 behind 9."""
    return [(int(piece) if piece.isdecimal() else -1, piece) for piece in re.split(r"[.-]", number)]


def short(masked: str) -> str:
    """Returns a masked value with its stars in a number that fits a column."""
    return re.sub(r"\*{12,}", "*" * 11, masked)


def counted(count: int, noun: str) -> str:
    """Returns `1 thing`, `2 things`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def phase_words(name: str) -> str:
    """Returns a phase in words."""
    return _PHASES.get(name, name)


def recipient_words(sdk: str, company: str, host: str) -> str:
    """Returns who received something, in few words: the SDK with its company, else the company, else the host."""
    if sdk:
        return f"{sdk} ({company})" if company and company != sdk else sdk
    return company or host
