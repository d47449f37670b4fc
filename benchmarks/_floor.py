"""The least that anybody must do: read the bytes, undo as many bytes of AES-GCM, pass once over as much plain text.

The pass is Hyperscan's, with leaktap's own database for the benchmark's phone.
"""

from pathlib import Path
from time import perf_counter

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from leaktap.config import load_devices
from leaktap.decoders import hints
from leaktap.identifiers.matcher import Matcher

_RECORD = 16_384
_BLOCK = 1 << 18


def floor(capture: Path, device: Path, text: bytes) -> float:
    """Returns the seconds that one thread takes for a capture; `text` stands for what is in it once decrypted."""
    sieve = Matcher(load_devices([device]), hints=hints()).sieve
    sieve(b"\0")
    cipher, nonce = AESGCM(bytes(16)), bytes(12)
    sealed = cipher.encrypt(nonce, bytes(_RECORD), None)
    began = perf_counter()
    with capture.open("rb") as file:
        while block := file.read(_BLOCK):
            for _ in range(0, len(block), _RECORD):
                cipher.decrypt(nonce, sealed, None)
            sieve(text[: len(block)])
    return perf_counter() - began
