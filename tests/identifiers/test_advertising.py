import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("gaid", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("gaid", "key", 0.9)),
    ("advertiser_id", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("gaid", "key", 0.9)),
    ("google_advertising_id", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("gaid", "key", 0.9)),
    ("advertising_ids.aaid", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("gaid", "key", 0.9)),
    ("adid", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("gaid", "key", 0.9)),
    ("gps_adid", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("gaid", "key", 0.9)),
    ("ifa", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("gaid", "key", 0.9)),
    ("gaid", "7C9E6679-7425-40DE-944B-E07FC1F90AE7", ("gaid", "key", 0.8, ("upper",))),
    ("idfa", "7C9E6679-7425-40DE-944B-E07FC1F90AE7", ("idfa", "key", 0.9)),
    ("advertiser_id", "7C9E6679-7425-40DE-944B-E07FC1F90AE7", ("idfa", "key", 0.9)),
    ("device.ifa", "7C9E6679-7425-40DE-944B-E07FC1F90AE7", ("idfa", "key", 0.9)),
    ("idfa", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("idfa", "key", 0.8, ("lower",))),
    ("idfv", "7C9E6679-7425-40DE-944B-E07FC1F90AE7", ("idfv", "key", 0.9)),
    ("vendorId", "7C9E6679-7425-40DE-944B-E07FC1F90AE7", ("idfv", "key", 0.9)),
    ("identifierForVendor", "7C9E6679-7425-40DE-944B-E07FC1F90AE7", ("idfv", "key", 0.9)),
    ("oaid", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("oaid", "key", 0.9)),
    ("oaid.id", "5f2b8c71d09ae346", ("oaid", "key", 0.9)),
    ("OAID", "9b1f0c3de58a4726b0d4f1a2c3e49587", ("oaid", "key", 0.9)),
    ("oaid", "9b1f0c3de58a4726b0d4f1a2c3e49587d41c8e0f72a95b36c0e1f2a3b4d59687", ("oaid", "key", 0.9)),
    ("oaid_md5", "9b1f0c3de58a4726b0d4f1a2c3e49587", ("oaid", "key", 0.7, ("md5", "hex"))),
    ("", "7c9e6679-7425-40de-944b-e07fc1f90ae7", None),
    ("clientSessionId", "7c9e6679-7425-40de-944b-e07fc1f90ae7", None),
    ("request_id", "7c9e6679-7425-40de-944b-e07fc1f90ae7", None),
    ("traceId", "7c9e6679-7425-40de-944b-e07fc1f90ae7", None),
    ("idfa", "00000000-0000-0000-0000-000000000000", None),
    ("gaid", "", None),
    ("oaid", "00000000-0000-0000-0000-000000000000", None),
    ("ad_id", "38271", None),
    ("ad_id", "9b1f0c3de58a4726b0d4f1a2c3e49587", None),
    ("vendor_id", "1", None),
    ("oaid", "null", None),
    ("gaid", "unknown", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
