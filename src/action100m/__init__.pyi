from . import errors
from .annotation import Action, Annotation, Summary
from .dataset.audit.audit import audit
from .dataset.audit.report import AuditReport
from .dataset.card.card import Card, card
from .dataset.card.settings import CardConfig
from .dataset.compare.compare import compare
from .dataset.export.export import export
from .dataset.io import read_records, write_records
from .dataset.resample.report import ResampleReport
from .dataset.resample.resample import resample
from .dataset.resample.settings import ResampleConfig
from .dataset.samples import read_samples, write_samples
from .dataset.search.build import build_index
from .dataset.search.index import Hit, SearchIndex
from .dataset.search.search import search
from .dataset.search.settings import SearchFilter
from .dataset.select.conditions import SelectConfig
from .dataset.select.select import Selection, select
from .dataset.stats.stats import Stats, stats
from .dataset.validate import ValidationReport, validate
from .embeddings import Embeddings
from .errors import Action100MError
from .models.text.choose import choose_text_encoder
from .record import Gap, Provenance, Record
from .run.config import RunConfig, load_config
from .run.engine import annotate_video
from .run.pack import pack
from .run.plan.plan import plan
from .run.plan.result import Plan
from .run.presets import laptop, modern, preview
from .run.run import run_videos
from .run.status import status
from .stages.segment import SegmentConfig, segment
from .tree import Node, Tree
from .video.decode import SampleConfig, open_frames
from .video.video import Cue, Frames, Video, VideoMetadata
from .viewer.report import write_report
from .viewer.server import make_app, serve

__all__ = [
    "Action",
    "Action100MError",
    "Annotation",
    "AuditReport",
    "Card",
    "CardConfig",
    "Cue",
    "Embeddings",
    "Frames",
    "Gap",
    "Hit",
    "Node",
    "Plan",
    "Provenance",
    "Record",
    "ResampleConfig",
    "ResampleReport",
    "RunConfig",
    "SampleConfig",
    "SearchFilter",
    "SearchIndex",
    "SegmentConfig",
    "SelectConfig",
    "Selection",
    "Stats",
    "Summary",
    "Tree",
    "ValidationReport",
    "Video",
    "VideoMetadata",
    "annotate_video",
    "audit",
    "build_index",
    "card",
    "choose_text_encoder",
    "compare",
    "errors",
    "export",
    "laptop",
    "load_config",
    "make_app",
    "modern",
    "open_frames",
    "pack",
    "plan",
    "preview",
    "read_records",
    "read_samples",
    "resample",
    "run_videos",
    "search",
    "segment",
    "select",
    "serve",
    "stats",
    "status",
    "validate",
    "write_records",
    "write_report",
    "write_samples",
]
