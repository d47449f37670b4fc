"""People's names: what stands under a name for names and is written as one. Chinese ones begin with a family name.

Goods and places are called something too, so a bare `name` says nothing. The hundred commonest family names are those
of nine in ten people in China: https://en.wikipedia.org/wiki/List_of_common_Chinese_surnames.
"""

import re

from leaktap.identifiers._api import Candidate, Identifier, Verdict

_FAMILY_NAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文肖闫"
)
_LONG_FAMILY_NAMES = frozenset(
    re.findall(r"\w\w", "欧阳 司马 上官 诸葛 夏侯 皇甫 尉迟 公孙 慕容 令狐 宇文 长孙 东方 独孤 南宫 司徒 端木 闻人")
)
_CHINESE = re.compile(r"[\u4e00-\u9fff]{2,4}|[\u4e00-\u9fff]{1,5}·[\u4e00-\u9fff]{1,8}")
_LATIN = re.compile(r"[^\W\d_]['’.\-]?(?:[^\W\d_]['’.\-]?){1,24}(?: [^\W\d_](?:[^\W\d_]|['’.\-]){0,24}){0,3}")
_NOBODY = re.compile(
    r"test.*|user|guest|admin|anonymous|name|demo|测试.*|用户.*|游客|匿名.*|先生|女士|本人|未知|未填写?"
)


def _judge(candidate: Candidate) -> Verdict | None:
    text = candidate.text.strip()
    if not candidate.named or _NOBODY.fullmatch(text.lower()):
        return None
    if _CHINESE.fullmatch(text):
        if text[:2] in _LONG_FAMILY_NAMES or (text[0] in _FAMILY_NAMES and len(text) < 4) or "·" in text:
            return Verdict("key", 0.85, why="a family name first")
        return Verdict("key", 0.5, why="no common family name")
    if _LATIN.fullmatch(text) and text.isascii() and text != text.lower():
        return Verdict("key", 0.7 if " " in text else 0.6, why="letters alone")
    return None


IDENTIFIERS = (
    Identifier(
        "name",
        "identity",
        keys=(
            "(?:.*_)?(?:real|true|full|legal)_name",
            "(?:user|customer|receiver|recipient|consignee|contact|patient|cardholder|holder|payee|passenger)_(?:real|full)_name",
            "(?:receiver|recipient|consignee|patient|card_holder|payee|passenger)_name",
            "(?:first|last|given|family|sur)_name",
            "(?:.*_)?(?:xing_ming|zhen_shi_xing_ming|shou_jian_ren|shou_huo_ren)",
            "(?:真实|用户|客户)?姓名|收[件货]人(?:姓名)?|联系人姓名|持卡人",
        ),
        known_keys=("(?:.*_)?(?:real|full|user|true|first|last|nick|display)?_name",),
        judge=_judge,
    ),
)
