"""A video file: what it is, its frames by presentation time, and the files beside it."""
