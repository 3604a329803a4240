"""A run: the stages driven over many videos, and the store that keeps what they made."""
