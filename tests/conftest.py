"""What all tests share: names of parameters that are the same in every process."""


def pytest_make_parametrize_id(val, argname):
    """Names long values by their length: what is packed or drawn anew each time has the same name in every process."""
    if isinstance(val, (bytes, str)) and len(val) > (16 if isinstance(val, bytes) else 60):
        return f"{argname} of {len(val)}"
    return None
