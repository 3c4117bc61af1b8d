"""PyTorch: eager under inference mode; training eager and compiled, with fused optimisers."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from peer import Contestant, NotThere, parameters, sampled

torch.set_num_threads(1)
torch.set_num_interop_threads(1)


def tensors(arrays):
    return {name: torch.from_numpy(value) for name, value in arrays.items()}


def inference(run, names, form="inference mode"):
    """A contestant whose run gives a tensor, or several."""

    def answer():
        values = run()
        values = values if isinstance(values, tuple) else (values,)
        return {name: value.numpy().copy() for name, value in zip(names, values)}

    return Contestant("torch", form, run, answer, torch.inference_mode)


class Last(nn.Module):
    """A recurrent network without its state."""

    def __init__(self):
        super().__init__()
        self.gru, self.fc = nn.GRU(28, 128, batch_first=True), nn.Linear(128, 28)

    def forward(self, x):
        return self.fc(self.gru(x)[0])


def network(name):
    if name == "char-gru":
        return Last()
    layers = {
        "lenet": lambda: [
            ("conv1", nn.Conv2d(1, 6, 5, padding=2)), ("act1", nn.Sigmoid()), ("pool1", nn.AvgPool2d(2)),
            ("conv2", nn.Conv2d(6, 16, 5)), ("act2", nn.Sigmoid()), ("pool2", nn.AvgPool2d(2)),
            ("flatten", nn.Flatten()), ("fc1", nn.Linear(400, 120)), ("act3", nn.Sigmoid()),
            ("fc2", nn.Linear(120, 84)), ("act4", nn.Sigmoid()), ("fc3", nn.Linear(84, 10)),
        ],
        "mlp": lambda: [("fc1", nn.Linear(784, 256)), ("relu", nn.ReLU()), ("fc2", nn.Linear(256, 10))],
        "digits": lambda: [
            ("conv1", nn.Conv2d(1, 8, 3, padding=1)), ("relu1", nn.ReLU()), ("pool1", nn.MaxPool2d(2)),
            ("conv2", nn.Conv2d(8, 16, 3, padding=1)), ("relu2", nn.ReLU()), ("pool2", nn.MaxPool2d(2)),
            ("flatten", nn.Flatten()), ("fc", nn.Linear(64, 10)),
        ],
    }
    return nn.Sequential(OrderedDict(layers[name]()))


def loaded(op, arrays):
    net = network(op["network"])
    net.load_state_dict(tensors(parameters(arrays)))
    return net


def training(op, arrays, compiled):
    net = loaded(op, arrays)
    x, labels = torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["labels"]).long()
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[op["optimizer"]]
    optimizer = kind(net.parameters(), lr=op["lr"], fused=True)

    def loss(x, labels):
        return F.cross_entropy(net(x).flatten(0, -2), labels.flatten())

    value = torch.compile(loss, fullgraph=True) if compiled else loss

    def run():
        optimizer.zero_grad(set_to_none=True)
        value(x, labels).backward()
        optimizer.step()

    def answer():
        run()
        return {name: value.detach().numpy().copy() for name, value in net.state_dict().items()}

    name, form = ("torch.compile", "forward and backward compiled") if compiled else ("torch", "eager")
    return Contestant(name, f"{form}, fused optimiser", run, answer)


def backward(run, names):
    def answer():
        return {name: value.detach().numpy().copy() for name, value in zip(names, run())}

    return Contestant("torch", "eager, autograd", run, answer)


def contestants(op, arrays, onnx):
    kind, t = op["kind"], tensors(arrays)
    if kind == "matmul":
        c = torch.empty(op["m"], op["n"])
        return [inference(lambda: torch.mm(t["a"], t["b"], out=c), ["c"], "torch.mm into a tensor")]
    if kind == "conv":
        x, weight, bias = t["x"], t["weight"], t["bias"]
        padding, groups = op["padding"], op["groups"]
        return [inference(lambda: F.conv2d(x, weight, bias, 1, padding, 1, groups), ["y"])]
    if kind == "conv-gradient":
        x, weight, dy, sizes = t["x"], t["weight"], t["dy"], [op["out"]]
        padding, groups = [op["padding"]] * 2, op["groups"]
        gradients = torch.ops.aten.convolution_backward
        run = lambda: gradients(
            dy, x, weight, sizes, [1, 1], padding, [1, 1], False, [0, 0], groups, [True, True, True]
        )
        return [inference(run, ["dx", "dw", "db"], "aten.convolution_backward")]
    if kind == "max-pool":
        x = t["x"]
        return [inference(lambda: F.max_pool2d(x, op["kernel"], op["stride"], op["padding"]), ["y"])]
    if kind == "cross-entropy":
        x, labels = t["x"].requires_grad_(), t["labels"].long()

        def run():
            x.grad = None
            loss = F.cross_entropy(x, labels)
            loss.backward()
            return loss, x.grad

        return [backward(run, ["loss", "gradient"])]
    if kind == "layer-norm":
        x, weight, bias, shape = t["x"], t["weight"], t["bias"], [op["width"]]
        return [inference(lambda: F.layer_norm(x, shape, weight, bias), ["y"])]
    if kind == "layer-norm-gradient":
        x, weight, bias, dy, shape = t["x"], t["weight"], t["bias"], t["dy"], [op["width"]]
        forward, back = torch.ops.aten.native_layer_norm, torch.ops.aten.native_layer_norm_backward

        def run():
            _, mean, rstd = forward(x, shape, weight, bias, 1e-5)
            return back(dy, x, shape, mean, rstd, weight, bias, [True, True, True])

        return [inference(run, ["dx", "dw", "db"], "aten.native_layer_norm and its backward")]
    if kind == "gumbel":
        x, hard = t["x"], op["hard"]
        run = lambda: F.gumbel_softmax(x, hard=hard)
        return [Contestant("torch", "inference mode", run, lambda: sampled(run), torch.inference_mode)]
    if kind == "cell":
        state = (t["h"], t["c"]) if op["cell"] == "lstm" else t["h"]
        cell = {"lstm": torch.lstm_cell, "gru": torch.gru_cell}[op["cell"]]
        x, weights = t["x"], [t[name] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        return [inference(lambda: cell(x, state, *weights), ["h", "c"])]
    if kind == "inference":
        net, x = loaded(op, arrays).eval(), t["x"]
        return [inference(lambda: net(x), ["y"])]
    if kind == "train":
        # What `nn.GRU` calls is one operation; compiling around it changes nothing.
        forms = [False] if op["network"] == "char-gru" else [False, True]
        return [training(op, arrays, compiled) for compiled in forms]
    raise NotThere
