"""Drive a video's page as a reader does, and read its picture as a witness that knows nothing of the page's own clock."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from support.clips import read_time_code


class ReportPage:
    """One page, opened from disk or by its address, with everything that it asked for and complained about."""

    def __init__(self, browser: Browser, path: Path | str, *, fragment: str = "", autoplay: bool = False, **context: object) -> None:
        motion = "no-preference" if autoplay else "reduce"  # with reduced motion a click jumps without playing
        self.page: Page = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "reduced_motion": motion, **context}).new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto((path if isinstance(path, str) else path.as_uri()) + fragment)
        self.settle()

    def _note_request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "crbug/1173575" not in message.text:  # Chromium's word on its own start-up
            self.complaints.append(message.text)

    def close(self) -> None:
        self.page.context.close()

    def click(self, node: str) -> None:
        """Click the bar of a node and wait until the video stands or plays there."""
        self.page.locator(f'[data-id="{node}"]').click(position={"x": 1, "y": 3}, force=True)
        self.settle()

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.settle()

    def settle(self) -> None:
        """Wait until the video stands or plays where it was sent, and two frames of the page have been drawn."""
        self.page.evaluate("""async () => {
            const video = document.querySelector('video');
            const deadline = performance.now() + 10_000;
            while (video && (video.seeking || video.readyState < 2)) {
                if (performance.now() > deadline) throw new Error(`the video does not settle: ${video.error?.message ?? video.readyState}`);
                await new Promise(done => setTimeout(done, 5));
            }
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
        }""")

    @property
    def selected(self) -> str:
        """Id of the chosen node."""
        (node,) = self.page.locator('[aria-selected="true"]').evaluate_all("found => found.map(node => node.dataset.id)")
        return str(node)

    @property
    def text(self) -> str:
        """What the panel says about the chosen node."""
        return self.page.locator("#segment").inner_text()

    def picture(self) -> NDArray[np.uint8]:
        """The video's picture as a reader sees it, without controls."""
        box = self.page.evaluate("""() => {
            const video = document.querySelector('video');
            video.controls = false;
            Object.assign(video.style, {position: 'fixed', inset: 0, zIndex: 99, width: `${video.videoWidth}px`, height: `${video.videoHeight}px`});
            return {x: 0, y: 0, width: video.videoWidth, height: video.videoHeight};
        }""")
        self.settle()
        shot = self.page.screenshot(clip=box)
        self.page.evaluate("document.querySelector('video').removeAttribute('style'); document.querySelector('video').controls = true")
        with av.open(io.BytesIO(shot), format="png_pipe") as image:
            return next(image.decode(video=0)).to_ndarray(format="rgb24")

    def shown_time(self) -> float:
        """The time burnt into the picture."""
        return read_time_code(self.picture())
