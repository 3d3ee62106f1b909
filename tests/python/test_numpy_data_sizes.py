"""Results whose size is in the data: one graph holds them and what is computed from them."""

import numpy as np
import pytest

import segue

X = np.array([0.5, -1.5, 2.0, -3.25, 4.0, 7.5])
Y = np.array([1.0, 0.25, 3.0, -2.5, 6.0, 0.5])
M = np.array([[0.5, -2.0, 1.0, 4.0], [3.0, 2.5, 0.25, -1.0], [5.0, -1.5, 2.0, 3.0]])
N = np.array([3, 1, 4, 1, 5, 2])

CASES = {
    "selection": lambda x, y, m, n: x[x > 0],
    "selection used": lambda x, y, m, n: np.sqrt(x[x > 0]) * 2 + 1,
    "two selections by one mask": lambda x, y, m, n: x[x > 0] * y[x > 0],
    "statistics of a selection": lambda x, y, m, n: (x[x > 0].sum(), x[x > 0].mean(), x[x > 0].max(), x[x > 0].std()),
    "its size": lambda x, y, m, n: (x[x > 0].size, len(x[x > 0]), x[x > 0].shape, 2 * x[x > 0].size + 1),
    "an array of its size": lambda x, y, m, n: np.zeros(len(x[x > 0])) + x[x > 0],
    "rows": lambda x, y, m, n: m[m[:, 0] > 1],
    "rows summed": lambda x, y, m, n: (m[m[:, 0] > 1].sum(axis=0), m[m[:, 0] > 1].T),
    "rows counted": lambda x, y, m, n: (len(m[m[:, 0] > 1]), np.argwhere(m > 0).shape, np.zeros(len(m[m[:, 0] > 1]))),
    "columns": lambda x, y, m, n: m[:, m[0] > 0],
    "a mask and an index": lambda x, y, m, n: (m[m[:, 0] > 1, 1], m[m[:, 0] > 1, 1:3], m[m > 0], m[..., m[0] > 0]),
    "indices": lambda x, y, m, n: (np.nonzero(x > 0), np.nonzero(m > 0), np.flatnonzero(m > 0), np.argwhere(m > 0), np.where(m > 1)),
    "what indices select": lambda x, y, m, n: (x[np.nonzero(x > 0)], m[np.nonzero(m > 0)], x[np.flatnonzero(x > 0)] + 1),
    "a method": lambda x, y, m, n: ((x > 0).nonzero()[0], x.compress(x > 0), m.compress([True, False, True], axis=0)),
    "sets": lambda x, y, m, n: (np.unique(n), np.union1d(n, n + 2), np.intersect1d(n, n + 2), np.setdiff1d(n, n + 2), np.setxor1d(n, n + 2)),
    "unique with all": lambda x, y, m, n: np.unique(n, return_index=True, return_inverse=True, return_counts=True),
    "named sets": lambda x, y, m, n: (np.unique_all(n), np.unique_counts(n), np.unique_inverse(n), np.unique_values(n)),
    "counts": lambda x, y, m, n: (np.bincount(n), np.bincount(n, weights=x, minlength=9)),
    "repeats": lambda x, y, m, n: (np.repeat(x, n), np.repeat(m, [1, 0, 2], axis=0), x.repeat(n).sum()),
    "leaving out": lambda x, y, m, n: (np.delete(m, [0, 2], axis=1), np.delete(x, x > 0), np.compress(x > 0, y), np.extract(m > 1, m)),
    "trimmed": lambda x, y, m, n: np.trim_zeros(np.where(x > 1, x, 0.0)),
    "masked writes": lambda x, y, m, n: masked_writes(x.copy(), y, m.copy()),
    "sorted selection": lambda x, y, m, n: np.sort(x[x > 0])[::-1],
    "joined": lambda x, y, m, n: np.concatenate([x[x > 0], y[y > 1]]),
    "an outer product": lambda x, y, m, n: x[x > 0][:, None] * y[y > 1],
}


def masked_writes(x, y, m):
    x[x > 0] = y[x > 0] * 2
    x[x < 0] += 1
    m[m < 0] = 0
    m[m[:, 0] > 1, 1] = 9
    m[0, m[1] > 2] *= 3
    return x, m


@pytest.mark.parametrize("case", CASES)
def test_sizes_that_depend_on_data(check, case):
    report = check(CASES[case], X, Y, M, N)
    assert report.op_count > 0


@pytest.mark.parametrize("case", CASES)
def test_other_data_of_the_same_types(check, case):
    """Nothing selected, one element, everything: what the run has guessed does not hold for some of it."""
    for offset in (0.0, -100.0, -7.0, 100.0, 0.0):
        check(CASES[case], X + offset, Y + offset, M + offset, N, breaks=True, hits=False)


def test_guesses_that_go_wrong_again_and_again_are_given_up():
    def largest(x):
        return np.max(x[x > 0]) + x.sum()

    compiled = segue.compile(largest)
    assert compiled(X) == largest(X)
    compiled(X)
    captured = segue.stats()["segments"]
    for _ in range(2):
        with pytest.raises(ValueError, match="zero-size array"):
            compiled(-np.abs(X))
    reruns = segue.stats()["reruns"]
    for _ in range(4):
        with pytest.raises(ValueError, match="zero-size array"):
            compiled(-np.abs(X))
    assert segue.stats()["reruns"] == reruns   # the selection is a segment, and what is made of it another one
    before = segue.stats()["segments"]
    assert compiled(X) == largest(X) and compiled(X) == largest(X)
    assert segue.stats()["segments"] > before > captured


def test_the_program_s_own_questions_break(check):
    def branches(x):
        chosen = x[x > 0]
        if len(chosen) > 3:
            return chosen * 2
        return chosen + 1

    report = check(branches, X, breaks=True)
    assert report.breaks == ["constant-needed"]
    assert sum(capture.op_count for capture in report.captures) >= 3
    check(branches, -X, breaks=True, hits=False)


def test_loops_over_what_was_found(check):
    def total(m):
        result = 0.0
        for row in np.flatnonzero(m[:, 0] > 1):
            result += m[row].sum()
        return result

    check(total, M, breaks=True, hits=False)


def test_other_backends_read_the_sizes(check):
    calls = []

    def backend(graph, example_inputs):
        def run(*inputs):
            calls.append(len(inputs))
            return graph(*inputs)

        return run

    def found(x, y):
        chosen = np.nonzero(x > 0)[0]
        return len(chosen), y[chosen] * x[x > 0], np.zeros(chosen.size)

    check(found, X, Y, compile_options={"backend": backend})
    assert calls
    check(found, -100 * np.abs(X), Y, hits=False, breaks=True, compile_options={"backend": backend})
