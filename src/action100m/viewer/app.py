"""The server's addresses, each one call of `Pages`. Imported only where FastAPI is installed.

/                  the list: ?q= &sort= &page=
/video/UID         a video's page, also /video?uid=; ?t=83.2 chooses a time, #node=ID a segment
/player /media     what plays it, and the file, in parts where a browser asks for parts
/doubts /marks     quality flags and rounds; marks, which POST adds to
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import BaseModel, ConfigDict

from action100m.errors import Action100MError
from action100m.record import TextField
from action100m.viewer.catalog import Sorting
from action100m.viewer.guard import Guard
from action100m.viewer.listing import notice_page
from action100m.viewer.pages import Pages, UnknownVideoError
from action100m.viewer.review import Mark, MarkKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_FURTHEST = 10**9
_LONGEST_TEXT = 100_000


class _NewMark(BaseModel):
    """What a page sends."""

    model_config = ConfigDict(extra="forbid", strict=True)

    uid: str
    node: str | None = None
    field: TextField | None = None
    mark: MarkKind | None
    text: str | None = None
    who: str | None = None


def build_app(pages: Pages, *, host: str) -> FastAPI:
    """Return the application. host: the name or address that it is reached by, besides localhost."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        pages.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_middleware(cast(Any, Guard), host=host)
    _add_errors(app)
    _add_pages(app, pages)
    _add_answers(app, pages)
    return app


def _add_pages(app: FastAPI, pages: Pages) -> None:
    @app.get("/")
    def show_list(q: str = Query("", max_length=1_000), sort: Sorting = "set", page: int = Query(1, ge=1, le=_FURTHEST)) -> Response:
        return _html(pages.browse(query=q.strip(), sort=sort, page=page))

    @app.get("/video")
    def show_video_of_query(uid: str) -> Response:
        return _html(pages.show(uid))

    @app.get("/video/{uid:path}")
    def show_video(uid: str) -> Response:
        return _html(pages.show(uid))

    @app.get("/favicon.ico")
    def show_no_icon() -> Response:
        return Response(status_code=204)


def _add_answers(app: FastAPI, pages: Pages) -> None:
    @app.get("/player")
    def player(uid: str) -> Response:
        return _json(pages.player(uid))

    @app.get("/media", response_model=None)
    def media(uid: str) -> Response:
        found = pages.media(uid)
        if found is None:
            return _json({"detail": "there is no file that browsers play"}, 404)
        return FileResponse(found.path, media_type=found.media_type)

    @app.get("/doubts")
    def doubts(uid: str) -> Response:
        return _json(pages.doubts(uid))

    @app.get("/marks")
    def marks(uid: str) -> Response:
        return _json(pages.marks(uid))

    @app.post("/marks")
    def add_mark(new: _NewMark) -> Response:
        text, who = new.text, (new.who or pages.reviewer)[:200]
        return _json(pages.mark(Mark(new.uid, new.node, new.field, new.mark, text and text[:_LONGEST_TEXT], who)))


def _add_errors(app: FastAPI) -> None:
    def answer(request: Request, status: int, heading: str, text: str) -> Response:
        if request.url.path == "/" or request.url.path.startswith("/video"):
            return _html(notice_page(heading, text), status)
        return _json({"detail": text}, status)

    @app.exception_handler(UnknownVideoError)
    def tell_unknown(request: Request, error: UnknownVideoError) -> Response:
        return answer(request, 404, "No such video", f"This set has no video with the id {str(error)!r:.300}, or it could not be read.")

    @app.exception_handler(Action100MError)
    def tell_error(request: Request, error: Action100MError) -> Response:
        return answer(request, 422, "This video cannot be shown", str(error))

    @app.exception_handler(RequestValidationError)
    def tell_wrong(request: Request, error: RequestValidationError) -> Response:
        places = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        return answer(request, 422, "This address means nothing", places)


def _json(value: Any, status: int = 200) -> Response:
    """Pure ASCII, because raw replies of models may hold half a surrogate pair."""
    return Response(json.dumps(value, allow_nan=False), status, media_type="application/json")


def _html(page: str, status: int = 200) -> Response:
    """The page itself says what it may run; who may frame it only a header can say, and that is the guard's."""
    return HTMLResponse(page, status, headers={"content-security-policy": "frame-ancestors 'none'"})
