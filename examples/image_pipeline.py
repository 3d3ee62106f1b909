"""Develops photographs with plain NumPy: gaussian blur, sobel edges, tone curve, histogram statistics.

    python examples/image_pipeline.py [PHOTO.npy …]

`develop` is an ordinary function over several others and a dataclass of parameters; scripts/demo runs it compiled and plain on real
photographs. Run by itself, the file develops a synthetic picture.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

import segue


@dataclass(frozen=True)
class Settings:
    """How a photograph is developed."""

    sigma: float = 1.4
    radius: int = 3
    sharpen: float = 0.8
    edge_glow: float = 0.35
    gamma: float = 0.85
    contrast: float = 0.6
    bins: int = 32


@dataclass
class Statistics:
    """Of the developed picture's luminance."""

    mean: np.float32
    deviation: np.float32
    median: np.float32
    entropy: np.float64
    histogram: np.ndarray


def gaussian_weights(radius, sigma):
    """(2 * radius + 1,) float32 weights that sum to one."""
    x = np.arange(-radius, radius + 1, dtype=np.float32)
    weights = np.exp(-0.5 * (x / sigma) ** 2)
    return weights / weights.sum()


def extend(image, radius, axis):
    """Repeats the first and last rows (axis 0) or columns (axis 1) `radius` times."""
    if axis == 0:
        return np.concatenate([np.repeat(image[:1], radius, axis=0), image, np.repeat(image[-1:], radius, axis=0)], axis=0)
    return np.concatenate([np.repeat(image[:, :1], radius, axis=1), image, np.repeat(image[:, -1:], radius, axis=1)], axis=1)


def blur(image, settings):
    """Separable gaussian blur: a weighted sum of shifted slices along each axis."""
    weights = gaussian_weights(settings.radius, settings.sigma)
    for axis in (0, 1):
        padded = extend(image, settings.radius, axis)
        size = image.shape[axis]
        total = np.zeros_like(image)
        for tap in range(2 * settings.radius + 1):
            if axis == 0:
                total += weights[tap] * padded[tap : tap + size]
            else:
                total += weights[tap] * padded[:, tap : tap + size]
        image = total
    return image


def luminance(image):
    """(height, width, 3) -> (height, width), Rec. 709 weights."""
    return image[..., 0] * 0.2126 + image[..., 1] * 0.7152 + image[..., 2] * 0.0722


def gradient(gray):
    """(h, w) -> (h - 2, w - 2): magnitude of the sobel gradient."""
    top, middle, bottom = gray[:-2], gray[1:-1], gray[2:]
    across = (top[:, 2:] - top[:, :-2]) + 2 * (middle[:, 2:] - middle[:, :-2]) + (bottom[:, 2:] - bottom[:, :-2])
    down = (bottom[:, :-2] + 2 * bottom[:, 1:-1] + bottom[:, 2:]) - (top[:, :-2] + 2 * top[:, 1:-1] + top[:, 2:])
    return np.sqrt(across * across + down * down)


def sobel(gray):
    """The gradient's magnitude, zero at the border."""
    edges = np.zeros_like(gray)
    edges[1:-1, 1:-1] = gradient(gray)
    return edges


def smoothstep(x):
    return x * x * (3 - 2 * x)


def tone_curve(image, settings):
    """Gamma, then a blend towards the smoothstep curve for contrast."""
    lifted = np.clip(image, 0, 1) ** settings.gamma
    return lifted + settings.contrast * (smoothstep(lifted) - lifted)


def statistics(gray, settings):
    ordered = np.sort(gray.ravel())
    ranks = np.searchsorted(ordered, np.linspace(0, 1, settings.bins + 1))
    counts = ranks[1:] - ranks[:-1]
    share = counts / max(1, ordered.size)
    logs = np.log2(np.where(share > 0, share, 1.0))
    return Statistics(gray.mean(), gray.std(), ordered[ordered.size // 2], -(share * logs).sum(), counts)


def develop(photo, settings):
    """(height, width, 3) uint8 -> (developed uint8 picture, edge picture, Statistics)."""
    image = photo.astype(np.float32) / 255
    soft = blur(image, settings)
    sharp = image + settings.sharpen * (image - soft)
    edges = sobel(luminance(soft))
    glowing = sharp + settings.edge_glow * edges[..., None]
    toned = np.clip(tone_curve(glowing, settings), 0, 1)
    result = statistics(luminance(toned), settings)
    picture = (toned * 255 + 0.5).astype(np.uint8)
    return picture, (np.clip(edges, 0, 1) * 255).astype(np.uint8), result


def synthetic_photo(height=120, width=160):
    """A smooth gradient with a bright disc."""
    y, x = np.mgrid[0:height, 0:width]
    disc = ((x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2) * 120
    return np.stack([x * 255 // width, y * 255 // height, disc], axis=-1).astype(np.uint8)


def main(paths):
    photos = [np.load(path) for path in paths] or [synthetic_photo()]
    compiled = segue.compile(develop, mode="exact")   # bytes of pictures are compared
    for photo in photos:
        picture, edges, numbers = compiled(photo, Settings())
        plain_picture, plain_edges, plain_numbers = develop(photo, Settings())
        assert np.array_equal(picture, plain_picture) and np.array_equal(edges, plain_edges)
        assert np.array_equal(numbers.histogram, plain_numbers.histogram)
        print(f"{photo.shape}: mean {numbers.mean:.3f}, deviation {numbers.deviation:.3f}, entropy {numbers.entropy:.2f} bits")


if __name__ == "__main__":
    main(sys.argv[1:])
