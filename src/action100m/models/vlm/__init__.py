"""Vision-language models in this process, as captioners."""
