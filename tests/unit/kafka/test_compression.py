"""At which level messages are compressed. aiokafka has no setting: a release may undo ours."""

from __future__ import annotations

from collections.abc import Callable

import cramjam
import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from syncline.kafka import compression

VALUE = b'{"name":"steel bolt","price":"12.50","unit":"M"},{"name":"hex nut","price":"1.5"}' * 40
NONE, LZ4, ZSTD = 0, 3, 4
"""Codecs as Kafka numbers them."""
HEADER = 61
"""Bytes of a batch of records before what is compressed."""


def zstd(data: bytes, level: int) -> bytes:
    return bytes(cramjam.zstd.compress(data, level=level))


def lz4(data: bytes, level: int) -> bytes:
    compressor = cramjam.lz4.Compressor(level=level, content_checksum=False, block_linked=False)
    compressor.compress(data)
    return bytes(compressor.finish())


@pytest.mark.parametrize(("codec", "compress", "theirs"), [(ZSTD, zstd, 3), (LZ4, lz4, 9)])
def test_a_batch_is_compressed_at_our_level(
    codec: int, compress: Callable[[bytes, int], bytes], theirs: int
) -> None:
    compression.set_levels()
    plain = batch(NONE)
    assert batch(codec) == compress(plain, compression.LEVEL) != compress(plain, theirs)


def batch(codec: int) -> bytes:
    """Return the records of a batch as a producer sends them."""
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=codec, is_transactional=0,
        producer_id=-1, producer_epoch=-1, base_sequence=-1, batch_size=100_000,
    )  # fmt: skip
    builder.append(0, timestamp=1, key=b"run", value=VALUE, headers=[])
    return bytes(builder.build()[HEADER:])
