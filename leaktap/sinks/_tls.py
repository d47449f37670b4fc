"""TLS towards a receiver: always verified, against the system's authorities or those that a setting names."""

import ssl

from leaktap.sinks._api import SinkError
from leaktap.sinks._target import TLS, Target


def context(target: Target) -> ssl.SSLContext:
    """Returns what a target's settings ask for.

    Raises:
        SinkError: one of the files cannot be used.
    """
    settings = target.settings
    try:
        made = ssl.create_default_context(cafile=settings.get("ca") or None)
        if settings.get("cert"):
            made.load_cert_chain(settings["cert"], settings.get("key") or None, lambda: "")
    except (OSError, ValueError) as error:
        files = ", ".join(settings[name] for name in TLS if name in settings)
        raise SinkError(f"{target.shown}: {files}: cannot be used for TLS ({error})") from None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made
