"""What an app's policy declares, asked about what was seen: is this SDK in it, is this form weaker than the one in it.

Policies call SDKs by many names. A declared name is compared without case, spaces, punctuation and words that say
nothing (SDK, Android, 服务); one in brackets or beside another script counts by itself (`个推（GeTui）`). It stands for

- the SDK whose name it is, in Chinese or English, or whose name begins with its words (`Umeng`: Umeng Analytics);
- all SDKs of a company, if it is the company's name, brand or registered name (`深圳市腾讯计算机系统有限公司`);
- the SDKs of a kind, if it is a company's name and a word for the kind (`友盟推送`: push of Umeng, not its analytics);
- the SDKs whose names have a word that it has beside a company's name (`Google Firebase`);
- all SDKs of a company, if a company's name and a word that says nothing else; the doubt is in the app's favour.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from leaktap.config import Declared
from leaktap.model import Match, Owner

_DIGESTS = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sm3", "sha3", "crc32"})
type FormKind = Literal["plain", "hashed", "salted"]

_RANK = {"plain": 0, "hashed": 1, "salted": 2}
_ENCRYPTED = re.compile(r"(?i)encrypt|cipher|aes|rsa|sm[24]|des\b|加密")

_NOISE = re.compile(
    r"\b(?:sdk|sdks|android|ios|app|the|service|services|platform|for|by)\b|软件开发工具包|开发工具包|第三方|服务|平台|组件|插件|功能"
)
_LEGAL = re.compile(r"公司|集团|\b(?:inc|ltd|limited|llc|corp|corporation|gmbh|co)\b")
_PIECES = re.compile(r"[()\[\]{}/、,，;；|【】「」《》]|\s[-–—]\s|\band\b")
_SCRIPTS = re.compile(r"[\u3400-\u9fff][\u3400-\u9fff\d+]*|[^\u3400-\u9fff]+")
_LEAST = 2
"""Characters of the shortest name that is looked for within another."""
_DISTINCT = 5
"""Characters from which on a name is known by itself at the beginning of a word (TencentAds)."""

_KINDS: dict[str, tuple[str, ...]] = {
    "统计|分析|埋点|analytics|statistics|stats": ("analytics", "apm"),
    "推送|push": ("push",),
    "广告|联盟|ads?|advert|monetization": ("ads",),
    "分享|share|sharing|社交|social": ("social", "login"),
    "登录|登陆|认证|验证|login|signin|verification|auth": ("login", "social"),
    "支付|pay|payment|wallet": ("pay",),
    "地图|定位|位置|map|maps|location|lbs": ("map", "location"),
    "崩溃|异常|crash|监控|性能|apm|monitor": ("crash", "apm"),
    "即时通|通讯|im|chat|客服": ("im",),
    "语音|speech|voice|asr|tts": ("speech", "rtc"),
    "直播|音视频|rtc|video|live": ("rtc",),
    "风控|安全|反作弊|risk|fraud|captcha|验证码": ("risk-control",),
    "浏览|webview|内核": ("webview",),
}
"""Words for kinds of SDKs, and the kinds of the catalogue that they mean."""

_WORDS = [
    (re.compile("|".join(w if ord(w[0]) > 127 else rf"\b{w}\b" for w in words.split("|"))), kinds)
    for words, kinds in _KINDS.items()
]


@dataclass(frozen=True, slots=True)
class Product:
    """An SDK of the catalogue by all its names, and its company by all of its own."""

    sdk: str
    company: str
    names: tuple[str, ...]
    company_names: tuple[str, ...]
    kind: str = ""


class Policy:
    """What a policy declares; an absent one declares nothing and is never broken."""

    def __init__(self, declared: Declared | None, products: Iterable[Product] = ()) -> None:
        """Takes the declaration, and the SDKs whose other names are known."""
        self.declared = declared
        self._products = {(product.company, product.sdk): product for product in products} if declared else {}
        self._names = [_Name(name) for name in declared.sdks] if declared else []
        self._of_company: dict[str, list[Product]] = {}
        for product in self._products.values():
            self._of_company.setdefault(product.company, []).append(product)
        self._sdk = lru_cache(8192)(self._find)
        self._weaker = lru_cache(8192)(self._weighed)

    def sdk(self, owner: Owner) -> str | None:
        """Returns the declared name that stands for the owner's SDK, as it is declared, or None."""
        return self._sdk(owner.sdk, owner.company, owner.kind) if owner.sdk else None

    def weaker(self, match: Match) -> bool:
        """Tells whether a value left in a form that protects it less than the one that is declared."""
        encrypted = any(layer.startswith("decrypt") for layer in match.leaf.via)
        return self.is_weaker(match.identifier, match.form, encrypted)

    def is_weaker(self, identifier: str, form: Sequence[str], encrypted: bool) -> bool:
        """Tells the same of a class and a form; `encrypted` says that the app had encrypted it besides."""
        return self._weaker(identifier, tuple(form), encrypted)

    def _weighed(self, identifier: str, form: tuple[str, ...], encrypted: bool) -> bool:
        said = self.declared.identifiers.get(identifier) if self.declared else None
        if said is None or not said.form or said.form.casefold() == "plain":
            return False
        seen = _RANK[form_kind(form)]
        if _ENCRYPTED.search(said.form):
            return seen == 0 and not encrypted
        return seen < max(_RANK[form_kind(tuple(re.split(r"[\s,+]+", said.form.casefold())))], 1)

    def _find(self, sdk: str, company: str, kind: str) -> str | None:
        product = self._products.get((company, sdk)) or Product(sdk, company, (sdk,), (company,), kind)
        ranked = [(rank, name) for name in self._names if (rank := self._stands(name, product))]
        return max(ranked, key=lambda item: item[0])[1].text if ranked else None

    def _stands(self, name: "_Name", product: Product) -> int:
        """Returns how closely a declared name means an SDK: 3 it alone, 2 its kind, 1 its company, 0 not at all."""
        company = _compacted(product.company_names)
        if name.pieces & _own(product):
            return 3
        if name.words and any(f"{_spaced(own)} ".startswith(f"{name.words} ") for own in product.names):
            return 2
        if name.whole in company:
            return 1
        within = [own for own in company if name.has(own)]
        if not within:
            return 0
        if name.legal:
            return 1
        rest = name.without(max(within, key=len))
        kinds = {kind for words, kinds in _WORDS if words.search(rest) for kind in kinds}
        if kinds:
            return 2 if product.kind in kinds else 0
        others = self._of_company.get(product.company, ())
        if any(_mentions(rest, other) for other in others):
            return 2 if _mentions(rest, product) else 0
        return 0 if any(name.pieces & _own(other) for other in others) else 1


class _Name:
    """A declared name: `words` with one space between, `whole` without, and the `pieces` that it is made of."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = _spaced(text)
        self.whole = self.words.replace(" ", "")
        folded = unicodedata.normalize("NFKC", text).casefold()
        self.legal = bool(_LEGAL.search(folded))
        self._spaced = {spaced for piece in _parts(folded) if (spaced := _spaced(piece))}
        self.pieces = {spaced.replace(" ", "") for spaced in self._spaced}

    def has(self, company: str) -> bool:
        """Tells whether a company's name is in it: as words of its own, or run together with what follows."""
        if len(company) >= _DISTINCT and any(piece.startswith(company) for piece in self.pieces):
            return True
        return any(_within(company).search(spaced) for spaced in self._spaced)

    def without(self, company: str) -> str:
        """Returns what the name says beside the company's name."""
        loose = re.compile(r"\s*".join(map(re.escape, company)))
        return " ".join(loose.sub(" ", spaced) for spaced in self._spaced)


@lru_cache(4096)
def _within(compact: str) -> re.Pattern[str]:
    """Returns what finds a name among words; where it is in Latin letters, none of them may go on before or behind."""
    loose = r"\s*".join(map(re.escape, compact))
    return re.compile(rf"(?<![a-z0-9]){loose}(?![a-z0-9])" if compact.isascii() else loose)


def _parts(text: str) -> Iterator[str]:
    """Yields a name, its parts in and before brackets, and its parts in one script each."""
    yield text
    for piece in _PIECES.split(text):
        yield piece
        yield from _SCRIPTS.findall(piece)


def _spaced(text: str) -> str:
    """Returns words, one space apart, without those that say nothing."""
    text = _NOISE.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(re.findall(r"\w+", text))


@lru_cache(4096)
def _compacted(names: tuple[str, ...]) -> frozenset[str]:
    """Returns names as they are compared, those of products that bear two (`JPush and JCore`) also one by one."""
    pieces = (piece for name in names for piece in (name, *_PIECES.split(name)))
    return frozenset(compact for piece in pieces if len(compact := _spaced(piece).replace(" ", "")) >= _LEAST)


def _own(product: Product) -> frozenset[str]:
    """Returns the names that are an SDK's alone, and not its company's."""
    return _compacted(product.names) - _compacted(product.company_names)


def _mentions(rest: str, product: Product) -> bool:
    """Tells whether a word of the rest of a declared name is one of the SDK's (Google Firebase)."""
    words = {word for name in product.names for word in _spaced(name).split()}
    return any(word in words for word in rest.split() if len(word) > _LEAST)


@lru_cache(4096)
def form_kind(form: tuple[str, ...]) -> FormKind:
    """Returns `salted`, `hashed` or `plain`."""
    if any(step.startswith(("salt", "hmac")) for step in form):
        return "salted"
    return "hashed" if any(step.partition("-")[0] in _DIGESTS for step in form) else "plain"
