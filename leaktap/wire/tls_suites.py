"""TLS cipher suites: IANA's numbers and names as data, and what a name says about keys and hashes.

https://www.iana.org/assignments/tls-parameters, section TLS Cipher Suites. A name ends in the cipher and, unless it
is AEAD with the default, the hash: `TLS_<key exchange>_WITH_<cipher>_<hash>`. How the keys were exchanged does not
matter to somebody who has them.
"""

from dataclasses import dataclass
from functools import cache

_TLS13 = {
    0x1301: "AES_128_GCM_SHA256",
    0x1302: "AES_256_GCM_SHA384",
    0x1303: "CHACHA20_POLY1305_SHA256",
    0x1304: "AES_128_CCM_SHA256",
    0x1305: "AES_128_CCM_8_SHA256",
}

# Cipher and hash, then NUMBER:KEY_EXCHANGE of every suite that ends so. Export grade and SSL 2 are left out.
_TLS12 = """
NULL_MD5 0001:RSA
NULL_SHA 0002:RSA 002C:PSK 002D:DHE_PSK 002E:RSA_PSK C001:ECDH_ECDSA C006:ECDHE_ECDSA C00B:ECDH_RSA C010:ECDHE_RSA
  C015:ECDH_anon C039:ECDHE_PSK
RC4_128_MD5 0004:RSA 0018:DH_anon 0024:KRB5
RC4_128_SHA 0005:RSA 0020:KRB5 008A:PSK 008E:DHE_PSK 0092:RSA_PSK C002:ECDH_ECDSA C007:ECDHE_ECDSA C00C:ECDH_RSA
  C011:ECDHE_RSA C016:ECDH_anon C033:ECDHE_PSK
3DES_EDE_CBC_SHA 000A:RSA 000D:DH_DSS 0010:DH_RSA 0013:DHE_DSS 0016:DHE_RSA 001B:DH_anon 001F:KRB5 008B:PSK
  008F:DHE_PSK 0093:RSA_PSK C003:ECDH_ECDSA C008:ECDHE_ECDSA C00D:ECDH_RSA C012:ECDHE_RSA C017:ECDH_anon
  C01A:SRP_SHA C01B:SRP_SHA_RSA C01C:SRP_SHA_DSS C034:ECDHE_PSK
3DES_EDE_CBC_MD5 0023:KRB5
AES_128_CBC_SHA 002F:RSA 0030:DH_DSS 0031:DH_RSA 0032:DHE_DSS 0033:DHE_RSA 0034:DH_anon 008C:PSK 0090:DHE_PSK
  0094:RSA_PSK C004:ECDH_ECDSA C009:ECDHE_ECDSA C00E:ECDH_RSA C013:ECDHE_RSA C018:ECDH_anon C01D:SRP_SHA
  C01E:SRP_SHA_RSA C01F:SRP_SHA_DSS C035:ECDHE_PSK
AES_256_CBC_SHA 0035:RSA 0036:DH_DSS 0037:DH_RSA 0038:DHE_DSS 0039:DHE_RSA 003A:DH_anon 008D:PSK 0091:DHE_PSK
  0095:RSA_PSK C005:ECDH_ECDSA C00A:ECDHE_ECDSA C00F:ECDH_RSA C014:ECDHE_RSA C019:ECDH_anon C020:SRP_SHA
  C021:SRP_SHA_RSA C022:SRP_SHA_DSS C036:ECDHE_PSK
NULL_SHA256 003B:RSA 00B0:PSK 00B4:DHE_PSK 00B8:RSA_PSK C03A:ECDHE_PSK
AES_128_CBC_SHA256 003C:RSA 003E:DH_DSS 003F:DH_RSA 0040:DHE_DSS 0067:DHE_RSA 006C:DH_anon 00AE:PSK 00B2:DHE_PSK
  00B6:RSA_PSK C023:ECDHE_ECDSA C025:ECDH_ECDSA C027:ECDHE_RSA C029:ECDH_RSA C037:ECDHE_PSK
AES_256_CBC_SHA256 003D:RSA 0068:DH_DSS 0069:DH_RSA 006A:DHE_DSS 006B:DHE_RSA 006D:DH_anon
CAMELLIA_128_CBC_SHA 0041:RSA 0042:DH_DSS 0043:DH_RSA 0044:DHE_DSS 0045:DHE_RSA 0046:DH_anon
CAMELLIA_256_CBC_SHA 0084:RSA 0085:DH_DSS 0086:DH_RSA 0087:DHE_DSS 0088:DHE_RSA 0089:DH_anon
SEED_CBC_SHA 0096:RSA 0097:DH_DSS 0098:DH_RSA 0099:DHE_DSS 009A:DHE_RSA 009B:DH_anon
AES_128_GCM_SHA256 009C:RSA 009E:DHE_RSA 00A0:DH_RSA 00A2:DHE_DSS 00A4:DH_DSS 00A6:DH_anon 00A8:PSK 00AA:DHE_PSK
  00AC:RSA_PSK C02B:ECDHE_ECDSA C02D:ECDH_ECDSA C02F:ECDHE_RSA C031:ECDH_RSA D001:ECDHE_PSK
AES_256_GCM_SHA384 009D:RSA 009F:DHE_RSA 00A1:DH_RSA 00A3:DHE_DSS 00A5:DH_DSS 00A7:DH_anon 00A9:PSK 00AB:DHE_PSK
  00AD:RSA_PSK C02C:ECDHE_ECDSA C02E:ECDH_ECDSA C030:ECDHE_RSA C032:ECDH_RSA D002:ECDHE_PSK
AES_256_CBC_SHA384 00AF:PSK 00B3:DHE_PSK 00B7:RSA_PSK C024:ECDHE_ECDSA C026:ECDH_ECDSA C028:ECDHE_RSA C02A:ECDH_RSA
  C038:ECDHE_PSK
NULL_SHA384 00B1:PSK 00B5:DHE_PSK 00B9:RSA_PSK C03B:ECDHE_PSK
CAMELLIA_128_CBC_SHA256 00BA:RSA 00BB:DH_DSS 00BC:DH_RSA 00BD:DHE_DSS 00BE:DHE_RSA 00BF:DH_anon C072:ECDHE_ECDSA
  C074:ECDH_ECDSA C076:ECDHE_RSA C078:ECDH_RSA C094:PSK C096:DHE_PSK C098:RSA_PSK C09A:ECDHE_PSK
CAMELLIA_256_CBC_SHA256 00C0:RSA 00C1:DH_DSS 00C2:DH_RSA 00C3:DHE_DSS 00C4:DHE_RSA 00C5:DH_anon
CAMELLIA_256_CBC_SHA384 C073:ECDHE_ECDSA C075:ECDH_ECDSA C077:ECDHE_RSA C079:ECDH_RSA C095:PSK C097:DHE_PSK
  C099:RSA_PSK C09B:ECDHE_PSK
CAMELLIA_128_GCM_SHA256 C07A:RSA C07C:DHE_RSA C07E:DH_RSA C080:DHE_DSS C082:DH_DSS C084:DH_anon C086:ECDHE_ECDSA
  C088:ECDH_ECDSA C08A:ECDHE_RSA C08C:ECDH_RSA C08E:PSK C090:DHE_PSK C092:RSA_PSK
CAMELLIA_256_GCM_SHA384 C07B:RSA C07D:DHE_RSA C07F:DH_RSA C081:DHE_DSS C083:DH_DSS C085:DH_anon C087:ECDHE_ECDSA
  C089:ECDH_ECDSA C08B:ECDHE_RSA C08D:ECDH_RSA C08F:PSK C091:DHE_PSK C093:RSA_PSK
AES_128_CCM C09C:RSA C09E:DHE_RSA C0A4:PSK C0A6:DHE_PSK C0AC:ECDHE_ECDSA
AES_256_CCM C09D:RSA C09F:DHE_RSA C0A5:PSK C0A7:DHE_PSK C0AD:ECDHE_ECDSA
AES_128_CCM_8 C0A0:RSA C0A2:DHE_RSA C0A8:PSK C0AA:PSK_DHE C0AE:ECDHE_ECDSA
AES_256_CCM_8 C0A1:RSA C0A3:DHE_RSA C0A9:PSK C0AB:PSK_DHE C0AF:ECDHE_ECDSA
CHACHA20_POLY1305_SHA256 CCA8:ECDHE_RSA CCA9:ECDHE_ECDSA CCAA:DHE_RSA CCAB:PSK CCAC:ECDHE_PSK CCAD:DHE_PSK
  CCAE:RSA_PSK
AES_128_CCM_8_SHA256 D003:ECDHE_PSK
AES_128_CCM_SHA256 D005:ECDHE_PSK
"""

_KEY_BYTES = {
    "AES_128": 16,
    "AES_256": 32,
    "3DES_EDE": 24,
    "CHACHA20": 32,
}

_MAC_BYTES = {"MD5": 16, "SHA": 20, "SHA256": 32, "SHA384": 48}


@dataclass(frozen=True, slots=True)
class Suite:
    """A cipher suite.

    `cipher` is AES or 3DES_EDE or CHACHA20, `mode` GCM, CCM, CCM_8, CBC or POLY1305, both empty where the suite is not
    decrypted. `hash` is hashlib's name of the hash of the key schedule (TLS 1.0 and 1.1 have their own), `mac` of a
    CBC suite's MAC, with `mac_bytes`.
    """

    number: int
    name: str
    cipher: str = ""
    mode: str = ""
    key_bytes: int = 0
    hash: str = "sha256"
    mac: str = ""
    mac_bytes: int = 0


def _suite(number: int, name: str, ending: str) -> Suite:
    cipher = next((cipher for cipher in _KEY_BYTES if ending.startswith(cipher + "_")), "")
    if not cipher:
        return Suite(number, name)
    key_bytes = _KEY_BYTES[cipher]
    mode, _, digest = ending.removeprefix(cipher + "_").partition("_")
    if digest.startswith("8"):
        mode, digest = mode + "_8", digest[2:]
    cipher = "AES" if cipher.startswith("AES") else cipher
    prf = "sha384" if digest == "SHA384" else "sha256"
    if mode != "CBC":
        return Suite(number, name, cipher, mode, key_bytes, prf)
    mac = {"SHA": "sha1"}.get(digest, digest.lower())
    return Suite(number, name, cipher, mode, key_bytes, prf, mac, _MAC_BYTES[digest])


@cache
def _suites() -> dict[int, Suite]:
    suites = {number: _suite(number, f"TLS_{ending}", ending) for number, ending in _TLS13.items()}
    ending = ""
    for word in _TLS12.split():
        code, colon, exchange = word.partition(":")
        if not colon:
            ending = word
            continue
        number = int(code, 16)
        suites[number] = _suite(number, f"TLS_{exchange}_WITH_{ending}", ending)
    return suites


def suite(number: int) -> Suite:
    """Returns the suite of that number; one that is not known is called by its number."""
    return _suites().get(number) or Suite(number, f"0x{number:04X}")
