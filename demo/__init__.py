"""What is shown by hand."""
