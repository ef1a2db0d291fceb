"""Sifting: which rows need work, and which came twice."""
