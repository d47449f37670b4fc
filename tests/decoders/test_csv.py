import csv
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.csv import decode

SAID = Context(content_type="text/csv")
TABLE = b'imei,mac,model\r\n867530912345673,a4:50:46:12:34:56,"X, 10 ""pro"""\r\n1,2,\r\n'
SAMPLE = (TABLE, {})


def values(data, context=SAID):
    return {part.path: part.value for part in decode(data, context) or ()}


@pytest.mark.parametrize("context", [Context(), SAID])
def test_table(context):
    assert values(TABLE, context) == {
        "[0].imei": b"867530912345673",
        "[0].mac": b"a4:50:46:12:34:56",
        "[0].model": b'X, 10 "pro"',
        "[1].imei": b"1",
        "[1].mac": b"2",
    }


@pytest.mark.parametrize("separator", [b"\t", b";", b"|"])
def test_other_separators(separator):
    data = TABLE.replace(b"X, 10", b"X").replace(b",", separator)
    assert values(data, Context())["[0].mac"] == b"a4:50:46:12:34:56"


def test_two_columns_with_numbers():
    data = "姓名,电话\n赵伟,19900010001\n钱芳,+86 199 0001 0002\n孙娜,19900010003\n".encode()
    assert values(data, Context())["[1].电话"] == b"+86 199 0001 0002"


def test_names():
    assert [part.keys for part in decode(b"imei\tmac\n1\t2\n", Context())] == [("imei",), ("mac",)]


def test_byte_order_mark_and_other_bytes():
    assert values(b"\xef\xbb\xbfid,b,c\n\xff\xfe,x,\xe5\xbc\xa0\n", Context()) == {
        "[0].id": b"\xff\xfe",
        "[0].b": b"x",
        "[0].c": "张".encode(),
    }


def test_names_that_are_no_text():
    assert values(b"a\xff,b\n1,2\n") == {"[0]['a�']": b"1", "[0].b": b"2"}


def test_said_rows_of_any_length():
    assert values(b"a b,c\n1\n2,3,4\n") == {"[0]['a b']": b"1", "[1]['a b']": b"2", "[1].c": b"3", "[1][2]": b"4"}


@pytest.mark.parametrize(
    "data",
    [
        b"Hello, world\nthis is, a poem\n",
        b"Roses,violets\nred,blue\n",
        b"Roses,violets\nred,blue\nsweet,true\nsix,6\n",
        b"name,phone\nx,1\ny,2\n",
        b"a,b,c\n",
        b"a,b,c\n1,2\n",
        b"a,b,c\n1,2,3\n4,5,6,7\n",
        b"a,a,c\n1,2,3\n",
        b"1,2,3\n4,5,6\n",
        b"one line only, with, commas",
        b"QUJDREVGR0hJSktMTU5P\nUVJTVFVWV1hZWmFiY2Rl\n",
        b'{"a": 1,\n"b": 2}',
    ],
)
def test_no_table(data):
    assert decode(data, Context()) is None


@pytest.mark.parametrize(
    "data", [zlib.compress(TABLE), zlib.compress(TABLE, wbits=-15), TABLE.decode().encode("utf-16-le")]
)
def test_what_is_said_to_be_a_table_but_is_binary(data):
    assert decode(data, SAID) is None


def test_a_cell_may_be_long():
    long = b"x" * 200_000
    assert [part.value for part in decode(b"a,b,c\n1," + long + b",3\n", Context())] == [b"1", long, b"3"]


def test_too_long_a_cell(monkeypatch):
    monkeypatch.setattr("leaktap.decoders.csv._LONGEST_CELL", 1000)
    with pytest.raises(DecodeError, match="larger"):
        decode(b'a,b,c\n1,2,3\n"' + b"x" * 2000, SAID)
    assert decode(b'a,b,c\n1,2,3\n"' + b"x" * 2000, Context()) is None


def test_many():
    with pytest.raises(LimitReached, match="parts") as caught:
        decode(b"a,b,c\n" + b"1,2,3\n" * 100, Context(most=10))
    assert len(caught.value.parts) <= 10


def test_what_it_holds_is_followed(follow):
    data = b'id,n,extra\nx,1,"{""imei"": ""867530912345673""}"\n'
    assert follow(data).at("|csv[0].extra|json.$.imei") == [b"867530912345673"]


cells = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1))
def test_round_trip(rows):
    out = io.StringIO()
    csv.writer(out).writerows([("a", "b", "c"), *rows])
    parts = decode(out.getvalue().encode(), SAID)
    assert [part.value.decode() for part in parts] == [cell for row in rows for cell in row]


@given(st.text("abc,\t\n\"' ", max_size=60).map(lambda text: b"a,b,c\n" + text.encode()))
def test_anything_below_a_header(data):
    decode(data, Context())
    decode(data, SAID)
