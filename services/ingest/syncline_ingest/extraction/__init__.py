"""One extraction: its pass over the source, its chunks, its watermark and its notes."""
