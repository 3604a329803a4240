"""From one video to one record: a loop over the stages."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

from action100m.errors import Action100MError, ReplyError
from action100m.record import Evidence, Gap, Provenance, Record
from action100m.run.config import RunConfig, make_stages
from action100m.run.store import Failure, RunStore, stage_key
from action100m.stages.base import Given, Stage, StageName, StepState
from action100m.video.discover import fingerprint
from action100m.video.sidecars import read_metadata
from action100m.video.video import Video

StepCallback = Callable[[StageName, StepState, float], None]
"""Called when a stage starts on a video, now and then with the share that is done, and when its artifact is kept."""


def annotate_video(video: str | Path | Video, config: RunConfig = RunConfig()) -> Record:
    """Return the record of one video, with nothing kept on disk.

    Side-cars beside the file are read. For many videos, or to keep what each stage makes, use `run_videos`.

    Raises:
        VideoError: the file cannot be used.
        ModelError: a model cannot be made or run.
    """
    video = video if isinstance(video, Video) else open_video(str(video))
    stages = make_stages(config)
    given: Given = {}
    for stage in stages:
        given[stage.name] = stage(video, given)
    return make_record(video, given, stages)


def open_video(path: str) -> Video:
    """Return a video with its digest and what the files beside it tell. Its uid is the side-car's id, else the file stem.

    Raises:
        VideoError: the file cannot be read.
        SidecarError: a file beside it cannot be read.
    """
    uid, metadata = read_metadata(path)
    return Video(uid=uid or Path(path).stem, location=path, sha256=fingerprint(path), metadata=metadata)


def stage_keys(video: Video, stages: Iterable[Stage]) -> list[str]:
    """Return the key of each stage's artifact; each depends on the one before, so a change runs that stage and those after it."""
    keys: list[str] = []
    for stage in stages:
        keys.append(stage_key(stage, video, keys[-1] if keys else ""))
    return keys


def is_made(video: Video, stages: Sequence[Stage], store: RunStore) -> bool:
    """Tell whether the store has what every stage makes of a video under these settings."""
    return all(store.has(stage, video, key) for stage, key in zip(stages, stage_keys(video, stages), strict=True))


def run_one(video: Video, stages: Sequence[Stage], store: RunStore, *, on_step: StepCallback, redo_gaps: bool = False) -> Failure | None:
    """Make and keep what the store lacks of one video.

    redo_gaps: ask once more for the annotations that failed, keeping those that did not.

    Returns:
        None when all is made, else what failed, which is also in the store. Whatever one video makes a stage raise is caught here, so that the
        others go on.
    """
    given: Given = {}
    for stage, key in zip(stages, stage_keys(video, stages), strict=True):
        try:
            if store.has(stage, video, key):
                given[stage.name] = store.load(stage, video, key)
                if not (redo_gaps and stage is stages[-1]):
                    continue
            on_step(stage.name, "started", 0.0)
            given[stage.name] = stage(video, given, partial(on_step, stage.name, "working"))
            if stage is stages[-1] and (gaps := _find_gaps(video, given, key)):
                store.save_failure(gaps)  # before the artifact, so that no kill leaves gaps that nobody knows of
            store.save(stage, video, key, given[stage.name])
            on_step(stage.name, "finished", 1.0)
        except Exception as error:  # noqa: BLE001 - see the docstring
            failure = make_failure(error, location=video.location, uid=video.uid, stage=stage.name, key=key)
            failure = replace(failure, partial=store.has(stage, video, key))  # a retry that fails leaves the record as it was
            store.save_failure(failure)
            return failure
    gaps = _find_gaps(video, given, key)
    if gaps is None:
        store.clear_failure(video.uid, video.location)
    return gaps


def _find_gaps(video: Video, given: Given, key: str) -> Failure | None:
    """A record with failed annotations is made and packed, and yet a row among the failures, so that it can be seen and retried."""
    failed = given["annotate"].failed
    if not failed:
        return None
    return Failure(
        location=video.location,
        uid=video.uid,
        stage="annotate",
        cause="ReplyError",
        message=f"{len(failed)} of {len(given['annotate'].tree)} nodes without annotation, such as {failed[0].node}: {failed[0].reason}",
        retryable=False,
        key=key,
        partial=True,
    )


def make_failure(error: Exception, *, location: str, uid: str | None, stage: str, key: str) -> Failure:
    """Turn an error into a row: errors of ours tell whether to retry; of anything else the traceback is the evidence."""
    known = isinstance(error, Action100MError)
    evidence = error.raw if isinstance(error, ReplyError) else "" if known else "".join(traceback.format_exception(error))
    return Failure(
        location=location,
        uid=uid,
        stage=stage,
        cause=type(error).__name__,
        message=str(error),
        retryable=isinstance(error, Action100MError) and error.retryable,
        key=key,
        evidence=evidence,
    )


def make_record(video: Video, given: Given, stages: Sequence[Stage]) -> Record:
    """Join what the stages made into a row of the data set, with how it was made."""
    embedded, captioned, annotated = given["embed"], given["caption"], given["annotate"]
    *_, annotate = (stage.settings for stage in stages)
    gaps: tuple[Gap, ...] = (*captioned.gaps, *annotated.gaps)
    provenance = Provenance(
        package_version=version("action100m"),
        sha256=video.sha256,
        duration=float(embedded.embeddings.edges[-1]),
        encoder=embedded.encoder,
        captioner=captioned.captioner,
        frame_captioner=captioned.frame_captioner,
        chat_model=annotated.model,
        rounds=annotate["config"]["rounds"],
        valid_at_first=annotated.first_tries,
        prompts=tuple(sorted((*captioned.prompts, *annotated.prompts))),
        lost=embedded.report.lost,
        gaps=gaps,
        evidence=tuple(Evidence(node, name, times) for node, fields in captioned.seconds.items() for name, times in fields.items()),
        remarks=captioned.remarks,
    )
    return Record(uid=video.uid, metadata=video.metadata, tree=annotated.tree, provenance=provenance)
