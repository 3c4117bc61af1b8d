"""tensorlet on a GPU beside PyTorch on the same one: eager, torch.compile, CUDA graphs, and both together.

    cargo build --release -p tensorlet-benches --features gpu --bin offload
    python3 benches/peers/gpu/compare.py

The second line needs no network and no cargo, only Python with PyTorch and the program that the first one built
(`--offload PATH` where it lies elsewhere). It prints a table and writes benches/record/GPU.md and gpu.json: date,
adapter, driver, versions, medians. `--dry` runs everything with small sizes on whatever there is, adapters in software
and PyTorch's CPU included, prints the same table and writes no record: its numbers say nothing.

Everyone takes turns, `--rounds` times: the program `offload` (whose own figure is a median), then PyTorch in each form.
A turn of PyTorch is of at least a tenth of a second; like the program's, its submissions are of 32 steps, whose losses
are all brought back. The data set lies on the device, and PyTorch takes its batches as views. 256 networks one after
the other are 256 times a step of one: what a network is compiled once for, is not counted.
"""

import argparse
import datetime
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent / "python"))
sys.dont_write_bytecode = True

SUBMISSION, BATCHES, TURN = 32, 8, 0.1
COPIES, FEW_COPIES = 256, 16
SIZES, FEW_SIZES = [256, 512, 1024, 2048, 4096, 8192], [64, 128, 256]
FORMS = ["eager", "torch.compile", "CUDA graphs", "torch.compile, CUDA graphs"]
# What `offload` calls the job; PyTorch's network, input and batch; optimiser and rate.
JOBS = {
    "mlp": ("MLP 784-256-10, SGD, batch 128", "mlp", (784,), 128, "SGD", 0.1),
    "lenet": ("LeNet-5, Adam, batch 128", "lenet", (1, 28, 28), 128, "Adam", 1e-3),
    "digits": ("{} digits CNNs, Adam, batch 32", "digits", (1, 8, 8), 32, "Adam", 2e-3),
}


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    target = ROOT / "target/release/offload"
    parser.add_argument("--offload", type=pathlib.Path, default=target, help="the program (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="small, on anything, without a record")
    parser.add_argument("--no-cpu", action="store_true", help="leave out tensorlet on the CPU")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "benches/record", help="folder of the record")
    return parser.parse_args()


class NotRun(Exception):
    """Why a form has no figure."""


class Training:
    """Training steps of a network in one form."""

    def __init__(self, torch, device, job, form):
        from torch_peer import network

        _, name, shape, batch, optimizer, rate = job
        graphed, compiled = "graphs" in form, "compile" in form
        if graphed and device.type != "cuda":
            raise NotRun("no CUDA device")
        torch.manual_seed(0)
        self.torch, self.net, self.batch = torch, network(name).to(device), batch
        self.x = torch.randn(BATCHES * batch, *shape, device=device)
        self.labels = torch.randint(10, (BATCHES * batch,), device=device)
        capturable = {"capturable": True} if optimizer == "Adam" and graphed else {}
        kind = getattr(torch.optim, optimizer)
        self.optimizer = kind(self.net.parameters(), lr=rate, fused=True, **capturable)
        loss = lambda x, labels: torch.nn.functional.cross_entropy(self.net(x), labels)
        self.loss = torch.compile(loss, fullgraph=True) if compiled else loss
        self.step = self.captured() if graphed else self.one

    def one(self, x, labels):
        self.optimizer.zero_grad(set_to_none=True)
        value = self.loss(x, labels)
        value.backward()
        self.optimizer.step()
        return value.detach()

    def captured(self):
        torch, x, labels = self.torch, self.x[: self.batch].clone(), self.labels[: self.batch].clone()
        # What is compiled, chosen or allocated at the first steps must be there before the capture.
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(5):
                self.one(x, labels)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(graph):
            value = self.one(x, labels)

        def step(new_x, new_labels):
            x.copy_(new_x)
            labels.copy_(new_labels)
            graph.replay()
            return value.clone()

        return step

    def run(self, submissions):
        for _ in range(submissions):
            losses = []
            for step in range(SUBMISSION):
                batch = slice(step % BATCHES * self.batch, (step % BATCHES + 1) * self.batch)
                losses.append(self.step(self.x[batch], self.labels[batch]))
            # Brings all of them back, and so waits for the steps.
            losses = self.torch.stack(losses).tolist()
        if not all(abs(loss) < 1e6 for loss in losses):
            raise NotRun(f"the loss is {losses[-1]}")
        return SUBMISSION * submissions


class Product:
    """`torch.mm` into a tensor."""

    def __init__(self, torch, device, size):
        self.torch, self.device = torch, device
        self.a, self.b, self.c = (torch.randn(size, size, device=device) for _ in range(3))

    def run(self, times):
        for _ in range(times):
            self.torch.mm(self.a, self.b, out=self.c)
        if self.device.type == "cuda":
            self.torch.cuda.synchronize()
        return times


class Turns:
    """Seconds of a step, a turn at a time."""

    def __init__(self, contestant):
        self.contestant, self.seconds = contestant, []
        contestant.run(1)
        self.count = 1
        while self.turn(self.count) * self.last < TURN and self.count < 1 << 16:
            self.count *= 2

    def turn(self, count):
        start = time.perf_counter()
        steps = self.contestant.run(count)
        self.last = steps
        return (time.perf_counter() - start) / steps

    def take(self):
        self.seconds.append(self.turn(self.count))


def offload(program, job, dry, cpu):
    """The rows that the program gives for a job, and what it ran on."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "rows.json"
        command = [program, "--json", file, "--only", job] + ["--software", "--quick"] * dry + ["--no-cpu"] * (not cpu)
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
        return json.loads(file.read_text())


def contestants(torch, device, job, dry):
    """PyTorch's turns for a job, by row and form, and why forms are missing."""
    turns, missing = {}, {}
    if job == "gemm":
        for size in FEW_SIZES if dry else SIZES:
            turns[f"GEMM {size}", "eager"] = (Turns(Product(torch, device, size)), 1)
        return turns, missing
    copies = (FEW_COPIES if dry else COPIES) if job == "digits" else 1
    name = JOBS[job][0].format(copies)
    for form in FORMS:
        try:
            turns[name, form] = (Turns(Training(torch, device, JOBS[job], form)), copies)
        except NotRun as error:
            missing[name, form] = str(error)
        except Exception as error:  # A form that fails must not end the others.
            missing[name, form] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    return turns, missing


def figure(row, seconds):
    if seconds is None:
        return "–"
    if row["operations"]:
        return f"{row['operations'] / seconds * 1e-12:.3g} TFLOP/s"
    return f"{seconds * 1e6:.1f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.2f} ms"


def table(rows):
    header = ["a step", "tensorlet, GPU", *(f"PyTorch, {form}" for form in FORMS), "tensorlet, CPU threads", "difference"]
    lines = [header, ["---"] * len(header)]
    for row in rows:
        forms = [figure(row, row["torch"].get(form)) for form in FORMS]
        off = "–" if row["difference"] is None else f"{row['difference']:.1e}"
        lines.append([row["name"], figure(row, row["gpu"]), *forms, figure(row, row["all_threads"]), off])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def bars(rows):
    """What the figures are held against: text, what was measured and whether that will do."""

    def ratio(row, form):
        there = row["gpu"] and row["torch"].get(form)
        return row["torch"][form] / row["gpu"] if there else None

    for row in rows:
        name, kind = row["name"], row["name"].split()[0].rstrip(",")
        if kind in ("MLP", "LeNet-5"):
            wanted = [("eager", 3.0), ("CUDA graphs", 1.0), ("torch.compile, CUDA graphs", 1.0)]
        elif "digits" in name:
            wanted = [("eager", 50.0)]
        else:
            wanted = []
        for form, least in wanted:
            times = ratio(row, form)
            text = f"{name}: times as fast as PyTorch, {form}; at least {least:g}"
            yield text, None if times is None else f"{times:.2f}", bool(times and times >= least)
        if name == "GEMM 4096" and row["gpu"]:
            rate = row["operations"] / row["gpu"] * 1e-12
            yield f"{name}: TFLOP/s; at least 20", f"{rate:.1f}", rate >= 20.0


def main():
    given = options()
    try:
        import torch
    except ImportError as error:
        sys.exit(f"PyTorch is missing: {error}. Install it, or run the program `offload` alone")
    if not given.offload.is_file():
        sys.exit(f"{given.offload} is missing: build it with the first line of this script's description")
    if not torch.cuda.is_available() and not given.dry:
        sys.exit("PyTorch sees no CUDA device; `--dry` tries the script without one")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True

    rows, missing, machine = [], {}, None
    for job in [*JOBS, "gemm"]:
        turns, lacking = contestants(torch, device, job, given.dry)
        missing.update(lacking)
        reports = []
        for round_ in range(given.rounds):
            reports.append(offload(given.offload, job, given.dry, cpu=not given.no_cpu and round_ == 0))
            for turn, _ in turns.values():
                turn.take()
            print(f"{job}: round {round_ + 1} of {given.rounds}", file=sys.stderr)
        machine = reports[0]
        for at, row in enumerate(machine["rows"]):
            times = [report["rows"][at]["gpu"] for report in reports]
            row["gpu"] = statistics.median(times) if None not in times else None
            mine = {form: (turn, copies) for (name, form), (turn, copies) in turns.items() if name == row["name"]}
            row["torch"] = {form: copies * statistics.median(turn.seconds) for form, (turn, copies) in mine.items()}
            rows.append(row)

    cuda = f", CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}" if device.type == "cuda" else ", on the CPU"
    lines = [
        f"{datetime.date.today().isoformat()}. tensorlet on {machine['adapter']}, driver {machine['driver']};"
        f" CPU with {machine['threads']} threads, {machine['instructions']}."
        f" PyTorch {torch.__version__}{cuda}, Python {platform.python_version()}, TF32 off.",
        "",
        table(rows),
        "",
        *(
            f"- {'met' if met else 'MISSED' if measured else 'not measured'}: {text}" + (f": {measured}" if measured else "")
            for text, measured, met in bars(rows)
        ),
        *(f"- {row['name']}: {row['note']}" for row in rows if row["note"]),
        *(f"- not run: {name}, {form}: {why}" for (name, form), why in missing.items()),
    ]
    print("\n".join(lines))
    real = device.type == "cuda" and not machine["software"] and not given.dry
    if real:
        given.out.mkdir(parents=True, exist_ok=True)
        how = __doc__.split("\n\n")[3]
        head = ["# On a GPU", "", "Made by `benches/peers/gpu/compare.py`; all figures are in [gpu.json](gpu.json).", ""]
        (given.out / "GPU.md").write_text("\n".join([*head, *lines, "", how.strip()]) + "\n")
        versions = {"torch": torch.__version__, "cuda": torch.version.cuda, "python": platform.python_version()}
        data = {**machine, "date": datetime.date.today().isoformat(), "versions": versions, "rows": rows}
        (given.out / "gpu.json").write_text(json.dumps(data, indent=1) + "\n")
    else:
        print("\nNo record: this was not a GPU.", file=sys.stderr)


if __name__ == "__main__":
    main()
