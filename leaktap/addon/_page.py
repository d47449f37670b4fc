"""The phone's page as HTML: large buttons for what happens, the phase, the last findings. It works without a script.

Captured text is hostile: everything is escaped, and the policy allows nothing but the page's own style sheet, its forms
and its script. With the script, the page stays where it is: marks are sent and news are told without loading it anew.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from leaktap.addon._dashboard import source_hash
from leaktap.sessions import watching

_SCRIPT = (Path(__file__).with_name("board") / "phone.js").read_text(encoding="utf-8").strip()
POLICY = (
    f"default-src 'none'; style-src 'self'; script-src {source_hash(_SCRIPT)}; connect-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)

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
a { color: var(--strong); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
[hidden] { display: none; }
table { table-layout: fixed; border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .5rem .35rem 0; border-bottom: 1px solid var(--line); }
th:first-child { width: 5.2rem; }
td { overflow-wrap: anywhere; vertical-align: top; }
@media (max-width: 34rem) {
  thead { display: none; }
  tbody tr { display: grid; grid-template-columns: 5rem 1fr; gap: .1rem .6rem; padding: .5rem 0; }
  tbody tr { border-bottom: 1px solid var(--line); }
  td { border: 0; padding: 0; }
  td:first-child { grid-row: 1 / 4; color: GrayText; }
}
.critical, .high { color: var(--bad); font-weight: 600; }
"""


def page(token: str, phase: str, background: bool, app: str, findings: Sequence[Sequence[str]]) -> str:
    """Returns the page. `findings` are rows of time, severity, class, disguise, recipient, host, phase, clauses."""
    chinese, english = phase_words(phase, background)
    buttons = "".join(
        f'<button name="event" value="{event}"><b lang="zh">{zh}</b>{en}</button>' for event, zh, en in BUTTONS
    )
    rows = "".join(
        f"<tr><td>{escape(row[0])}</td>"
        f'<td><span class="{escape(row[1])}">{escape(row[2])}</span><br>{escape(row[3])}</td>'
        f"<td>{escape(row[4])}<br>{escape(row[5])}</td><td>{escape(row[6])}<br>{escape(row[7])}</td></tr>"
        for row in findings
    )
    heads = "".join(
        f'<th scope="col">{words}</th>'
        for words in ("UTC", f"{_both('什么', 'What')}", f"{_both('发给', 'To whom')}", f"{_both('何时', 'When')}")
    )
    return _document(
        f"<h1>leaktap {escape(app)}</h1>"
        f'<p class="phase" role="status">{_both("现在", "Now")}'
        f'<strong><span lang="zh" id="zh">{escape(chinese)}</span> · '
        f'<span id="en">{escape(english)}</span></strong></p>'
        '<p class="hidden" role="status" aria-live="polite" id="news"></p>'
        f'<p class="critical" role="alert" id="failed" hidden>{_both("未能标记，请重试", "Not marked: try again")}</p>'
        '<form method="post" action="/mark" aria-label="标记事件 Mark what happens">'
        f'<input type="hidden" name="k" value="{escape(token)}">{buttons}</form>'
        f'<h2 id="last">{_both("最近发现", "Last findings")}</h2>'
        f'<p id="none"{" hidden" if rows else ""}>{_both("暂无", "None so far")}</p>'
        f'<table aria-labelledby="last"{"" if rows else " hidden"}><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        f'<p><a href="/dashboard?k={watching(token)}">{_both("面板", "Dashboard")}</a></p><script>{_SCRIPT}</script>',
        refresh=True,
    )


def phase_words(phase: str, background: bool) -> tuple[str, str]:
    """Returns a phase in Chinese and English."""
    chinese, english = _PHASES.get(phase, (phase, phase))
    return (f"{chinese}，后台", f"{english}, in the background") if background else (chinese, english)


def _both(chinese: str, english: str) -> str:
    return f'<span lang="zh">{chinese}</span> {english}'


def refusal() -> str:
    """Returns the page for who has no token."""
    return _document(
        "<h1>leaktap</h1><p lang='zh'>请扫描电脑终端上的二维码打开本页。</p>"
        "<p>Open this page by the QR code that leaktap live shows: the address in it has a token.</p>",
        refresh=False,
    )


def _document(body: str, refresh: bool) -> str:
    again = '<noscript><meta http-equiv="refresh" content="10"></noscript>' if refresh else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>leaktap</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">{again}'
        f'<link rel="stylesheet" href="/style.css"></head><body><main>{body}</main></body></html>'
    )
