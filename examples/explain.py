"""What Segue captures of a function, and why it stops: explain, and fullgraph=True."""

import numpy as np

import segue


def smooth(x):
    return (x[:-2] + 2 * x[1:-1] + x[2:]) / 4


def analyse(signal, log):
    smoothed = smooth(signal)
    log.append(smoothed.shape)
    return smoothed - smoothed.mean()


def analyse_aloud(signal):
    smoothed = smooth(signal)
    print("peak:", smoothed.max())
    return smoothed - smoothed.mean()


signal = np.sin(np.linspace(0, 10, 200))
explanation = segue.explain(analyse)(signal, [])
print(explanation)
assert explanation.graph_count == 1 and not explanation.breaks

try:
    segue.compile(analyse_aloud, fullgraph=True)(signal)
except segue.GraphBreakError as error:
    print(error)
else:
    raise AssertionError("printing an array's value was captured")
