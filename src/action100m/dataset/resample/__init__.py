"""Training pairs drawn so that rare actions are met as often as common ones (paper section 5.4)."""
