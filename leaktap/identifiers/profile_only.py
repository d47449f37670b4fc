"""Classes that are found by the profile's values alone; their names decide about values too short to be telling."""

from leaktap.identifiers._api import Identifier
from leaktap.identifiers._checks import uuid_variants

IDENTIFIERS = (
    Identifier("vaid", "device_id", keys=("(?:.*_)?vaid",), variants=uuid_variants),
    Identifier("aaid", "device_id", keys=("(?:.*_)?aaid",), variants=uuid_variants),
    Identifier("name", "identity", keys=("(?:.*_)?(?:real|full|user|true|first|last|nick|display)?_name", "xingming")),
    Identifier(
        "id_card", "identity", keys=("(?:.*_)?(?:id_card|cert|identity)_(?:no|num|number|code)?", "sfz(?:h|hm)?")
    ),
    Identifier(
        "bank_card", "identity", keys=("(?:.*_)?(?:bank_)?card_(?:no|num|number)?", "(?:bank_)?account_(?:no|number)")
    ),
    Identifier("biometric", "identity", keys=("(?:.*_)?(?:face|finger_print|voice_print|iris)_(?:id|token|data)?",)),
    Identifier(
        "account", "account", keys=("(?:.*_)?(?:account|login|user|member)_(?:name|id|no)?", "uid|username|openid")
    ),
    Identifier("sms", "communication", keys=("(?:.*_)?(?:sms|message|msg|body|content|text)",)),
    Identifier("call_log", "communication", keys=("(?:.*_)?(?:call|number|caller|callee)(?:_log)?",)),
    Identifier("cell", "location", keys=("(?:.*_)?(?:cell_id|cid|lac|tac|eci|ci|base_station)",), hashed=False),
    Identifier("wifi_scan", "network_id", keys=("(?:.*_)?(?:wifi_list|wifis|scan_result|bssid|ssid)s?",)),
    Identifier("clipboard", "behaviour", keys=("(?:.*_)?(?:clipboard|clip|paste_board|pasteboard)",)),
    Identifier("browsing", "behaviour", keys=("(?:.*_)?(?:url|history|page|link|referr?er)",)),
    Identifier("search", "behaviour", keys=("(?:.*_)?(?:q|query|keyword|kw|search|word)",)),
    Identifier("device_name", "device_info", keys=("(?:.*_)?(?:device|dev|phone|host|bluetooth|bt)_name",)),
    Identifier(
        "device_model", "device_info", keys=("(?:.*_)?(?:device_)?(?:model|type|product|machine)",), hashed=False
    ),
)
