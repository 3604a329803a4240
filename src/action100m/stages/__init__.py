"""The four stages that turn a video into a record: embed, segment, caption, annotate. One stage, its config and its algorithm per file."""
