"""A captioner behind servers: frames become pictures or a clip, completions become captions.

The evidence stands before the prompt: the caption and the action of a node are asked about the same frames, which a prefix cache then holds.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from math import ceil
from typing import Any, Final

from action100m.errors import ModelError
from action100m.models.base import CaptionField, CaptionReply, CaptionRequest, Evidence
from action100m.models.endpoint.call import Job
from action100m.models.endpoint.caption import CaptionEndpointConfig
from action100m.models.endpoint.chat_model import CHARACTERS_PER_TOKEN
from action100m.models.endpoint.client import Client
from action100m.models.endpoint.pictures import clip_url, jpeg_url
from action100m.models.endpoint.reply import Reply
from action100m.models.repetition import find_loop
from action100m.video.video import Frames

_PATCH: Final = 28
"""Pixels on a side that become one token in Qwen's models, to estimate with: 144 tokens for 320 x 320. Others take 64 to 600 for such a picture."""
_EXPECTED_OUTPUT: Final = 512
"""Tokens that a caption is taken to have."""
_SHORTEST_LOOP: Final = 40
"""Words, which are some 60 tokens: see `repetition`."""


_CURE: Final = "raise endpoint.max_tokens, or choose the model's instruct form"


class EndpointCaptioner:
    """Captioner of the protocol in `models.base`."""

    evidence: Evidence = "frames"
    is_free = False

    def __init__(self, config: CaptionEndpointConfig) -> None:
        """Reach the servers.

        Raises:
            EndpointError: they are asked for their models, and do not answer, refuse the key or lack the model.
        """
        self._config = config
        self._client = Client(config)

    @property
    def name(self) -> str:
        """The model, and the parameters that were set."""
        parameters = {key: value for key, value in self._config.identity().items() if key not in ("kind", "model", "reading") and value is not None}
        return " ".join([self._config.model, *(f"{key}={value}" for key, value in parameters.items())])

    def caption(self, requests: Iterable[CaptionRequest]) -> Iterator[CaptionReply]:
        """Yield the answer to every request as soon as it is there. Ctrl-C, and an error that concerns all requests, abandon those under way.

        Raises:
            EndpointError: the servers do not answer, refuse the key, lack the model, or fail on one request after the other.
            ModelError: a request brings no frames.
        """
        return self._client.ask(map(self._job, requests))

    def _job(self, request: CaptionRequest) -> Job[CaptionReply]:
        """Both requests about a node begin with its frames, which are let go once they are rendered."""
        render, finish = partial(self._render, request), partial(_finish, request.node, request.field, request.on_reply)
        return Job(self._weigh(request), request.node, render, finish)

    def _weigh(self, request: CaptionRequest) -> int:
        count, height, width, _ = map(int, self._frames(request).data.shape)
        pictures = count * ceil(height / _PATCH) * ceil(width / _PATCH)
        return pictures + len(request.prompt) // CHARACTERS_PER_TOKEN + min(self._config.max_tokens or _EXPECTED_OUTPUT, _EXPECTED_OUTPUT)

    async def _render(self, request: CaptionRequest) -> bytes:
        return await asyncio.to_thread(self._write_body, request)  # encoding takes a millisecond for each picture, and other replies come in

    def _write_body(self, request: CaptionRequest) -> bytes:
        optional = {"temperature": self._config.temperature, "max_tokens": self._config.max_tokens}
        content = [*self._show(self._frames(request)), {"type": "text", "text": request.prompt}]
        body = {
            "model": self._config.model,
            "messages": [{"role": "user", "content": content}],
            **{name: value for name, value in optional.items() if value is not None},
        }
        return json.dumps(body).encode()

    def _show(self, frames: Frames) -> Iterator[dict[str, Any]]:
        if self._config.video == "clip" and len(frames) > 1:
            yield {"type": "video_url", "video_url": {"url": clip_url(frames)}}
            return
        for picture, seconds in zip(frames.data, frames.seconds, strict=True):
            if self._config.tell_times:
                yield {"type": "text", "text": f"{seconds:.2f} s:"}
            yield {"type": "image_url", "image_url": {"url": jpeg_url(picture, quality=self._config.jpeg_quality)}}

    def _frames(self, request: CaptionRequest) -> Frames:
        if request.frames is None or not len(request.frames):
            raise ModelError(f"{self.name} looks at frames, but the request for {request.field} of {request.node} has none")
        return request.frames


def _finish(node: str, field: CaptionField, on_reply: Callable[[CaptionReply], None] | None, reply: Reply) -> CaptionReply:
    text, problem = _cut_loop(reply)
    if reply.is_cut and not problem:
        problem = f"cut off at {reply.usage.output} tokens" if reply.text else f"it was still thinking after {reply.usage.output} tokens: {_CURE}"
    answer = CaptionReply(node, field, text, reply.usage, problem or reply.problem, reply.seconds, reply.retries, reply.outcome)
    if on_reply:
        on_reply(answer)
    return answer


def _cut_loop(reply: Reply) -> tuple[str, str | None]:
    """Return the text up to the end of the first round of its loop, if it ends in one, and what was left out."""
    words = list(re.finditer(r"\S+", reply.text))
    whole = words[:-1] if reply.is_cut else words  # the limit may have cut the last word
    loop = find_loop([word.group() for word in whole], min_length=_SHORTEST_LOOP)
    if loop is None:
        return reply.text.strip(), None
    problem = f"it went round in a loop: the last {len(whole) - loop.start} words repeat the same {loop.period}; its first round is kept"
    return reply.text[: words[loop.first_end - 1].end()].strip(), problem
