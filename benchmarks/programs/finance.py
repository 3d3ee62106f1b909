"""Finance: option prices, averages of series, discounting."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import normal, uniform


def cumulative(x):
    """The normal distribution, by the polynomial of Abramowitz and Stegun, 26.2.17."""
    k = 1.0 / (1.0 + 0.2316419 * np.abs(x))
    tail = ((((1.330274429 * k - 1.821255978) * k + 1.781477937) * k - 0.356563782) * k + 0.319381530) * k
    tail = 0.3989422804014327 * np.exp(-0.5 * x * x) * tail
    return np.where(x > 0.0, 1.0 - tail, tail)


def black_scholes(price, strike, years):
    spread = 0.3 * np.sqrt(years)
    first = (np.log(price / strike) + (0.02 + 0.5 * 0.3 * 0.3) * years) / spread
    second = first - spread
    discounted = strike * np.exp(-0.02 * years)
    call = price * cumulative(first) - discounted * cumulative(second)
    return call, call - price + discounted


def cumulative_loop(x):
    k = 1.0 / (1.0 + 0.2316419 * abs(x))
    tail = ((((1.330274429 * k - 1.821255978) * k + 1.781477937) * k - 0.356563782) * k + 0.319381530) * k
    tail = 0.3989422804014327 * math.exp(-0.5 * x * x) * tail
    return 1.0 - tail if x > 0.0 else tail


def black_scholes_loops(price, strike, years):
    calls, puts = np.empty_like(price), np.empty_like(price)
    for i in range(price.size):
        spread = 0.3 * math.sqrt(years[i])
        first = (math.log(price[i] / strike[i]) + (0.02 + 0.5 * 0.3 * 0.3) * years[i]) / spread
        discounted = strike[i] * math.exp(-0.02 * years[i])
        calls[i] = price[i] * cumulative_loop(first) - discounted * cumulative_loop(first - spread)
        puts[i] = calls[i] - price[i] + discounted
    return calls, puts


def options(size, dtype="f8"):
    ranges = ((50.0, 150.0), (60.0, 140.0), (0.1, 3.0))
    return tuple(uniform(size, low=low, high=high, seed=seed, dtype=dtype) for seed, (low, high) in enumerate(ranges))


def binomial_payoff(value, exercise):
    """Eight steps back through a tree, with early exercise at each."""
    for _ in range(8):
        value = np.maximum(0.998 * (0.53 * value[1:] + 0.47 * value[:-1]), exercise[: value.size - 1])
    return value


def exponential_average(x):
    """An exponential moving average, cut off behind eight values."""
    average = 0.3 * x[7:]
    for k in range(1, 8):
        average = average + 0.3 * 0.7**k * x[7 - k : x.size - k]
    return average


def exponential_average_loops(x):
    out = np.empty(x.size - 7)
    for i in range(out.size):
        weight, total = 0.3, 0.0
        for k in range(8):
            total += weight * x[i + 7 - k]
            weight *= 0.7
        out[i] = total
    return out


def coupon_bonds(rate, coupon):
    value = 100.0 * np.exp(-10.0 * rate)
    for year in range(1, 11):
        value = value + coupon * np.exp(-year * rate)
    return value


def volatility(price):
    returns = np.log(price[1:] / price[:-1])
    return np.sqrt(252.0 * np.mean((returns - returns.mean()) ** 2))


def volatility_loops(price):
    returns = np.empty(price.size - 1)
    total = 0.0
    for i in range(returns.size):
        returns[i] = math.log(price[i + 1] / price[i])
        total += returns[i]
    mean, total = total / returns.size, 0.0
    for i in range(returns.size):
        total += (returns[i] - mean) ** 2
    return math.sqrt(252.0 * total / returns.size)


def drawdown(price):
    best = np.maximum.accumulate(price)
    return np.min((price - best) / best)


def drawdown_loops(price):
    best, least = price[0], 0.0
    for i in range(price.size):
        best = max(best, price[i])
        least = min(least, (price[i] - best) / best)
    return least


def drawdown_jax(price):
    import jax

    best = jax.lax.cummax(price)
    return ((price - best) / best).min()


PROGRAMS = [
    Program("black_scholes", "finance", black_scholes, options, numba=black_scholes_loops),
    Program("binomial_payoff", "finance", binomial_payoff,
            lambda size: (uniform(size, high=50.0), uniform(size, high=40.0, seed=1))),
    Program("exponential_average", "finance", exponential_average, lambda size: (normal(size),), numba=exponential_average_loops),
    Program("coupon_bonds", "finance", coupon_bonds,
            lambda size: (uniform(size, low=0.01, high=0.08), uniform(size, high=9.0, seed=1)),
            numexpr="100.0 * exp(-10.0 * rate) + " + " + ".join(f"coupon * exp(-{year}.0 * rate)" for year in range(1, 11))),
    Program("volatility", "finance", volatility, lambda size: (uniform(size, low=90.0, high=110.0),), numba=volatility_loops),
    Program("drawdown", "finance", drawdown, lambda size: (uniform(size, low=90.0, high=110.0),), numba=drawdown_loops, jax=drawdown_jax),
]
