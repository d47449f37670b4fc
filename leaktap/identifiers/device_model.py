"""What the phone is, as a fingerprint: ten or more properties of its build, hardware and settings that stand together.

One of them says little; ten tell a phone from most others. The names are those of Android's `Build`, of its display,
battery and telephony, and of Apple's `UIDevice`; the inputs of CAID (China Advertising Association: boot time, time of
the system's files, mount id, time of the device's initialisation) tell most, so six with two of those are enough.
"""

import re
from collections.abc import Iterator

from leaktap.identifiers._api import Identifier, Scene, fold_key
from leaktap.identifiers._places import together
from leaktap.identifiers._records import owner_of, text_of
from leaktap.model import Leaf, Match

_FEWEST = 10
_FEWEST_WITH_CAID = 6
_LONGEST = 256
_KINDS = {
    kind: re.compile(names)
    for kind, names in {
        "model": r"(?:device|phone|hardware|product)?model|machine|devicetype|hwmachine|xinghao|(?:手机|设备)?型号",
        "brand": r"(?:device|phone)?brand|pinpai|品牌",
        "manufacturer": r"(?:device)?(?:manufacturer|manufacture|maker|vendor|manufact)|changshang|厂商|制造商",
        "board": r"(?:build)?board|motherboard",
        "product": r"(?:build)?product(?:name)?",
        "hardware": r"(?:build)?hardware|chipset|soc|cpu(?:model|name|hardware)|socmodel",
        "fingerprint": r"(?:build|os)?fingerprint",
        "build": r"(?:os)?build(?:id|number|display|version)?|rom(?:version)?|display(?:id|rom)|incremental",
        "system": r"(?:os|system|sys|android|ios|firmware)(?:version|ver|v|release)|versionrelease|系统版本",
        "level": r"(?:os)?api(?:level)?|sdkint|(?:android|os|system)sdk(?:int|version)?|osapi",
        "patch": r"securitypatch(?:level)?",
        "kernel": r"(?:linux)?kernel(?:version)?",
        "radio": r"(?:radio|baseband)(?:version)?",
        "processor": r"cpu(?:abi|abis|arch|type|info|architecture)|abi|abis|supportedabis|arch|architecture",
        "cores": r"cpu(?:cores?|count|num|number|freq|maxfreq|minfreq|speed)|cores",
        "screen": r"(?:screen|display)(?:size|width|resolution|w|h|height)?|resolution|fenbianlv|分辨率",
        "density": r"(?:screen|display)?(?:density|dpi|densitydpi|scale|ppi|pixelratio)|dpi",
        "memory": r"(?:total|max|physical|device|sys|phone)?(?:ram|memory|mem)(?:size|total|byte)?|neicun|内存",
        "storage": r"(?:total|internal|external|hard|device)?(?:disk|storage|sdcard)(?:size|total|space)?|存储",
        "battery": r"(?:battery|batt)(?:level|status|state|capacity|health|percent|voltage)?|charging|dianliang|电量",
        "carrier": r"carrier(?:name|info)?|(?:sim|network)?operator(?:name)?|yunyingshang|运营商",
        "network": r"(?:network|net|connection|conn)(?:type|class|mode)?|access|nettype|wangluo|网络类型",
        "language": r"(?:device|system|sys|os)?(?:language|lang|locale)|yuyan|语言",
        "zone": r"(?:time|device)?zone(?:name|offset|id)?|timezone|tz|tzoffset|tzname|shiqu|时区",
        "country": r"(?:device|sim|network|system|sys)?country(?:code|iso)?|simcountryiso|region",
        "rooted": r"(?:is)?(?:root|rooted|jailbroken|jailbreak|jb|emulator|simulator)(?:ed)?",
        "brightness": r"(?:screen)?brightness|volume|ringermode|musicvolume",
        "sensors": r"sensors?(?:list|count|info)?",
        "fonts": r"fonts?(?:list|count|scale|size)?",
        "agent": r"useragent|ua|webviewua",
        "boot": r"(?:device|system|sys)?boot(?:time)?(?:insec|sec|mark)?|bootts|startuptime|kaijishijian|开机时间",
        "files": r"(?:sys|system)?(?:file|update|compiling|compile)(?:time|mark|sec)|updatemark|sysupdatetime",
        "mount": r"mnt_?id|mountid",
        "birth": r"(?:device|system|file|sys)?(?:init|birth|initialize)(?:time|mark|date)?|fileinittime",
    }.items()
}
"""Kinds of properties, by the names that they go by (as `fold_key` writes them)."""

_CAID = frozenset({"boot", "files", "mount", "birth"})
_NOTHING = frozenset({"", "0", "-1", "unknown", "null", "none", "undefined", "n/a"})


def _kind(name: str) -> str:
    return next((kind for kind, names in _KINDS.items() if names.fullmatch(name)), "")


def _gather(scene: Scene) -> Iterator[Match]:
    if scene.known:
        return
    owners = {owner_of(candidate.leaf.path) for candidate in scene.candidates}
    kinds: dict[str, str] = {}
    found: dict[str, Leaf] = {}
    for leaf in scene.leaves:
        if not leaf.keys or len(leaf.value) > _LONGEST or owner_of(leaf.path) not in owners:
            continue
        name = fold_key(leaf.key)
        if name not in kinds:
            kinds[name] = _kind(name)
        if (kind := kinds[name]) and kind not in found and text_of(leaf).lower() not in _NOTHING:
            found[kind] = leaf
    if len(found) < (_FEWEST_WITH_CAID if len(_CAID & found.keys()) >= 2 else _FEWEST):
        return
    matches = [
        Match(leaf, "device_model", "device_info", text_of(leaf), (0, len(leaf.value)), (), "structure", 0.8)
        for leaf in found.values()
    ]
    why = f"{len(found)} properties: {', '.join(found)}"
    yield together(matches, confidence=0.8, why=why)


IDENTIFIERS = (
    Identifier(
        "device_model",
        "device_info",
        keys=(
            "(?:.*_)?(?:device|phone|hardware|product)?_model|device_type|(?:手机|设备)?型号",
            "(?:device_)?(?:brand|manufacturer)|boot_time_(?:in_sec)?|boot_mark|update_mark|sys_file_time|mnt_id",
        ),
        known_keys=("(?:.*_)?(?:device_)?(?:model|type|product|machine)",),
        structure=_gather,
        hashed=False,
    ),
)
