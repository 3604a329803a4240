"""Browse a data set in a browser: list and search its videos, play them, read what is said about each segment, and mark it."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from action100m.dataset.rounds import Rounds
from action100m.dataset.source import Source
from action100m.errors import ConfigError, MissingPackageError
from action100m.viewer.catalog import Catalog
from action100m.viewer.finder import Finder, find_texts
from action100m.viewer.pages import Pages
from action100m.viewer.playing import Projector
from action100m.viewer.review import Review, find_review_path
from action100m.viewer.videos import VideoFolders

if TYPE_CHECKING:
    from fastapi import FastAPI


def serve(
    source: Source,
    *,
    videos: Sequence[str] = (),
    host: str = "127.0.0.1",
    port: int = 8765,
    history: str | None = None,
    review: str | None = None,
    reviewer: str | None = None,
    index: str | None = None,
    search_texts: bool = True,
    on_progress: Callable[[int], None] | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Show a data set to browsers until Ctrl-C.

    host: who can reach it. By default this machine only; there is no password, so whoever can reach it can read the set and write marks.
    port: 0 takes any that is free.
    on_ready: told the address.
    The others: as `make_app`.

    Raises:
        ConfigError: the port is out of bounds.
        OSError: the address cannot be had.
        As `make_app`.
    """
    if not 0 <= port < 2**16:
        raise ConfigError(f"a port is from 0 to 65,535, got {port}")
    uvicorn = _import_uvicorn()
    listener = _listen(host, port)  # before the long work
    with listener:
        app = make_app(
            source,
            videos=videos,
            host=host,
            history=history,
            review=review,
            reviewer=reviewer,
            index=index,
            search_texts=search_texts,
            on_progress=on_progress,
        )
        if on_ready is not None:
            name = f"[{host}]" if ":" in host else host
            on_ready(f"http://{name}:{listener.getsockname()[1]}/")
        settings = uvicorn.Config(app, log_level="warning", server_header=False, proxy_headers=False, timeout_graceful_shutdown=2, ws="none")
        uvicorn.Server(settings).run([listener])


def make_app(
    source: Source,
    *,
    videos: Sequence[str] = (),
    host: str = "127.0.0.1",
    history: str | None = None,
    review: str | None = None,
    reviewer: str | None = None,
    index: str | None = None,
    search_texts: bool = True,
    on_progress: Callable[[int], None] | None = None,
) -> FastAPI:
    """Return the ASGI application that `serve` runs.

    Args:
        source: The data set. It is read through once, for the list.
        videos: Folders of video files, named by uid. Nothing outside them is played, also not by a link that leads out.
        host: A name that it is reached by; addresses and "localhost" always are.
        history: The file of `pack --history`, to show the replies of all rounds.
        review: The JSON-lines file of marks; by default beside the data.
        reviewer: Who makes marks; by default your login name.
        index: The folder of a search index, made or renewed in the background; by default the one in your cache that `search` uses.
        search_texts: Otherwise titles and ids only, and no index is made.
        on_progress: Told how many videos have been read.

    Raises:
        ConfigError: one of `videos` is not a folder.
        DataSetError: the data set, the history or the marks cannot be read. Single records and files are left out, and the list says why.
        MissingPackageError: FastAPI is not installed.
    """
    try:
        from action100m.viewer.app import build_app
    except ImportError as error:
        raise MissingPackageError("fastapi", extra="serve", needed_by="serve") from error
    folders = VideoFolders(videos)
    marks = Review(Path(review) if review else find_review_path(source))
    rounds = None if history is None else Rounds(history)
    catalog = Catalog(source, on_progress=on_progress)
    pages = Pages(
        name=_name(source),
        catalog=catalog,
        videos=folders,
        projector=Projector(folders),
        rounds=rounds,
        review=marks,
        reviewer=reviewer or _login_name(),
        finder=find_texts(source, index) if search_texts and catalog.totals.videos else Finder(None),
    )
    return build_app(pages, host=host)


def _import_uvicorn() -> Any:
    try:
        import uvicorn
    except ImportError as error:
        raise MissingPackageError("uvicorn", extra="serve", needed_by="serve") from error
    return uvicorn


def _listen(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    try:
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise OSError(
            error.errno, f"{host}:{port} cannot be listened at ({error.strerror}); choose another --port, or 0 for any that is free"
        ) from error


def _name(source: Source) -> str:
    first, *others = [source] if isinstance(source, str | os.PathLike) else source
    return Path(first).name + (f" and {len(others)} more" if others else "")


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no such user: in a container, say
        return "somebody"
