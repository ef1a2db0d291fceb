"""Two systems that nobody here wrote, and Syncline between them."""
