"""Every error this package raises on purpose: each says what is wrong, who can act and how.

Action100MError
├── ConfigError                 a setting is unknown, out of bounds or does not fit the others
├── VideoError                  one video cannot be used; the others go on
│   ├── MissingVideoError         the path leads nowhere
│   ├── UnreadableVideoError      permission denied or the disk does not answer   (retryable)
│   ├── EmptyVideoError           zero bytes
│   ├── NotAVideoError            no known container
│   ├── ProtectedVideoError       the container is known but encrypted or cannot be opened
│   ├── NoVideoStreamError        audio, subtitles or cover art only
│   ├── NoFrameError              a stream is announced, but no frame decodes
│   └── TooShortError             less than one segment long
├── SidecarError                an .info.json, .vtt, .srt or manifest that cannot be read
├── ModelError                  a model cannot be made or run
│   ├── MissingPackageError       an extra is not installed
│   ├── CheckpointError           the weights or their config cannot be loaded
│   ├── EndpointError             a server does not answer, or answers with an error (retryable)
│   └── ReplyError                a reply does not fit the schema, also after asking again
├── TreeError                   the invariants of a tree do not hold
├── DataSetError                a file is not a data set in the published schema
├── SearchIndexError            a search index is damaged, or not of this data
├── StoreError                  a run folder cannot be read or written            (retryable)
└── WorkerError                 a worker process died                             (retryable)
"""

from __future__ import annotations

from typing import ClassVar


class Action100MError(Exception):
    """Base of all errors raised on purpose."""

    retryable: ClassVar[bool] = False
    """Whether the same call may succeed later with nothing changed on our side."""


class ConfigError(Action100MError):
    """A setting is unknown, out of bounds, or does not fit the others."""


class VideoError(Action100MError):
    """One video cannot be used. Its message names the file."""


class MissingVideoError(VideoError):
    """The path leads nowhere."""


class UnreadableVideoError(VideoError):
    """The file is there, but may not or cannot be read."""

    retryable = True


class EmptyVideoError(VideoError):
    """The file has zero bytes."""


class NotAVideoError(VideoError):
    """No known container format."""


class ProtectedVideoError(VideoError):
    """A known container that is encrypted or that no demuxer can open."""


class NoVideoStreamError(VideoError):
    """The file holds audio, subtitles or cover art only."""


class NoFrameError(VideoError):
    """A video stream is announced, but not one frame decodes."""


class TooShortError(VideoError):
    """The video is shorter than the shortest segment, or has a single sampled frame."""


class SidecarError(Action100MError):
    """A file beside the video, or a manifest, cannot be read."""


class ModelError(Action100MError):
    """A model cannot be made or run."""


class MissingPackageError(ModelError):
    """A model needs a package that is not installed. The message gives the pip line."""

    def __init__(self, package: str, *, extra: str, needed_by: str) -> None:
        super().__init__(f"{needed_by} needs the package {package!r}: pip install 'action100m[{extra}]'")


class CheckpointError(ModelError):
    """Weights, or the config beside them, cannot be loaded."""


class EndpointError(ModelError):
    """A model server does not answer, or answers with an error."""

    retryable = True


class ReplyError(ModelError):
    """A reply does not fit the schema. Keeps the raw text as evidence."""

    def __init__(self, message: str, *, raw: str) -> None:
        super().__init__(message)
        self.raw = raw


class TreeError(Action100MError):
    """The invariants of a tree do not hold."""


class DataSetError(Action100MError):
    """A file is not a data set in the published schema."""


class SearchIndexError(Action100MError):
    """A search index is damaged, half made, or made of other data or by another encoder."""


class StoreError(Action100MError):
    """A run folder cannot be read or written."""

    retryable = True


class WorkerError(Action100MError):
    """A worker process died, by a crash of a codec or for want of memory."""

    retryable = True
