"""`segue.testing.trace_all`: everything that a block runs goes through Segue, array code or not."""

from __future__ import annotations

from segue import _segue


class trace_all:
    """Sends every Python frame that the block calls through the translator and the splicing, libraries' frames included:

        with segue.testing.trace_all():
            run_tests()

    Slow, and good for one thing: finding out whether Segue changes what a program does. The block's own frame, class bodies and
    modules run as they are, and so do other threads. RuntimeError when another frame evaluator is installed. Blocks nest; each is
    left by the thread that entered it, in order.
    """

    def __init__(self) -> None:
        self._block = _segue._TracedBlock(trace_all)

    def __enter__(self) -> trace_all:
        self._block.enter()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._block.leave()
