"""The demonstration behind scripts/demo: examples/image_pipeline.py on the photographs that scikit-learn ships.

    python scripts/lib/demo.py OUTPUT_FOLDER

Compiled and plain results are compared bit for bit; pictures go to the folder. Exit status 1 when they differ or nothing
was captured.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

import segue
from segue.testing import compare, observe

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples"))

from image_pipeline import Settings, develop  # noqa: E402

REPEATS = 5
GRAPH_LINES = 12


def photographs() -> dict[str, np.ndarray]:
    """scikit-learn's sample pictures, read without importing it."""
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.submodule_search_locations is None:
        sys.exit("scikit-learn is not installed here; run scripts/demo")
    folder = Path(spec.submodule_search_locations[0]) / "datasets" / "images"
    return {path.stem: np.asarray(Image.open(path).convert("RGB")) for path in sorted(folder.glob("*.jpg"))}


def milliseconds(call) -> float:
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best * 1e3


def brief(text: str, count: int) -> str:
    lines = text.rstrip().splitlines()
    more = [f"… {len(lines) - count} more lines"] if len(lines) > count else []
    return "\n".join("    " + line for line in lines[:count] + more)


def describe(explanation: segue.Explanation) -> None:
    print(f"captured graphs: {explanation.graph_count} with {explanation.op_count} operators; "
          f"breaks: {explanation.break_count}; guards: {len(explanation.guards)}")
    for graph in explanation.graphs:
        print(brief(str(graph), GRAPH_LINES))
    print("  guards, for example:")
    print(brief("\n".join(explanation.guards), 8))
    for reason in explanation.breaks:
        print(brief(str(reason), 12))


def main(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    photos = photographs()
    explanation = segue.explain(develop)(next(iter(photos.values())), Settings())
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}")
    describe(explanation)
    segue.reset()
    compiled = segue.compile(develop, mode="exact")   # every bit is compared
    equal = True
    for name, photo in photos.items():
        plain, seen = (observe(call, (photo, Settings()), {}) for call in (develop, compiled))
        differences = compare(plain, seen)
        equal = equal and not differences
        print(f"{name} {photo.shape}: {'equal, bit for bit' if not differences else 'DIFFERENT'}")
        print("\n".join(f"  {line}" for line in differences))
        plain_ms = milliseconds(lambda: develop(photo, Settings()))
        compiled_ms = milliseconds(lambda: compiled(photo, Settings()))
        print(f"  plain {plain_ms:.1f} ms, compiled {compiled_ms:.1f} ms (best of {REPEATS}), ratio {compiled_ms / plain_ms:.2f}")
        picture, edges, numbers = seen.result
        print(f"  luminance: mean {numbers.mean:.3f}, deviation {numbers.deviation:.3f}, median {numbers.median:.3f}, "
              f"entropy {numbers.entropy:.2f} bits")
        for title, pixels in (("input", photo), ("developed", picture), ("edges", edges)):
            Image.fromarray(pixels).save(folder / f"{name}-{title}.png")
    counts = segue.stats()
    print("calls: " + ", ".join(f"{key} {value:.1f}" if isinstance(value, float) else f"{key} {value}" for key, value in counts.items()))
    print(f"pictures: {folder}")
    captured = explanation.graph_count >= 1 and counts["hits"] >= len(photos)
    print(f"captured graphs: {explanation.graph_count}; results {'equal' if equal else 'DIFFERENT'}")
    return 0 if equal and captured else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
