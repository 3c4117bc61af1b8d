//! Attention of one head, on flat slices: what the operations and the layers share.

use crate::{
    kernel::{Kernels, samples, samples_mut},
    math,
};

/// Sizes of a head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    /// Queries.
    pub(crate) queries: usize,
    /// Keys, and values.
    pub(crate) keys: usize,
    /// Numbers of a query and of a key.
    pub(crate) width: usize,
    /// Numbers of a value.
    pub(crate) values: usize,
}

impl Head {
    /// `1 / √width`.
    pub(crate) fn scale(&self) -> f32 {
        1.0 / math::sqrt(self.width as f32)
    }

    /// `scores ← scale · query keyᵀ`.
    pub(crate) fn scores<K: Kernels>(&self, k: K, scale: f32, query: &[f32], key: &[f32], scores: &mut [f32]) {
        scores.fill(0.0);
        k.matmul_nt_flat([self.keys, self.width], query, key, scores);
        k.scale(scores, scale);
    }

    /// Leaves to each query the keys `from(i)..to(i)`: all others get `-∞`.
    pub(crate) fn only(&self, scores: &mut [f32], from: impl Fn(usize) -> usize, to: impl Fn(usize) -> usize) {
        for (i, row) in samples_mut(scores, self.keys).enumerate() {
            let (from, to) = (from(i), to(i));
            for (j, score) in row.iter_mut().enumerate() {
                if j < from || j >= to {
                    *score = f32::NEG_INFINITY;
                }
            }
        }
    }

    /// `y ← weights value`.
    pub(crate) fn attend<K: Kernels>(&self, k: K, weights: &[f32], value: &[f32], y: &mut [f32]) {
        y.fill(0.0);
        k.matmul_flat([self.keys, self.values], weights, value, y);
    }

    /// `dweights += dy valueᵀ`.
    pub(crate) fn weights_gradient<K: Kernels>(&self, k: K, dy: &[f32], value: &[f32], dweights: &mut [f32]) {
        k.matmul_nt_flat([self.keys, self.values], dy, value, dweights);
    }

    /// `dvalue += weightsᵀ dy`.
    pub(crate) fn value_gradient<K: Kernels>(&self, k: K, weights: &[f32], dy: &[f32], dvalue: &mut [f32]) {
        k.matmul_tn_flat([self.keys, self.values], weights, dy, dvalue);
    }

    /// `dquery += dscores key`.
    pub(crate) fn query_gradient<K: Kernels>(&self, k: K, dscores: &[f32], key: &[f32], dquery: &mut [f32]) {
        k.matmul_flat([self.keys, self.width], dscores, key, dquery);
    }

    /// `dkey += dscoresᵀ query`.
    pub(crate) fn key_gradient<K: Kernels>(&self, k: K, dscores: &[f32], query: &[f32], dkey: &mut [f32]) {
        k.matmul_tn_flat([self.keys, self.width], dscores, query, dkey);
    }

    /// The gradient of the scores from that of the weights, in its place.
    pub(crate) fn softmax_gradient<K: Kernels>(&self, k: K, weights: &[f32], gradient: &mut [f32]) {
        for (w, d) in samples(weights, self.keys).zip(samples_mut(gradient, self.keys)) {
            let sum = k.dot(w, d);
            for (w, d) in w.iter().zip(d) {
                *d = w * (*d - sum);
            }
        }
    }
}

/// Softmax of each row of so many numbers; a row without any number above `-∞` becomes zeros.
pub(crate) fn softmax_or_zero<K: Kernels>(k: K, keys: usize, scores: &mut [f32]) {
    for row in samples_mut(scores, keys) {
        if row.iter().all(|&score| score == f32::NEG_INFINITY) {
            row.fill(0.0);
        } else {
            k.softmax(row);
        }
    }
}
