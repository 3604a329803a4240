"""Makers of test material that several tests use: clips, trees, checkpoints, servers."""
