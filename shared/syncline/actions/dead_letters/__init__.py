"""Dead letters as people see, select, edit, replay and discard them."""
