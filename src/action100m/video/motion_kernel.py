"""The loops of `motion.py` over pixels and blocks, compiled by numba. Imported only where a video is decoded."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from action100m.compiled import compiled

HEIGHT: Final = 48
WIDTH: Final = 72
BLOCK: Final = 8
MARGIN: Final = BLOCK // 2
"""From the rim to the first block, so that all blocks can be matched to either side."""
ROWS: Final = HEIGHT // BLOCK - 1
COLUMNS: Final = WIDTH // BLOCK - 1
_REACH_X: Final = 9
_REACH_Y: Final = 6
"""An eighth of the picture: at 7.5 sampled frames a second, a pan by nearly one picture width a second."""
_FLAT: Final = 6.0
"""Mean absolute deviation of luma, of 255, in a block that shows nothing but noise."""
_AGREEMENT: Final = 0.75
"""Pixels by which a block may miss the common movement and still follow it: rounding, a little roll, parallax."""
_REST: Final = 0.75
"""Pixels. A best match at whole pixels is hardly farther off."""
_LARGEST_GROWTH: Final = 0.2
"""Between two pictures. Two blocks that happen to move apart are no zoom."""
_ROUNDS: Final = 10
_MISS: Final = 0.1
"""Pixels by which a block misses the common movement and counts half."""
_TOLERANCE: Final = 12.0
"""Luma, of 255, by which a point may leave the range of its surroundings before and count as unchanged: noise and compression."""


_NO_LIMIT: Final = 1 << 30


@compiled
def _difference(before: NDArray[np.uint8], after: NDArray[np.uint8], top: int, left: int, dy: int, dx: int, limit: int) -> int:
    """Return the sum of absolute differences of a block that moved by (dy, dx), or any number >= limit."""
    total = np.int32(0)
    for y in range(BLOCK):  # a constant count, which the compiler unrolls
        for x in range(BLOCK):
            total += abs(np.int32(after[top + y, left + x]) - np.int32(before[top - dy + y, left - dx + x]))
        if total >= limit:
            break
    return int(total)


@compiled
def _block_sums(luma: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the sum of the block at each place, (HEIGHT - BLOCK + 1, WIDTH - BLOCK + 1)."""
    columns, sums = np.zeros(WIDTH, np.int32), np.empty((HEIGHT - BLOCK + 1, WIDTH - BLOCK + 1), np.int32)
    for y in range(BLOCK - 1):
        for x in range(WIDTH):
            columns[x] += luma[y, x]
    for top in range(HEIGHT - BLOCK + 1):
        for x in range(WIDTH):
            columns[x] += np.int32(luma[top + BLOCK - 1, x]) - (np.int32(luma[top - 1, x]) if top else np.int32(0))
        total = columns[:BLOCK].sum()
        for left in range(WIDTH - BLOCK + 1):
            sums[top, left] = total
            if left + BLOCK < WIDTH:
                total += columns[left + BLOCK] - columns[left]
    return sums


@compiled
def _best_shift(before: NDArray[np.uint8], after: NDArray[np.uint8], sums: NDArray[np.int32], top: int, left: int, own: int) -> tuple[int, int, int]:
    """Return (dy, dx, difference) of the best match within reach. Of equals the first counts: no movement, then row by row.

    sums: those of the blocks of `before`; own: that of the block of `after`. Two blocks differ at least as much as their sums, which spares most of
    the work (successive elimination).
    """
    best_dy, best_dx, least = 0, 0, _difference(before, after, top, left, 0, 0, _NO_LIMIT)
    for dy in range(max(-_REACH_Y, top + BLOCK - HEIGHT), min(_REACH_Y, top) + 1):
        for dx in range(max(-_REACH_X, left + BLOCK - WIDTH), min(_REACH_X, left) + 1):
            if abs(sums[top - dy, left - dx] - own) >= least:
                continue
            difference = _difference(before, after, top, left, dy, dx, least)
            if difference < least:
                best_dy, best_dx, least = dy, dx, difference
    return best_dy, best_dx, least


@compiled
def _slopes(luma: NDArray[np.uint8], y: int, x: int) -> tuple[float, float]:
    """Return the gradient (down, to the right) at a pixel, in luma a pixel."""
    down = (np.float64(luma[min(y + 1, HEIGHT - 1), x]) - np.float64(luma[max(y - 1, 0), x])) / 2.0
    right = (np.float64(luma[y, min(x + 1, WIDTH - 1)]) - np.float64(luma[y, max(x - 1, 0)])) / 2.0
    return down, right


@compiled
def _refine(before: NDArray[np.uint8], after: NDArray[np.uint8], top: int, left: int, dy: int, dx: int) -> tuple[float, float, float]:
    """Return (y, x, texture) of a block that matches best at whole pixels (dy, dx).

    y, x: what is missing to where it really came from, in pixels: one step of Lucas and Kanade's method, 0 for equal blocks. texture: root mean
    square gradient along the direction that has less of it.
    """
    yy, yx, xx, y_error, x_error = 0.0, 0.0, 0.0, 0.0, 0.0
    for y in range(top, top + BLOCK):
        for x in range(left, left + BLOCK):
            down, right = _slopes(after, y, x)
            error = np.float64(before[y - dy, x - dx]) - np.float64(after[y, x])
            yy, yx, xx = yy + down * down, yx + down * right, xx + right * right
            y_error, x_error = y_error + down * error, x_error + right * error
    weaker = (yy + xx) / 2.0 - np.sqrt((yy - xx) ** 2 / 4.0 + yx * yx)  # the smaller eigenvalue of the structure tensor
    determinant = yy * xx - yx * yx
    if weaker <= 0.0 or determinant <= 0.0:
        return 0.0, 0.0, 0.0
    rest_y = (xx * y_error - yx * x_error) / determinant
    rest_x = (yy * x_error - yx * y_error) / determinant
    return min(max(rest_y, -_REST), _REST), min(max(rest_x, -_REST), _REST), np.sqrt(weaker) / BLOCK


@compiled
def _deviation(luma: NDArray[np.uint8], top: int, left: int) -> float:
    """Return the mean absolute deviation of a block."""
    block = luma[top : top + BLOCK, left : left + BLOCK].astype(np.float64)
    return float(np.abs(block - block.mean()).mean())


@compiled
def match_blocks(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Find each block of `after` in `before`; both uint8 (HEIGHT, WIDTH).

    Returns shifts (ROWS, COLUMNS, 2) as (y, x) pixels, texture (ROWS, COLUMNS) and misfit (ROWS, COLUMNS): what is left of a block's own contrast
    when the best match is taken away, 0 to 1.
    """
    shifts, texture, misfit = np.zeros((ROWS, COLUMNS, 2)), np.zeros((ROWS, COLUMNS)), np.zeros((ROWS, COLUMNS))
    sums_before, sums_after = _block_sums(before), _block_sums(after)
    for row in range(ROWS):
        for column in range(COLUMNS):
            top, left = MARGIN + row * BLOCK, MARGIN + column * BLOCK
            dy, dx, least = _best_shift(before, after, sums_before, top, left, sums_after[top, left])
            rest_y, rest_x, texture[row, column] = _refine(before, after, top, left, dy, dx)
            shifts[row, column, 0], shifts[row, column, 1] = dy + rest_y, dx + rest_x
            misfit[row, column] = min(1.0, least / (BLOCK * BLOCK) / max(_deviation(after, top, left), _FLAT))
    return shifts, texture, misfit


@compiled
def _mark_followers(points: NDArray[np.float64], shifts: NDArray[np.float64], y: float, x: float, growth: float, follows: NDArray[np.bool_]) -> int:
    """Write which points shift by (y, x) + growth * point, and return how many."""
    count = 0
    for k in range(len(points)):
        miss_y = abs(shifts[k, 0] - y - growth * points[k, 0])
        miss_x = abs(shifts[k, 1] - x - growth * points[k, 1])
        follows[k] = max(miss_y, miss_x) <= _AGREEMENT
        count += follows[k]
    return count


@compiled
def find_followers(points: NDArray[np.float64], shifts: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points follow the one shift and growth that most follow.

    points: (n, 2) places, as (y, x) pixels from the middle; shifts: (n, 2) likewise. Every pair of points proposes one movement: RANSAC without the
    chance. No movement at all is proposed first and wins ties.
    """
    best, follows = np.zeros(len(points), np.bool_), np.zeros(len(points), np.bool_)
    most = _mark_followers(points, shifts, 0.0, 0.0, 0.0, best)
    for i in range(len(points)):
        for j in range(i):
            apart_y, apart_x = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1]
            spread = (shifts[i, 0] - shifts[j, 0]) * apart_y + (shifts[i, 1] - shifts[j, 1]) * apart_x
            growth = spread / (apart_y * apart_y + apart_x * apart_x)
            if abs(growth) > _LARGEST_GROWTH:
                continue
            y = (shifts[i, 0] + shifts[j, 0] - growth * (points[i, 0] + points[j, 0])) / 2.0
            x = (shifts[i, 1] + shifts[j, 1] - growth * (points[i, 1] + points[j, 1])) / 2.0
            count = _mark_followers(points, shifts, y, x, growth, follows)
            if count > most:
                most = count
                best[:] = follows
    return best


@compiled
def fit(points: NDArray[np.float64], shifts: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return (y, x, growth) with shifts = (y, x) + growth * points for most: least squares, weighted anew so that what misses counts little.

    Things that move slowly before a still background follow it well enough to be taken for part of it; a plain mean would mix the two.
    """
    weights = np.ones(len(points))
    y, x, growth = 0.0, 0.0, 0.0
    for _ in range(_ROUNDS):
        share = weights / weights.sum()
        point_y, point_x = (share * points[:, 0]).sum(), (share * points[:, 1]).sum()
        shift_y, shift_x = (share * shifts[:, 0]).sum(), (share * shifts[:, 1]).sum()
        away_y, away_x = points[:, 0] - point_y, points[:, 1] - point_x
        spread = (share * (away_y * (shifts[:, 0] - shift_y) + away_x * (shifts[:, 1] - shift_x))).sum()
        growth = spread / (share * (away_y**2 + away_x**2)).sum()
        y, x = shift_y - growth * point_y, shift_x - growth * point_x
        miss = (shifts[:, 0] - y - growth * points[:, 0]) ** 2 + (shifts[:, 1] - x - growth * points[:, 1]) ** 2
        weights = 1.0 / (1.0 + miss / _MISS**2)
    return y, x, growth


@compiled
def _surroundings(luma: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the lowest and the highest luma of the 3 x 3 points about each point."""
    low, high, wide_low, wide_high = luma.copy(), luma.copy(), np.empty_like(luma), np.empty_like(luma)
    for row in range(1, HEIGHT):
        for column in range(WIDTH):
            low[row, column], low[row - 1, column] = min(luma[row - 1, column], low[row, column]), min(luma[row, column], low[row - 1, column])
            high[row, column], high[row - 1, column] = max(luma[row - 1, column], high[row, column]), max(luma[row, column], high[row - 1, column])
    for row in range(HEIGHT):
        for column in range(WIDTH):
            left, right = max(column - 1, 0), min(column + 1, WIDTH - 1)
            wide_low[row, column] = min(low[row, left], low[row, column], low[row, right])
            wide_high[row, column] = max(high[row, left], high[row, column], high[row, right])
    return wide_low, wide_high


@compiled
def _sources(size: int, shift: float, growth: float) -> NDArray[np.int64]:
    """Return where each of the rows, or columns, came from; -1 from outside."""
    sources = np.empty(size, np.int64)
    for place in range(size):
        source = round(place - shift - growth * (place - (size - 1) / 2.0))
        sources[place] = source if 0 <= source < size else -1
    return sources


@compiled
def share_unexplained(before: NDArray[np.uint8], after: NDArray[np.uint8], y: float, x: float, growth: float, gain: float) -> NDArray[np.float32]:
    """Return float32 (3, 3): the share of each ninth of `after` that `before`, moved and brightened, does not explain.

    A point is explained when it lies within the range of the 3 x 3 points about where it came from, give or take the tolerance. Points that came
    from outside are left out.
    """
    unexplained, seen = np.zeros((3, 3)), np.zeros((3, 3))
    low, high = _surroundings(before)
    rows, columns = _sources(HEIGHT, y, growth), _sources(WIDTH, x, growth)
    for row in range(HEIGHT):
        for column in range(WIDTH):
            from_y, from_x = rows[row], columns[column]
            if from_y < 0 or from_x < 0:
                continue
            ninth = row * 3 // HEIGHT, column * 3 // WIDTH
            darkest, brightest = min(low[from_y, from_x] * gain, 255.0) - _TOLERANCE, high[from_y, from_x] * gain + _TOLERANCE
            seen[ninth] += 1.0
            unexplained[ninth] += not darkest <= after[row, column] <= brightest
    return (unexplained / np.maximum(seen, 1.0)).astype(np.float32)
