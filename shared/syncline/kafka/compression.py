"""Levels of compression that are quick. aiokafka takes slow ones and has no setting for them."""

from __future__ import annotations

import sys
from functools import partial

from aiokafka.codec import lz4_encode, zstd_encode
from aiokafka.record.default_records import DefaultRecordBatchBuilder

LEVEL = 1
"""Of zstd, where aiokafka takes 3: up to a seventh less CPU a hop for 3 % more bytes. Of lz4, where
it takes 9: a quarter of the CPU for a third more bytes. See docs/decisions/0056."""


def set_levels() -> None:
    """Let every producer of this process compress at LEVEL: it calls what its module names."""
    module = vars(sys.modules[DefaultRecordBatchBuilder.__module__])
    module["zstd_encode"] = partial(zstd_encode, level=LEVEL)
    module["lz4_encode"] = partial(lz4_encode, level=LEVEL)
