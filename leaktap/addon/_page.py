"""The phone's page as HTML: large buttons for what happens, the phase, the last findings. It needs no script.

Captured text is hostile: everything is escaped, and the policy allows nothing but the page's own style sheet and forms.
"""

from collections.abc import Sequence
from html import escape

POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

BUTTONS: tuple[tuple[str, str, str], ...] = (
    ("install", "已安装", "Installed"),
    ("launch", "已启动", "Launched"),
    ("notice", "出现隐私提示", "Notice shown"),
    ("consent", "已同意", "Agreed"),
    ("refuse", "已拒绝", "Refused"),
    ("background", "切到后台", "To background"),
    ("foreground", "回到前台", "To foreground"),
    ("withdraw", "已撤回同意", "Withdrawn"),
    ("personalisation_off", "关闭个性化", "Personalisation off"),
    ("personalisation_on", "打开个性化", "Personalisation on"),
    ("stop", "已停止", "Stopped"),
    ("uninstall", "已卸载", "Uninstalled"),
)
"""Events with what their buttons say."""

_PHASES = {
    "not_running": ("未运行", "app not running"),
    "before_notice": ("提示之前", "before the notice"),
    "before_consent": ("同意之前", "before consent"),
    "consented": ("已同意", "after consent"),
    "refused": ("已拒绝", "after refusal"),
    "withdrawn": ("已撤回", "after withdrawal"),
    "unknown": ("未知", "unknown"),
}

STYLE = """
:root { color-scheme: light dark; --line: #8886; --strong: #1457b8; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --strong: #8db8ff; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { font: 1rem/1.4 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 46rem; }
h1 { font-size: 1.1rem; margin: 0 0 .5rem; }
h2 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
.phase { border: 2px solid var(--strong); border-radius: .6rem; padding: .8rem 1rem; margin: 0 0 1rem; }
.phase strong { display: block; font-size: 1.5rem; }
form { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .7rem; }
button { font: inherit; min-height: 4.4rem; border: 1px solid var(--line); border-radius: .6rem; padding: .4rem; }
button b { display: block; font-size: 1.2rem; }
button:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .5rem .35rem 0; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; vertical-align: top; }
.critical, .high { color: var(--bad); font-weight: 600; }
"""


def page(token: str, phase: str, background: bool, app: str, findings: Sequence[Sequence[str]]) -> str:
    """Returns the page. `findings` are rows of time, severity, class, disguise, recipient, host, phase, clauses."""
    chinese, english = _PHASES.get(phase, (phase, phase))
    if background:
        chinese, english = f"{chinese}，后台", f"{english}, in the background"
    buttons = "".join(
        f'<button name="event" value="{event}"><b lang="zh">{zh}</b>{en}</button>' for event, zh, en in BUTTONS
    )
    rows = "".join(
        f"<tr><td>{escape(row[0])}</td>"
        f'<td class="{escape(row[1])}">{escape(row[2])}<br>{escape(row[3])}</td>'
        f"<td>{escape(row[4])}<br>{escape(row[5])}</td><td>{escape(row[6])}<br>{escape(row[7])}</td></tr>"
        for row in findings
    )
    heads = "<tr><th>UTC</th><th>什么 What</th><th>发给 To whom</th><th>何时 When</th></tr>"
    table = f"<table><thead>{heads}</thead><tbody>{rows}</tbody></table>"
    return _document(
        f"<h1>leaktap {escape(app)}</h1>"
        f'<p class="phase" role="status">现在 Now<strong><span lang="zh">{escape(chinese)}</span> '
        f"· {escape(english)}</strong></p>"
        f'<form method="post" action="/mark"><input type="hidden" name="k" value="{escape(token)}">{buttons}</form>'
        f"<h2>最近发现 Last findings</h2>{table if rows else '<p>暂无 None so far</p>'}",
        refresh=True,
    )


def refusal() -> str:
    """Returns the page for who has no token."""
    return _document(
        "<h1>leaktap</h1><p lang='zh'>请扫描电脑终端上的二维码打开本页。</p>"
        "<p>Open this page by the QR code that leaktap live shows: the address in it has a token.</p>",
        refresh=False,
    )


def _document(body: str, refresh: bool) -> str:
    again = '<meta http-equiv="refresh" content="10">' if refresh else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>leaktap</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{again}'
        f'<link rel="stylesheet" href="/style.css"></head><body><main>{body}</main></body></html>'
    )
