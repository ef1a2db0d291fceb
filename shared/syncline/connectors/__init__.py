"""The connector port and one module or package per connector."""
