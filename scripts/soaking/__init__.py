"""The soak that scripts/soak runs."""
