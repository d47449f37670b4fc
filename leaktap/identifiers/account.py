"""Accounts: the ids and login names by which a service knows its user.

WeChat's have a structure of their own: an OpenID or UnionID is `o` and 27 more signs of base64url, a WeChat id that
nobody chose is `wxid_` and 14 (https://developers.weixin.qq.com/doc/offiaccount/en/User_Management/Get_users_basic_information_UnionID.html).
"""

import re

from leaktap.identifiers._api import Candidate, Identifier, Verdict
from leaktap.identifiers._checks import mixed
from leaktap.identifiers._places import bare

_OPEN_ID = re.compile(r"o[A-Za-z0-9_-]{27}")
_WXID = re.compile(r"wxid_[a-z0-9]{12,16}")
_ID = re.compile(r"[0-9]{5,20}|[A-Za-z0-9_-]{8,64}")
_LOGIN = re.compile(r"[^\s<>\"{}\[\]()=&?/\\;,]{3,64}")
_TIME = re.compile(r"1[4-9][0-9]{8}(?:[0-9]{3}){0,2}")


def _judge(candidate: Candidate) -> Verdict | None:
    text, key = candidate.text, candidate.key
    if _WXID.fullmatch(text):
        return Verdict("structure", 0.85, why="a WeChat id")
    if not candidate.named or _TIME.fullmatch(text) or candidate.span != bare(candidate.leaf.value):
        return None
    if key.endswith(("openid", "unionid")):
        return Verdict("key", 0.85, why="a WeChat OpenID") if _OPEN_ID.fullmatch(text) and mixed(text) else None
    if candidate.weak:
        return Verdict("key", 0.4) if _ID.fullmatch(text) and any(c.isdigit() for c in text) else None
    if "qq" in key:
        return Verdict("key", 0.75, why="digits of a QQ number") if re.fullmatch(r"[1-9][0-9]{4,10}", text) else None
    return Verdict("key", 0.6) if _LOGIN.fullmatch(text) and not text.isalpha() else None


IDENTIFIERS = (
    Identifier(
        "account",
        "account",
        keys=(
            "(?:.*_)?(?:wx|wechat|weixin|qq)?_(?:open_id|union_id)",
            "(?:.*_)?(?:login|account|user|member)_(?:name|account)|(?:login|account)_id",
            "(?:wx|wechat|weixin)_(?:id|no|num|hao)|wxid|wei_xin_hao|qq_(?:no|num|number|hao)?",
            "zhang_hao|yong_hu_ming|yong_hu_id|hui_yuan_hao|账号|帐号|用户名|用户id|微信号?|qq号码?|会员号",
        ),
        weak_keys=("(?:user|member|customer)_(?:id|no|code)", "uid|user_uid|passport_id|puid"),
        known_keys=("(?:.*_)?(?:account|login|user|member)_(?:name|id|no)?",),
        shapes=(_WXID.pattern.encode(),),
        cues=(rb"wxid_[a-z0-9]{12}",),
        judge=_judge,
    ),
)
