"""Requests for models behind a server, and configs that reach a server of the tests."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from action100m.annotation import ANNOTATION_SCHEMA
from action100m.models.base import CaptionRequest, ChatMessage, ChatRequest
from action100m.models.endpoint.caption import CaptionEndpointConfig
from action100m.models.endpoint.chat import EndpointConfig
from action100m.tree import Node, Tree
from action100m.video.video import Frames, VideoMetadata
from support.chat_server import ChatServer


def _settings(servers, settings):
    urls = tuple(server.base_url for server in servers)
    return {"model": "test-model", "base_url": urls[0] if len(urls) == 1 else urls, "retries": 2, "timeout": 30.0, **settings}


def chat_config(*servers: ChatServer, **settings) -> EndpointConfig:
    return EndpointConfig(**_settings(servers, settings))


def caption_config(*servers: ChatServer, **settings) -> CaptionEndpointConfig:
    return CaptionEndpointConfig(**_settings(servers, settings))


def chat_request(node: str = "a", text: str = "What is seen?", **values) -> ChatRequest:
    tree = Tree((Node(node, None, 0, 0.0, 8.0),))
    return ChatRequest(node, (ChatMessage("user", text),), ANNOTATION_SCHEMA, tree, VideoMetadata(), **values)


def caption_request(node: str = "a", *, frames: int = 3, size: int = 32, field="clip_caption", prompt: str = "Describe it.") -> CaptionRequest:
    """Frames of smooth colours, different for every node, one second apart from second 5 on."""
    chance = np.random.default_rng(list(node.encode()))
    ramp = np.linspace(0, 1, size)[None, :, None, None] * np.ones((1, 1, size, 1))
    data = (ramp * chance.uniform(0, 255, (frames, 1, 1, 3)) + chance.uniform(0, 20, (frames, 1, 1, 1))).clip(0, 255).astype(np.uint8)
    seconds = np.arange(frames) + 5.0
    return CaptionRequest(node, field, prompt, 5.0, 5.0 + frames, tuple(seconds.tolist()), Frames(data, seconds))


def digest_of_pictures(pictures: Iterable[NDArray[np.uint8]], text: str) -> str:
    """Return what tells apart any two requests that differ in a pixel or a letter."""
    return sha256(b"|".join([*(picture.tobytes() for picture in pictures), text.encode()])).hexdigest()
