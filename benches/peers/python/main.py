"""The peers that live in Python: PyTorch, onnxruntime, JAX and NumPy's OpenBLAS, one thread each.

The driver sends a case with its inputs, asks for the answers, and then for batches of runs one by one, so that they
are interleaved with everyone else's. Messages are lines on standard input and output; arrays are safetensors.
"""

import importlib
import json
import os
import struct
import sys
import time

import numpy as np

from peer import NotThere

REPLIES = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # What libraries print is no reply.

PACKAGES = {"torch": "torch_peer", "onnxruntime": "onnxruntime_peer", "jax": "jax_peer", "numpy": "numpy_peer"}


def reply(value, payload=b""):
    REPLIES.write(json.dumps(value).encode() + b"\n" + payload)
    REPLIES.flush()


def read_arrays(data):
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    arrays = {}
    for name, info in header.items():
        if name != "__metadata__":
            begin, end = info["data_offsets"]
            arrays[name] = np.frombuffer(body[begin:end], np.float32).reshape(info["shape"]).copy()
    return arrays


def write_arrays(arrays):
    header, body = {}, b""
    for name, value in arrays.items():
        value = np.ascontiguousarray(value, np.float32)
        data = value.tobytes()
        header[name] = {"dtype": "F32", "shape": value.shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    header = json.dumps(header).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + body


def timed(contestant, times):
    run, repeats = contestant.run, range(times)
    with contestant.mode():
        start = time.process_time_ns()
        for _ in repeats:
            run()
        return (time.process_time_ns() - start) * 1e-9


def answered(contestant):
    with contestant.mode():
        return contestant.answer()


def main():
    peers, versions, missing = [], {}, {}
    for package, module in PACKAGES.items():
        try:
            peers.append(importlib.import_module(module))
            versions[package] = importlib.import_module(package).__version__
        except Exception as error:
            missing[package] = f"{type(error).__name__}: {error}"
    reply({"versions": versions, "missing": missing})
    contestants = []
    for line in sys.stdin.buffer:
        word, *numbers = line.split()
        numbers = [int(number) for number in numbers]
        if word == b"case":
            case, arrays, onnx = (sys.stdin.buffer.read(length) for length in numbers)
            case, arrays = json.loads(case), read_arrays(arrays)
            contestants, faults = [], []
            for peer in peers:
                try:
                    contestants += peer.contestants(case["op"], arrays, onnx)
                except NotThere:
                    pass
                except Exception as error:
                    faults.append(f"{peer.__name__}: {type(error).__name__}: {error}"[:300])
            entries = [{"name": c.name, "form": c.form} for c in contestants]
            reply({"contestants": entries, "faults": faults})
        elif word == b"answer":
            try:
                payload = write_arrays(answered(contestants[numbers[0]]))
                reply({"bytes": len(payload)}, payload)
            except Exception as error:
                reply({"error": f"{type(error).__name__}: {error}"[:300]})
        elif word == b"time":
            reply({"seconds": timed(contestants[numbers[0]], numbers[1])})


main()
