"""Names in Latin letters; the readings of family names are those of 现代汉语词典."""

import pytest

from leaktap.identifiers._pinyin import pinyin

pytest.importorskip("pypinyin", reason="the package pypinyin is not installed")


@pytest.mark.parametrize(
    ("name", "written", "form"),
    [
        ("张三丰", b"zhangsanfeng", ("pinyin",)),
        ("张三丰", b"ZHANGSANFENG", ("pinyin", "upper")),
        ("张三丰", b"ZhangSanfeng", ("pinyin", "title")),
        ("张三丰", b"Zhang Sanfeng", ("pinyin", "space", "title")),
        ("张三丰", b"zhang san feng", ("pinyin", "space")),
        ("张三丰", b"Sanfeng Zhang", ("pinyin", "family-last", "space", "title")),
        ("欧阳春晓", b"Ouyang Chunxiao", ("pinyin", "space", "title")),
        ("单雄信", b"shanxiongxin", ("pinyin",)),
        ("曾国华", b"zengguohua", ("pinyin",)),
    ],
)
def test_names(name, written, form):
    assert (written, form) in {(variant.value, variant.form) for variant in pinyin(name)}


@pytest.mark.parametrize(
    "text", ["", "张", "Li Wei", "张3丰", "北京市朝阳区建国路八十八号", "さくら", "867530912345673"]
)
def test_what_is_no_chinese_name(text):
    assert not list(pinyin(text))
