"""JAX: every case as one compiled function, waited for; parameters of trainings are donated."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax, nn

from peer import Contestant, NotThere, parameters, sampled

HIGHEST = lax.Precision.HIGHEST


def conv(x, weight, bias, padding, groups=1):
    y = lax.conv_general_dilated(x, weight, (1, 1), [(padding, padding)] * 2, feature_group_count=groups)
    return y + bias[:, None, None]


def max_pool(x, kernel, stride, padding):
    window, strides, pad = (1, 1, kernel, kernel), (1, 1, stride, stride), [(0, 0)] * 2 + [(padding, padding)] * 2
    return lax.reduce_window(x, -jnp.inf, lax.max, window, strides, pad)


def avg_pool(x):
    return lax.reduce_window(x, 0.0, lax.add, (1, 1, 2, 2), (1, 1, 2, 2), "VALID") / 4


def layer_norm(x, weight, bias):
    mean = x.mean(-1, keepdims=True)
    variance = jnp.square(x - mean).mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * weight + bias


def cross_entropy(logits, labels):
    rows = logits.reshape(-1, logits.shape[-1])
    return -jnp.take_along_axis(nn.log_softmax(rows), labels.reshape(-1, 1), 1).mean()


def lstm(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    i, f, g, o = jnp.split(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh, 4, -1)
    c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
    return nn.sigmoid(o) * jnp.tanh(c), c


def gru(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    return gru_gates(x @ weight_ih.T + bias_ih, h, weight_hh, bias_hh)


def gru_gates(gates, h, weight_hh, bias_hh):
    a, b = jnp.split(gates, 3, -1), jnp.split(h @ weight_hh.T + bias_hh, 3, -1)
    r, z = nn.sigmoid(a[0] + b[0]), nn.sigmoid(a[1] + b[1])
    n = jnp.tanh(a[2] + r * b[2])
    return (1 - z) * n + z * h


def linear(p, name, x):
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def lenet(p, x):
    x = avg_pool(nn.sigmoid(conv(x, p["conv1.weight"], p["conv1.bias"], 2)))
    x = avg_pool(nn.sigmoid(conv(x, p["conv2.weight"], p["conv2.bias"], 0))).reshape(len(x), -1)
    x = nn.sigmoid(linear(p, "fc1", x))
    return linear(p, "fc3", nn.sigmoid(linear(p, "fc2", x)))


def mlp(p, x):
    return linear(p, "fc2", nn.relu(linear(p, "fc1", x)))


def digits(p, x):
    x = max_pool(nn.relu(conv(x, p["conv1.weight"], p["conv1.bias"], 1)), 2, 2, 0)
    x = max_pool(nn.relu(conv(x, p["conv2.weight"], p["conv2.bias"], 1)), 2, 2, 0)
    return linear(p, "fc", x.reshape(len(x), -1))


def char_gru(p, x):
    gates = x @ p["gru.weight_ih_l0"].T + p["gru.bias_ih_l0"]

    def step(h, gates):
        h = gru_gates(gates, h, p["gru.weight_hh_l0"], p["gru.bias_hh_l0"])
        return h, h

    _, states = lax.scan(step, jnp.zeros((x.shape[0], 128)), gates.swapaxes(0, 1))
    return linear(p, "fc", states.swapaxes(0, 1))


NETWORKS = {"lenet": lenet, "mlp": mlp, "digits": digits, "char-gru": char_gru}


def compiled(function, inputs, names, form="jit"):
    function = jax.jit(function)
    if len(names) == 1:
        run = lambda: function(*inputs).block_until_ready()
    else:
        run = lambda: jax.block_until_ready(function(*inputs))

    def answer():
        values = run()
        return dict(zip(names, values if isinstance(values, tuple) else (values,)))

    return Contestant("jax", form, run, answer)


def training(op, arrays):
    net = NETWORKS[op["network"]]
    x, labels = jnp.asarray(arrays["x"]), jnp.asarray(arrays["labels"], jnp.int32)
    lr, each = op["lr"], jax.tree.map
    gradient = jax.grad(lambda p: cross_entropy(net(p, x), labels))

    def sgd(state):
        (p,) = state
        return (each(lambda w, g: w - lr * g, p, gradient(p)),)

    def adam(state):
        p, m, v, t = state
        g, t = gradient(p), t + 1
        m = each(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = each(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        a, b = 1 - 0.9**t, 1 - 0.999**t
        p = each(lambda w, m, v: w - lr * (m / a) / (jnp.sqrt(v / b) + 1e-8), p, m, v)
        return p, m, v, t

    step = jax.jit({"sgd": sgd, "adam": adam}[op["optimizer"]], donate_argnums=0)
    p = each(jnp.array, parameters(arrays))
    zeros = lambda: each(jnp.zeros_like, p)
    state = [(p,) if op["optimizer"] == "sgd" else (p, zeros(), zeros(), jnp.float32(0))]

    def run():
        state[0] = jax.block_until_ready(step(state[0]))

    def answer():
        run()
        return each(jnp.array, state[0][0])

    return Contestant("jax", "the whole step compiled, parameters donated", run, answer)


def contestants(op, arrays, onnx):
    kind, t = op["kind"], {name: jnp.asarray(value) for name, value in arrays.items()}
    some = lambda *names: [t[name] for name in names]
    if kind == "matmul":
        return [compiled(lambda a, b: jnp.matmul(a, b, precision=HIGHEST), some("a", "b"), ["c"])]
    if kind == "conv":
        function = partial(conv, padding=op["padding"], groups=op["groups"])
        return [compiled(function, some("x", "weight", "bias"), ["y"])]
    if kind == "conv-gradient":
        function = partial(conv, padding=op["padding"], groups=op["groups"])
        both = lambda x, weight, bias, dy: jax.vjp(function, x, weight, bias)[1](dy)
        return [compiled(both, some("x", "weight", "bias", "dy"), ["dx", "dw", "db"], "jit of vjp")]
    if kind == "max-pool":
        function = partial(max_pool, kernel=op["kernel"], stride=op["stride"], padding=op["padding"])
        return [compiled(function, some("x"), ["y"])]
    if kind == "cross-entropy":
        labels = t["labels"].astype(jnp.int32)
        return [compiled(jax.value_and_grad(cross_entropy), [t["x"], labels], ["loss", "gradient"])]
    if kind == "layer-norm":
        return [compiled(layer_norm, some("x", "weight", "bias"), ["y"])]
    if kind == "layer-norm-gradient":
        both = lambda x, weight, bias, dy: jax.vjp(layer_norm, x, weight, bias)[1](dy)
        return [compiled(both, some("x", "weight", "bias", "dy"), ["dx", "dw", "db"], "jit of vjp")]
    if kind == "gumbel":
        hard, shape = op["hard"], t["x"].shape

        def sample(key, x):
            key, use = jax.random.split(key)
            y = nn.softmax(x + jax.random.gumbel(use, shape))
            return key, nn.one_hot(y.argmax(-1), shape[-1]) if hard else y

        sample, key = jax.jit(sample), [jax.random.key(0)]

        def run():
            key[0], y = jax.block_until_ready(sample(key[0], t["x"]))
            return y

        return [Contestant("jax", "jit", run, lambda: sampled(run))]
    if kind == "cell":
        names = ["x", "h", "c", "weight_ih", "weight_hh", "bias_ih", "bias_hh"]
        if op["cell"] == "gru":
            names.remove("c")
        return [compiled({"lstm": lstm, "gru": gru}[op["cell"]], some(*names), ["h", "c"][: len(names) - 5])]
    if kind == "inference":
        return [compiled(NETWORKS[op["network"]], [parameters(t), t["x"]], ["y"])]
    if kind == "train":
        return [training(op, arrays)]
    raise NotThere
