import pytest

from tests.identifiers.leaves import assert_rows

SURE = ("name", "key", 0.85)

ROWS = [
    ("real_name", "王小明", SURE),
    ("realName", "欧阳明日", SURE),
    ("姓名", "李四", SURE),
    ("xingming", "赵六", SURE),
    ("consignee_name", "陈大文", SURE),
    ("收货人", "张三", SURE),
    ("real_name", "阿依古丽·买买提", SURE),
    ("real_name", "阿木古", ("name", "key", 0.5)),
    ("full_name", "Mary Sample", ("name", "key", 0.7)),
    ("first_name", "Mary", ("name", "key", 0.6)),
    ("name", "王小明", None),
    ("goods.name", "黄金手机壳", None),
    ("title", "高清电影", None),
    ("shop_name", "李宁", None),
    ("app_name", "马上", None),
    ("event_name", "Start App", None),
    ("user_name", "王小明", None),
    ("real_name", "1", None),
    ("real_name", "true", None),
    ("real_name", "未填写", None),
    ("real_name", "测试用户", None),
    ("full_name", "com.example.shop.MainActivity", None),
    ("full_name", "facebook/react", None),
    ("first_name", "admin", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
