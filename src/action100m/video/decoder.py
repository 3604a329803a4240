"""From a file to decoded frames, whatever the packets are like: what decodes is kept, what does not is counted.

Decoding in several threads loses healthy frames around a broken packet, some of them without an error, and how many depends on the number
of threads. So the first sign of it starts the file again in one thread, from which the frames after the last one handed out are taken. That
one is known by its time stamp: its number would be too small by the frames that were lost before without an error.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

import av
from av.packet import Packet

from action100m.errors import ProtectedVideoError
from action100m.video.loss import Spell
from action100m.video.source import choose_video_stream, open_container
from action100m.video.timeline import BACKWARD_JUMP, own_stamp

_FORMATS_WITH_HEADER: Final = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "flv", "asf"})
"""Their header states a duration. Elsewhere libavformat estimates it from what is in the file, so nothing can be found missing."""
_SLACK: Final = 0.1
"""Seconds by which a header may announce more than there is: rounding, and a last frame that lasts a little less."""


_ONE_FRAME_EACH: Final = frozenset({"h264", "hevc"})
"""Codecs without packets that decode to nothing, such as the hidden frames of VP9."""


class _DamageError(Exception):
    """The first sign of damage while decoding in several threads."""


class _Place:
    """How far a pass has come, so that another pass over the same file can tell when it gets there."""

    def __init__(self, *, container_format: str, time_base: Fraction) -> None:
        self._container_format = container_format
        self._jump = BACKWARD_JUMP / time_base
        self.frames = 0
        self.reached = 0, -math.inf, 0
        """How often the stamps jumped back, the latest stamp in ticks, and how many frames without a stamp of their own followed it."""

    def move_to(self, frame: av.VideoFrame) -> None:
        """Take the next frame."""
        section, latest, followers = self.reached
        stamp = own_stamp(frame, container_format=self._container_format)
        self.frames += 1
        if stamp is None or stamp == latest:
            self.reached = section, latest, followers + 1
        else:
            self.reached = section + (stamp <= latest - self._jump), stamp, 0


class Decoder:
    """One pass over the frames of one file, in the order the codec presents them.

    Raises:
        VideoError: the file cannot be opened or holds no video stream.
    """

    def __init__(self, location: str, *, threads: int) -> None:
        self.location = location
        self._threads = threads
        self._left_out = 0, 0.0
        self._open()

    def _open(self) -> None:
        self._container = open_container(self.location)
        self.stream = choose_video_stream(self._container, self.location)
        self.stream.codec_context.thread_type = "AUTO"
        self.stream.codec_context.thread_count = self._threads
        self.time_base: Fraction = self.stream.time_base or Fraction(1, av.time_base)
        self._packets_read = self._packets_hidden = self._frames_decoded = 0
        self._last_packet = self._last_frame = -math.inf
        self._interlaced = False
        self._failed, self._damaged = Spell(), Spell()
        self._stopped: str | None = None
        self._latest = 0.0

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    @property
    def format(self) -> str:
        """Name of the container format in libavformat."""
        return self._container.format.name

    def frames(self) -> Iterator[av.VideoFrame]:
        """Yield every frame that decodes.

        Raises:
            ProtectedVideoError: a packet is encrypted.
        """
        given = self._start()
        try:
            for frame in self._decode():
                given.move_to(frame)
                yield frame
        except _DamageError:
            self.close()
            self._threads = 1
            self._open()
            yield from self._decode_after(given)

    def announced_end(self) -> float | None:
        """Return the time stamp in seconds at which the header lets the stream end; None where it does not tell."""
        if self.format not in _FORMATS_WITH_HEADER or not self.stream.duration:
            return None
        # an AVI tick is a frame, and libavformat shortens the duration of an AVI file that breaks off
        duration = max(self.stream.duration, self.stream.frames) if self.format == "avi" else self.stream.duration
        return float(((self.stream.start_time or 0) + duration) * self.time_base)

    def announced_duration(self) -> float | None:
        """Return the seconds that the header, or libavformat by its estimate, lets the video last; None where neither tells."""
        own, whole = self.stream.duration or 0, self._container.duration or 0
        return float(own * self.time_base) if own > 0 else whole / av.time_base if whole > 0 else None

    def describe_loss(self, *, first: float, end: float, interval: float) -> tuple[str, ...]:
        """Say what did not decode, once all frames have been read.

        Args:
            first: Time stamp of the first presented frame, in seconds.
            end: Seconds from there to the end of the last one.
            interval: Typical seconds between frames.
        """
        return (
            *self._failed.describe("{count} of {total} packets do not decode, {when}", first=first, total=self._packets_read),
            *self._damaged.describe("{count} of {total} frames are damaged, {when}", first=first, total=self._frames_decoded),
            *self._describe_left_out(first=first),
            *((f"reading stops {end:.2f} s from the start: {self._stopped}",) if self._stopped else ()),
            *self._describe_tail(first=first, end=end, slack=max(_SLACK, 2 * interval)),
        )

    def _describe_left_out(self, *, first: float) -> tuple[str, ...]:
        count, before = self._left_out
        return (f"{count} of {self._frames_decoded} frames are left out before {before - first:.2f} s",) if count else ()

    def _describe_tail(self, *, first: float, end: float, slack: float) -> tuple[str, ...]:
        """Say how much less there is than the header announces.

        A header may be wrong. It is believed only if samples are missing too, or, where it does not count them, if all streams break off.
        """
        announced, container = self.announced_end(), self._container.duration
        if announced is not None and self._packets_read < self.stream.frames:
            announced, found = announced - first, end
        elif announced is None and container is not None and self.format in _FORMATS_WITH_HEADER:
            announced, found = container / av.time_base, self._latest
        else:
            return ()
        if announced - found <= slack:
            return ()
        return (f"the last {announced - found:.2f} s of the announced {announced:.2f} s are missing",)

    def _start(self) -> _Place:
        return _Place(container_format=self.format, time_base=self.time_base)

    def _decode_after(self, given: _Place) -> Iterator[av.VideoFrame]:
        """Yield the frames after those given by an earlier pass. Those that it lost before are not made up for: their time has passed."""
        again, frames, frame = self._start(), self._decode(), None
        while again.reached < given.reached and (frame := next(frames, None)) is not None:
            again.move_to(frame)
        is_past = again.reached > given.reached
        self._left_out = max(0, again.frames - is_past - given.frames), self._last_frame
        if frame is not None and is_past:
            yield frame
        yield from frames

    def _decode(self) -> Iterator[av.VideoFrame]:
        for packet in self._packets():
            yield from self._decode_packet(packet)
        yield from self._decode_packet(None)
        if self._threads != 1 and self._lacks_frames():
            raise _DamageError

    def _decode_packet(self, packet: Packet[Any] | None) -> list[av.VideoFrame]:
        try:
            frames = self.stream.decode(packet)
        except av.FFmpegError as error:
            if self._threads != 1:
                raise _DamageError from error
            if packet is not None:
                self._failed.add(self._seconds(packet))
            return []
        for frame in frames:
            self._frames_decoded += 1
            self._last_frame = max(self._last_frame, self._seconds(frame))
            self._interlaced |= frame.interlaced_frame
            if frame.is_corrupt and self._threads != 1:
                raise _DamageError
            if frame.is_corrupt:
                self._damaged.add(self._seconds(frame))
        return frames

    def _lacks_frames(self) -> bool:
        """Tell whether packets have come to nothing without an error. Each of the two fields of an interlaced frame may be a packet."""
        too_few = self.stream.codec_context.name in _ONE_FRAME_EACH and self._frames_decoded < self._packets_read - self._packets_hidden
        return not self._interlaced and (too_few or self._last_frame < self._last_packet)

    def _packets(self) -> Iterator[Packet[Any]]:
        """Yield the packets of the video stream. An empty packet in the middle would make the decoder think that the file ends."""
        try:
            for packet in self._container.demux():
                if packet.size:
                    self._latest = max(self._latest, self._seconds(packet) + float((packet.duration or 0) * packet.time_base))
                if packet.size and packet.stream_index == self.stream.index:
                    self._refuse_encrypted(packet)
                    self._packets_read += 1
                    self._packets_hidden += packet.is_discard
                    if packet.pts is not None and not packet.is_discard:
                        self._last_packet = max(self._last_packet, self._seconds(packet))
                    yield packet
        except IndexError:
            return  # after the last packet PyAV flushes every stream, and trips over those that showed up on the way
        except av.FFmpegError as error:
            self._stopped = error.strerror or str(error)

    def _refuse_encrypted(self, packet: Packet[Any]) -> None:
        if packet.has_sidedata("encryption_info"):
            raise ProtectedVideoError(f"{self.location}: its pictures are encrypted; give a copy without DRM")

    def _seconds(self, item: Packet[Any] | av.VideoFrame) -> float:
        stamp = item.pts if item.pts is not None else item.dts
        return float((stamp or 0) * (item.time_base or self.time_base))
