"""Our seconds plus `player_offset` lead a browser to the very frame, whatever time the file starts at."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from action100m.video.decode import SampleConfig, open_frames
from support.browser import open_browser
from support.clips import read_time_code, time_code_pictures, write_clip

SECONDS = [index / 30 for index in range(60)]
H264 = {"preset": "veryfast", "bf": "3", "g": "30"}
VP8 = {"deadline": "realtime", "cpu-used": "8"}

SEEK_AND_READ = """async ([file, times]) => {
  const video = document.body.appendChild(document.createElement('video'));
  const bytes = Uint8Array.from(atob(file), letter => letter.charCodeAt(0));
  const event = name => new Promise((resolve, reject) => { video['on' + name] = resolve; video.onerror = () => reject(video.error.message); });
  const loaded = event('loadeddata');
  video.src = URL.createObjectURL(new Blob([bytes]));
  await loaded;
  const context = Object.assign(document.createElement('canvas'), {width: 80, height: 60}).getContext('2d');
  const pictures = [];
  for (const time of times) {
    const painted = new Promise((resolve, reject) => {
      video.requestVideoFrameCallback(resolve);  // "seeked" may come before the new picture
      setTimeout(() => reject(`no picture at ${time}`), 20000);
    });
    video.currentTime = time;
    await painted;
    context.drawImage(video, 0, 0, 80, 60);
    pictures.push(Array.from(context.getImageData(0, 0, 80, 60).data));
  }
  video.remove();
  return pictures;
}"""


@pytest.fixture(scope="module")
def page():
    with open_browser() as browser:
        yield browser.new_page()


@pytest.mark.parametrize(
    ("name", "settings", "offset"),
    [
        ("edit_list.mp4", {"options": H264}, 0.0),
        ("no_edit_list.mp4", {"options": H264, "container_options": {"use_editlist": "0"}}, 2 / 30),
        ("sound_first.mp4", {"options": H264, "start": 1.0, "audio": (0.0, 3.0)}, 1.0),
        ("late_without_sound.mp4", {"options": H264, "start": 1.0}, 1.0),
        ("late_without_sound.webm", {"codec": "libvpx", "options": VP8, "start": 1.0}, 1.0),
        ("sound_first.webm", {"codec": "libvpx", "options": VP8, "start": 1.0, "audio": (0.0, 3.0)}, 1.0),
    ],
)
def test_a_browser_shows_the_frame_that_was_meant(tmp_path, page, name, settings, offset):
    clip = write_clip(tmp_path / name, time_code_pictures(SECONDS, width=160, height=120), **settings)
    with open_frames(str(clip), SampleConfig(every=1)) as stream:
        shown = {picture.seconds: read_time_code(picture.rgb()) for picture in stream}
    assert stream.report.player_offset == pytest.approx(offset, abs=0.001)
    wanted = stream.report.presented[[2, 20, 41, 57]]
    times = [second + stream.report.player_offset + 1 / 60 for second in wanted]
    pictures = page.evaluate(SEEK_AND_READ, [base64.b64encode(clip.read_bytes()).decode(), times])
    codes = [read_time_code(np.array(pixels, np.uint8).reshape(60, 80, 4)[..., :3]) for pixels in pictures]
    assert codes == [shown[second] for second in wanted]
