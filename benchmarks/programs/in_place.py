"""Programs that write into arrays: their own, and their arguments. Calling one again and again keeps its values bounded."""

from __future__ import annotations

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import normal, side


def momentum_update(weight, velocity, gradient):
    """Writes two arguments."""
    velocity *= 0.9
    velocity -= 0.01 * gradient
    weight *= 0.999
    weight += velocity
    return weight


def scaled_sum_out(x, y, out):
    """Writes an argument by `out=`."""
    np.multiply(x, 1.5, out=out)
    np.add(out, y, out=out)
    np.maximum(out, 0.0, out=out)
    return out


def scaled_sum_out_loops(x, y, out):
    for i in range(x.size):
        out[i] = max(x[i] * 1.5 + y[i], 0.0)
    return out


def scaled_sum_jax(x, y, out):
    import jax.numpy as jnp

    return jnp.maximum(x * 1.5 + y, 0.0)


def own_temporary(x, y):
    """Writes an array that it has made."""
    z = x * y
    z += x
    z *= 0.5
    z[z < 0.0] = 0.0
    return z


def own_temporary_loops(x, y):
    z = np.empty_like(x)
    for i in range(x.size):
        z[i] = max((x[i] * y[i] + x[i]) * 0.5, 0.0)
    return z


def own_temporary_jax(x, y):
    import jax.numpy as jnp

    z = (x * y + x) * 0.5
    return jnp.where(z < 0.0, 0.0, z)


def relaxation(u, source):
    """Writes the inside of an argument."""
    u[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - source[1:-1, 1:-1])
    return u


def relaxation_jax(u, source):
    return u.at[1:-1, 1:-1].set(0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - source[1:-1, 1:-1]))


PROGRAMS = [
    Program("momentum_update", "in_place", momentum_update, lambda size: tuple(normal(size, seed=seed) for seed in range(3))),
    Program("scaled_sum_out", "in_place", scaled_sum_out, lambda size: (normal(size), normal(size, seed=1), np.zeros(size)),
            numexpr=lambda ne, x, y, out: ne.evaluate("where(x * 1.5 + y > 0.0, x * 1.5 + y, 0.0)", {"x": x, "y": y}, out=out),
            numba=scaled_sum_out_loops, jax=scaled_sum_jax),
    Program("own_temporary", "in_place", own_temporary, lambda size: (normal(size), normal(size, seed=1)), numba=own_temporary_loops,
            jax=own_temporary_jax),
    Program("relaxation", "in_place", relaxation, lambda size: (normal(side(size), side(size)), normal(side(size), side(size), seed=1)),
            jax=relaxation_jax),
]
