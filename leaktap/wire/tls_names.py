"""The names that a certificate is for (RFC 5280, section 4.2.1.6 and the common name). An unreadable one has none.

A file of its own, for the library that reads certificates takes long to load, and most captures do without it.
"""

import warnings

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

_BROKEN = (
    ValueError,
    KeyError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for certificates that are none."""


def names(certificate: bytes) -> tuple[str, ...]:
    """Returns the names that a certificate (DER) is for, in lower case: the common name first, then those of DNS."""
    found: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = x509.load_der_x509_certificate(certificate)
            found += [str(name.value) for name in parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
            found += _alternatives(parsed)
    except _BROKEN:
        pass
    return tuple(dict.fromkeys(name.lower().rstrip(".") for name in found if name))


def _alternatives(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(x509.DNSName)
