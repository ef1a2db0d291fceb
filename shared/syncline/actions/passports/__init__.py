"""The passport of a record: what each stage took, gave and changed."""
