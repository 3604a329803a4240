"""action100m: from videos to trees of time-localised, annotated actions.

record = annotate_video("cooking.mp4")
for node in record.tree.walk():
    print(node.start, node.end, node.clip_caption)
"""

import lazy_loader

# __init__.pyi lists what is public and where it lives. Each is imported when it is first used, so that a command or a worker starts without what it
# does not need.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
