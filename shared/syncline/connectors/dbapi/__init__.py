"""Reading through drivers of Python's DB-API that block: Oracle's and HANA's."""
