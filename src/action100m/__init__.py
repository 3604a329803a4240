"""action100m: from videos to trees of time-localised, annotated actions.

record = annotate_video("cooking.mp4")
for node in record.tree.walk():
    print(node.start, node.end, node.clip_caption)
"""

from action100m.annotation import Action, Annotation, Summary
from action100m.dataset.io import read_records, write_records
from action100m.dataset.validate import ValidationReport, validate
from action100m.embeddings import Embeddings
from action100m.errors import Action100MError
from action100m.record import Gap, Provenance, Record
from action100m.run.config import RunConfig, load_config, preview
from action100m.run.engine import annotate_video
from action100m.run.pack import pack
from action100m.run.run import run as run_videos  # `run` is the package
from action100m.run.status import status
from action100m.stages.segment import SegmentConfig, segment
from action100m.tree import Node, Tree
from action100m.video.decode import SampleConfig, open_frames
from action100m.video.video import Cue, Frames, Video, VideoMetadata
from action100m.viewer.report import write_report

__all__ = [
    "Action",
    "Action100MError",
    "Annotation",
    "Cue",
    "Embeddings",
    "Frames",
    "Gap",
    "Node",
    "Provenance",
    "Record",
    "RunConfig",
    "SampleConfig",
    "SegmentConfig",
    "Summary",
    "Tree",
    "ValidationReport",
    "Video",
    "VideoMetadata",
    "annotate_video",
    "load_config",
    "open_frames",
    "pack",
    "preview",
    "read_records",
    "run_videos",
    "segment",
    "status",
    "validate",
    "write_records",
    "write_report",
]
