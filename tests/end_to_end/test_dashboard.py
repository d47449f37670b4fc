"""The dashboard and the phone's page of a real session, in a real Chromium: hostile text stays text."""

import http.client
import json
import re
import socket

import pytest

from leaktap.addon._stream import MOST_PAGES
from leaktap.sessions import watching
from tests._browser import Seen, chromium, patient
from tests._ports import free_port
from tests._waiting import PATIENCE, wait
from tests.end_to_end.test_session import IMEI, Handler, live, session

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


class Upstream(Handler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()


@pytest.fixture(scope="module")
def upstream():
    import http.server
    import threading

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class Phone:
    """Sends through the proxy, to a server that has many names."""

    def __init__(self, made, upstream):
        self.made, self.upstream = made, upstream

    def send(self, target, host="api.example-shop.cn", body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.made.port, timeout=PATIENCE)
        url = f"http://127.0.0.1:{self.upstream}{target}"
        connection.request("POST" if body else "GET", url, body, {"Host": host, **(headers or {})})
        assert connection.getresponse().read() == b"ok"
        connection.close()


def announced(made):
    (file,) = (made.folder / "leaktap").glob("*.json")
    return json.loads(file.read_text())


@pytest.mark.parametrize(("width", "locale", "scheme"), [(1280, "en-GB", "light"), (390, "zh-CN", "dark")])
def test_in_a_browser(tmp_path, upstream, width, locale, scheme):
    with session(tmp_path, live("--dashboard-host", f"127.0.0.1:{free_port()}")) as made, chromium() as browser:
        printed = re.findall(r"The dashboard: (http://127\.0\.0\.1:\d+)/dashboard\?k=([0-9a-f]+)", made.said())
        said = announced(made)
        assert printed[0] == (said["url"], watching(said["token"])) and len(printed) == 2
        context = patient(browser, viewport={"width": width, "height": 900}, locale=locale, color_scheme=scheme)
        seen, phone = Seen(), Phone(made, upstream)
        page = context.new_page()
        seen.watch(page)
        page.goto(f"{said['url']}/dashboard?k={printed[0][1]}")
        page.wait_for_selector("#link.on")
        none = {"en-GB": "Nothing personal", "zh-CN": "尚未发现个人信息"}[locale]
        assert none in page.inner_text("#nogroups") and page.evaluate("document.documentElement.lang")[:2] == locale[:2]

        phone.send(f"/{EVIL.replace(' ', '/')}?imei={IMEI}&{EVIL.replace(' ', '/')}={IMEI}")
        page.wait_for_selector("#groups tbody tr")
        made.mark("consent")
        phone.send("/b", "log.umeng.com", json.dumps({EVIL: IMEI}), {"Content-Type": "application/json"})
        phone.send("/c", EVIL.replace(" ", ""), headers={"X-Evil": EVIL + IMEI})
        phone.send("/d", "log.umeng.com", EVIL + IMEI, {"Content-Type": EVIL})
        wait(lambda: page.evaluate("document.querySelector('#now').textContent.match(/after consent|同意后/)"))
        wait(lambda: page.evaluate("document.querySelectorAll('#groups tbody tr').length >= 2"))
        wait(lambda: page.evaluate("document.querySelectorAll('#timeline .dot').length >= 2"))
        wait(lambda: page.text_content("#news"))
        opened = "document.querySelectorAll('#groups details').forEach((each) => { each.open = true; })"
        wait(lambda: page.evaluate(opened) or "<script>alert(1)</script>" in page.inner_text("#groups"))
        assert page.evaluate("document.querySelectorAll('script').length") == 2
        assert page.evaluate("document.querySelectorAll('img, #groups script, iframe').length") == 0
        assert page.evaluate("document.querySelectorAll('svg .agreed').length") == 2, "the consent's line and its name"

        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(path=tmp_path / f"dashboard-{width}.png", full_page=True)
        page.fill("#words", "umeng")
        wait(lambda: page.evaluate("[...document.querySelectorAll('#groups tbody tr')].some((row) => row.hidden)"))
        rows = page.locator("#groups tbody tr:visible")
        assert rows.count() and all("umeng" in text.lower() for text in rows.all_inner_texts())
        unnamed = (
            "[...document.querySelectorAll('button, select, input')].filter((e) => !e.textContent && !e.labels?.length)"
        )
        assert page.evaluate(f"{unnamed}.length") == 0
        page.select_option("#language", "zh" if locale == "en-GB" else "en")
        assert page.inner_text("#h-findings") == ("发现" if locale == "en-GB" else "Findings")

        handset = context.new_page()
        seen.watch(handset)
        handset.goto(f"{said['url']}/?k={said['token']}")
        handset.wait_for_selector("tbody tr")
        assert handset.evaluate("document.documentElement.scrollWidth") <= width
        for _ in range(20):
            handset.keyboard.press("Tab")
            if handset.evaluate("document.activeElement.value") == "withdraw":
                break
        handset.keyboard.press("Enter")
        wait(lambda: handset.evaluate("document.querySelector('#en').textContent.includes('after withdrawal')"))
        assert handset.evaluate("document.activeElement.value") == "withdraw", "the focus stays"
        handset.screenshot(path=tmp_path / f"phone-{width}.png", full_page=True)
        wait(lambda: page.evaluate("document.querySelector('#now').textContent.match(/after withdrawal|撤回后/)"))
        assert seen.said == []
        assert all(asked.startswith((said["url"], "data:")) for asked in seen.asked), seen.asked
        made.stop()
        page.wait_for_selector("#link.off")


def ask(url, path):
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
    connection.request("GET", path)
    reply = connection.getresponse()
    answer = reply.status, dict(reply.getheaders()), reply.read()
    connection.close()
    return answer


def test_who_looks_changes_nothing_and_slows_nothing(tmp_path, upstream):
    with session(tmp_path, live("--dashboard-host", f"127.0.0.1:{free_port()}")) as made:
        said, phone = announced(made), Phone(made, upstream)
        network = re.findall(r"The dashboard: (http://[\d.:]+)/", made.said())[-1]
        watch, token = watching(said["token"]), said["token"]
        for path in ("/dashboard", "/events", f"/dashboard?k={token[:-1]}", f"/?k={watch}", "/events?k=%00"):
            assert ask(said["url"], path)[0] == 403
        for path in (f"/?k={token}", "/style.css?", "/mark"):
            assert ask(network, path)[0] in (200, 404)
        assert ask(network, f"/?k={token}")[0] == 404 and ask(network, f"/dashboard?k={watch}")[0] == 200
        status, headers, _ = ask(said["url"], f"/dashboard?k={watch}")
        policy = headers["Content-Security-Policy"]
        assert status == 200 and "unsafe" not in policy and "trusted-types 'none'" in policy

        status, page = made.ask(f"http://leak.tap/events?k={token}")
        assert status == 200 and page.startswith("retry: ") and "data: {" in page, "the phone hears one event at a time"

        host, port = said["url"].removeprefix("http://").split(":")
        deaf = [socket.create_connection((host, int(port))) for _ in range(MOST_PAGES)]
        for each in deaf:
            each.sendall(f"GET /events?k={watch} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert b" 200 OK" in each.recv(100)
        assert ask(said["url"], f"/events?k={watch}")[0] == 503
        for number in range(300):
            phone.send(f"/log?imei={IMEI}&n={number}", f"host{number}.example.com")
        wait(lambda: len(made.findings()) == 300)
        for each in deaf:
            each.close()
        wait(lambda: ask(said["url"], f"/state?k={watch}")[0] == 200)
