"""Peak memory does not grow with the length of a video."""

from __future__ import annotations

import subprocess
import sys

from support.clips import time_code_picture, write_clip

SCRIPT = """
import resource, sys
from action100m.video.decode import SampleConfig, open_frames
peaks = {}
with open_frames(sys.argv[1], SampleConfig(every=1), threads=2) as stream:
    for picture in stream:
        picture.rgb()
        if picture.index in (300, 2999):
            peaks[picture.index] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peaks[2999] - peaks[300], peaks[300])
"""


def test_ten_times_the_length_takes_no_more_memory(tmp_path):
    picture = time_code_picture(1.0, width=320, height=240)
    clip = write_clip(tmp_path / "long.mp4", (picture for _ in range(3000)), options={"preset": "ultrafast"})
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(clip)], capture_output=True, text=True, timeout=120, check=True)
    growth, peak = map(int, done.stdout.split())
    # 2,700 frames of 115 kB, if they were kept, would be 310 MB beside a process of some 70 MB
    assert growth < 0.05 * peak
