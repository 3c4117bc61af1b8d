"""What all peers share."""

from contextlib import nullcontext

import numpy as np

SAMPLES = 2048


class NotThere(Exception):
    """The peer has nothing for this operation."""


class Contestant:
    """One way of running a case: `run()` is timed, `answer()` is asked for once, before, both inside `mode()`."""

    def __init__(self, name, form, run, answer, mode=nullcontext):
        self.name, self.form, self.run, self.answer, self.mode = name, form, run, answer, mode


def sampled(draw):
    """The last of many random samples, and their mean."""
    mean = 0.0
    for _ in range(SAMPLES):
        sample = np.asarray(draw())
        mean = mean + sample / SAMPLES
    return {"sample": sample, "mean": mean}


def parameters(arrays):
    """The arrays that are parameters of a network."""
    return {name: value for name, value in arrays.items() if "." in name}
