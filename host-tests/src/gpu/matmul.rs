//! One product of matrices on a device: for measuring what the products of layers are made of.

use std::{
    collections::HashMap,
    ops::Range,
    time::{Duration, Instant},
};

use super::{
    Gpu, OffloadError,
    engine::fetch,
    gemm::{Along, Gemm},
    graph::BufferSpec,
    plan::{Plan, Recording},
    shader::{BufferId, Region, Shader, Strides, Word},
};

/// `C = A B`, all three row by row in memory that stays on the device: A is `m` by `k`, B is `k` by `n`.
///
/// ```
/// use tensorlet_host::gpu::{Gpu, Matmul, Options};
/// # let Ok(gpu) = Gpu::with(Options { software: true }) else { return Ok(()) };
/// let product = Matmul::new(&gpu, [2, 2, 3])?;
/// product.write(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0])?;
/// product.run(1)?;
/// assert_eq!(product.read(0..2)?, [4.0, 5.0, 10.0, 11.0]);
/// # Ok::<(), tensorlet_host::gpu::OffloadError>(())
/// ```
#[derive(Debug)]
pub struct Matmul {
    gpu: Gpu,
    plan: Plan,
    sizes: [usize; 3],
}

const A: BufferId = BufferId(0);
const B: BufferId = BufferId(1);
const C: BufferId = BufferId(2);

impl Matmul {
    /// Plans a product of these sizes: `[m, n, k]`.
    ///
    /// # Errors
    /// A size of 0; a matrix that is larger than the device binds.
    pub fn new(gpu: &Gpu, sizes: [usize; 3]) -> Result<Self, OffloadError> {
        let [m, n, k] = sizes;
        if sizes.contains(&0) {
            return Err(OffloadError::Count { what: "rows, columns and terms of a product", given: 0, needed: 1 });
        }
        let matrix = |what: &str, rows: usize, columns: usize| {
            let words = (rows as u64).saturating_mul(columns as u64);
            let (bytes, most) = (words.saturating_mul(4), gpu.largest_binding());
            if bytes > most {
                return Err(OffloadError::TooLarge { what: what.to_owned(), bytes, most });
            }
            Ok(BufferSpec { what: what.to_owned(), words: words as u32, shared: true })
        };
        let buffers = [matrix("the matrix A", m, k)?, matrix("the matrix B", k, n)?, matrix("the matrix C", m, n)?];
        let product = Gemm {
            m: m as u32,
            n: n as u32,
            k: k as u32,
            items: 1,
            a: Along::Inner,
            b: Along::Outer,
            fours: [k.is_multiple_of(4), n.is_multiple_of(4)],
        };
        let region = |buffer| Region { buffer, word: Word::Float, offset: 0, stride: 0 };
        let mut shader = Shader::new("a product of matrices", 1);
        if product.fours[0] {
            shader.reads4("a4", region(A));
            shader.push(format!("fn a4_at(m: u32, k: u32) -> vec4<f32> {{ return a4((m * {k}u + k) / 4u); }}"));
        } else {
            shader.reads("a", region(A));
            shader.push(format!("fn a_at(m: u32, k: u32) -> f32 {{ return a(m * {k}u + k); }}"));
        }
        if product.fours[1] {
            shader.reads4("b4", region(B));
            shader.push(format!("fn b4_at(k: u32, n: u32) -> vec4<f32> {{ return b4((k * {n}u + n) / 4u); }}"));
        } else {
            shader.reads("b", region(B));
            shader.push(format!("fn b_at(k: u32, n: u32) -> f32 {{ return b(k * {n}u + n); }}"));
        }
        shader.writes("set_c", region(C));
        shader.push(format!("fn store(m: u32, n: u32, v: f32) {{ set_c(m * {n}u + n, v); }}"));
        let kernel = product.tiled(shader, product.tile(1), 1);
        let plan = Plan::new(gpu, &buffers, &[kernel], (1, Strides::default()), &HashMap::new())?;
        Ok(Self { gpu: gpu.clone(), plan, sizes })
    }

    /// Puts A and B on the device.
    ///
    /// # Errors
    /// A wrong number of elements; [`OffloadError::Lost`].
    pub fn write(&self, a: &[f32], b: &[f32]) -> Result<(), OffloadError> {
        let [m, n, k] = self.sizes;
        for (what, given, needed) in [("elements of A", a.len(), m * k), ("elements of B", b.len(), k * n)] {
            if given != needed {
                return Err(OffloadError::Count { what, given, needed });
            }
        }
        self.gpu.scoped("the matrices", || {
            self.gpu.queue.write_buffer(&self.plan.buffers[A.0], 0, bytemuck::cast_slice(a));
            self.gpu.queue.write_buffer(&self.plan.buffers[B.0], 0, bytemuck::cast_slice(b));
        })
    }

    /// Computes the product so many times, in one submission, and waits: the time from the submission until the
    /// device has finished, by the host's clock.
    ///
    /// # Errors
    /// [`OffloadError::Lost`].
    pub fn run(&self, times: u32) -> Result<Duration, OffloadError> {
        self.gpu.check()?;
        let commands =
            self.gpu.scoped("a product", || self.plan.recorded(&self.gpu, times, Recording::OnePass).finish())?;
        let start = Instant::now();
        let submission = self.gpu.queue.submit([commands]);
        self.gpu.wait_for(submission)?;
        Ok(start.elapsed())
    }

    /// Brings some rows of C back.
    ///
    /// # Errors
    /// Rows that there are not; [`OffloadError::Lost`].
    pub fn read(&self, rows: Range<usize>) -> Result<Vec<f32>, OffloadError> {
        let [m, n, _] = self.sizes;
        if rows.start > rows.end || rows.end > m {
            return Err(OffloadError::Count { what: "rows of C", given: rows.end, needed: m });
        }
        let words = (rows.len() * n) as u32;
        if words == 0 {
            return Ok(Vec::new());
        }
        fetch(&self.gpu, &self.plan.buffers[C.0], 4 * (rows.start * n) as u64, words)
    }
}
