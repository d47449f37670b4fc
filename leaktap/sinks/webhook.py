"""Webhooks: each record as JSON by HTTPS POST, or chat messages by a template.

    https://alerts.example/hook#secret=env:HOOK_SECRET
    webhook:env:SLACK_URL#template=slack

Requests are signed as https://www.standardwebhooks.com says: `webhook-id` is the finding's id, `webhook-signature` the
HMAC-SHA256 of id, time and body. DingTalk signs the time in its address, Feishu in the body. A record has arrived with
a status of 2xx, and the answer that the template wants. 400, 413, 415 and 422 refuse it for good: it is set aside.
Redirects are not followed. Without TLS only this machine itself is spoken to. Settings: `secret` (env: or file:),
`template`, and for TLS `ca`, `cert` and `key`.
"""

from leaktap.sinks._api import Options, SinkKind
from leaktap.sinks._spooled import EVERYTHING, Spooled
from leaktap.sinks._target import TLS, parse


def open_webhook(target: str, options: Options) -> Spooled:
    """Opens the queue of the server.

    Raises:
        SinkError: the target cannot be understood.
    """
    from leaktap.sinks._template import load_template
    from leaktap.sinks._to_webhook import Webhook

    where = parse("webhook", target, {"https", "http"}, {"secret", "template", *TLS})
    template = load_template(where.settings["template"], where.shown) if "template" in where.settings else None
    return Spooled(where, options, lambda: Webhook(where, template), template.kinds if template else EVERYTHING)


SINK = SinkKind("webhook", open_webhook, schemes=("https", "http"), far=True)
