import pytest

SAMPLE = (b'POST /a?imei=867530912345673 HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{"a":"b"}', {})


def test_request(follow):
    values = follow(SAMPLE[0]).values
    assert values["|http.request.query.imei"] == b"867530912345673"
    assert values["|http.request.body|json.$.a"] == b"b"


def test_a_struct_around_a_request_is_none(follow):
    inner = b"GET /a?imei=867530912345673 HTTP/1.1\r\nHost: t.example\r\n\r\n".ljust(ord("M"))
    value = b"\nORM" + inner
    assert follow(value).values["|protobuf.1.10|http.request.query.imei"] == b"867530912345673"


def test_response(follow):
    values = follow(b"HTTP/1.1 200 OK\nContent-Type: text/plain; charset=gbk\nX-Id: 7\n\n\xd5\xc5\xc8\xfd").values
    assert values["|http.response.body|text"] == "张三".encode()
    assert values["|http.response.header.x-id"] == b"7"


def test_batch(follow):
    body = b"".join(
        b"--b\r\nContent-Type: application/http\r\n\r\nGET /d/%d?mac=a4:50:46:12:34:5%d HTTP/1.1\r\n\r\n\r\n" % (n, n)
        for n in range(3)
    )
    followed = follow(body + b"--b--\r\n", content_type="multipart/mixed", parameters=(("boundary", "b"),))
    assert followed.values["|multipart[2]|http.request.query.mac"] == b"a4:50:46:12:34:52"
    assert not followed.faults


@pytest.mark.parametrize(
    "value",
    [b"GET", b"GET /a", b"GET /a HTTP", b"HTTP/1.1", b"POST a b HTTP/1.1", b"GET /a HTTP/1.1\r\nno field\r\n", b"A/b"],
)
def test_left_alone(follow, value):
    assert not any("|http" in path for path in follow(value).values)
