from contextlib import suppress

import hpack
import pytest
from hpack.exceptions import HPACKDecodingError
from hpack.huffman_table import decode_huffman
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.wire.http2_headers import BadBlock, HeaderBlocks, Unknown, unhuffman


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(
                st.tuples(st.sampled_from([b"a", b"cookie", b":path", b"x-long"]), st.binary(max_size=60)), max_size=9
            ),
            st.booleans(),
            st.sampled_from([None, None, None, 0, 64, 300, 4096, 65536]),
        ),
        max_size=12,
    )
)
def test_header_blocks_read_as_written(blocks):
    encoder, decoder = hpack.Encoder(), HeaderBlocks(whole=True)
    late = HeaderBlocks(whole=False)
    for number, (headers, huffman, size) in enumerate(blocks):
        if size is not None:
            encoder.header_table_size = size
        data = encoder.encode([(n, v) for n, v in headers], huffman=huffman)
        assert decoder.decode(data) == tuple(headers)
        if number >= 2:
            with suppress(Unknown):
                assert late.decode(data) == tuple(headers)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_huffman_codes_read_as_hpack_reads_them(data):
    try:
        known = decode_huffman(data)
    except HPACKDecodingError:
        with pytest.raises(BadBlock):
            unhuffman(data)
    else:
        assert unhuffman(data) == known
