"""Signals: filters and spectra."""

from __future__ import annotations

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import normal, rows

TAPS = (0.02, 0.08, 0.16, 0.24, 0.24, 0.16, 0.08, 0.02)


def fir(signal):
    total = TAPS[0] * signal[: signal.size - 7]
    for k in range(1, 8):
        total = total + TAPS[k] * signal[k : signal.size - 7 + k]
    return total


def fir_loops(signal):
    out = np.empty(signal.size - 7)
    for i in range(out.size):
        total = 0.0
        for k in range(8):
            total += TAPS[k] * signal[i + k]
        out[i] = total
    return out


def windowed_spectrum(signal, window):
    """Power of the spectra of windows of 512 samples; most of it is NumPy's FFT."""
    spectrum = np.fft.rfft(signal * window, axis=1)
    return np.log10(spectrum.real**2 + spectrum.imag**2 + 1e-12)


def envelope(signal):
    """The largest of five neighbours, smoothed."""
    level = np.abs(signal)
    peak = np.maximum(np.maximum(level[:-4], level[1:-3]), np.maximum(level[2:-2], np.maximum(level[3:-1], level[4:])))
    return (peak[:-2] + peak[1:-1] + peak[2:]) / 3.0


def envelope_loops(signal):
    peak = np.empty(signal.size - 4)
    for i in range(peak.size):
        peak[i] = max(abs(signal[i]), abs(signal[i + 1]), abs(signal[i + 2]), abs(signal[i + 3]), abs(signal[i + 4]))
    out = np.empty(peak.size - 2)
    for i in range(out.size):
        out[i] = (peak[i] + peak[i + 1] + peak[i + 2]) / 3.0
    return out


def modulation(signal, time):
    carrier = np.sin(440.0 * time + 3.0 * np.sin(7.0 * time))
    return np.tanh(2.0 * signal * carrier)


PROGRAMS = [
    Program("fir", "signals", fir, lambda size: (normal(size),), numba=fir_loops),
    Program("windowed_spectrum", "signals", windowed_spectrum, lambda size: (normal(rows(size, 512), 512), np.hanning(512))),
    Program("envelope", "signals", envelope, lambda size: (normal(size),), numba=envelope_loops),
    Program("modulation", "signals", modulation, lambda size: (normal(size), np.linspace(0.0, 10.0, size)),
            numexpr="tanh(2.0 * signal * sin(440.0 * time + 3.0 * sin(7.0 * time)))"),
]
