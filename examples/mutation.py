"""Writes keep their order and their aliases: arguments, views, lists and attributes change exactly as in plain Python."""

from dataclasses import dataclass, field

import numpy as np

import segue


@dataclass
class Particles:
    position: np.ndarray
    velocity: np.ndarray
    energies: list = field(default_factory=list)


@segue.compile
def step(particles, dt):
    half = particles.velocity[::2]
    particles.velocity += -particles.position * dt
    half *= 0.99
    particles.position += particles.velocity * dt
    particles.energies.append(0.5 * (particles.velocity**2 + particles.position**2).sum())


def simulate(run):
    particles = Particles(np.linspace(-1, 1, 6), np.zeros(6))
    for _ in range(50):
        run(particles, 0.05)
    return particles


compiled, plain = simulate(step), simulate(step.__wrapped__)
assert compiled.position.tobytes() == plain.position.tobytes()
assert compiled.velocity.tobytes() == plain.velocity.tobytes()
assert compiled.energies == plain.energies
print(f"energy {compiled.energies[0]:.4f} -> {compiled.energies[-1]:.4f} after {len(compiled.energies)} steps")
