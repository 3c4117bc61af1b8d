//! Steps of optimisers on one weight: the formulas of `torch.optim`.

/// The numbers of stochastic gradient descent.
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    /// The learning rate.
    pub lr: f64,
    /// The factor of the momentum buffer.
    pub momentum: f64,
    /// The weight decay.
    pub weight_decay: f64,
}

impl Sgd {
    /// `w ← w - lr (g + weight_decay w)`.
    #[must_use]
    pub fn plain(&self, w: f64, g: f64) -> f64 {
        w - self.lr * (g + self.weight_decay * w)
    }

    /// `b ← momentum b + g + weight_decay w`, `w ← w - lr b`; returns `[w, b]`.
    #[must_use]
    pub fn momentum(&self, w: f64, g: f64, buffer: f64) -> [f64; 2] {
        let buffer = self.momentum * buffer + g + self.weight_decay * w;
        [w - self.lr * buffer, buffer]
    }
}

/// The numbers of Adam.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// The learning rate.
    pub lr: f64,
    /// The factors of the running means of the gradient and of its square.
    pub betas: [f64; 2],
    /// Added to the denominator.
    pub eps: f64,
    /// The weight decay.
    pub weight_decay: f64,
}

impl Adam {
    /// Step `t`, counted from 1; returns `[w, m, v]`.
    #[must_use]
    pub fn step(&self, t: i32, w: f64, g: f64, [m, v]: [f64; 2]) -> [f64; 3] {
        let [beta1, beta2] = self.betas;
        let g = g + self.weight_decay * w;
        let m = beta1 * m + (1.0 - beta1) * g;
        let v = beta2 * v + (1.0 - beta2) * g * g;
        let m_hat = m / (1.0 - beta1.powi(t));
        let v_hat = v / (1.0 - beta2.powi(t));
        [w - self.lr * m_hat / (v_hat.sqrt() + self.eps), m, v]
    }
}
