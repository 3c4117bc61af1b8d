//! Products of matrices and vectors.

use tensorlet::{Portable, ops};

use super::cases::cases;

cases! {
    matmul(a: [[[f32; 4]; 3]; 2], b: [[[f32; 5]; 4]; 1] => y: [[[f32; 5]; 3]; 2]) ops::matmul(Portable, a, b, y);
    matmul_backward(a: [[[f32; 4]; 3]; 2], b: [[f32; 5]; 4], dy: [[[f32; 5]; 3]; 2] => da: [[[f32; 4]; 3]; 2], db: [[f32; 5]; 4])
        ops::matmul_backward(Portable, a, b, dy, da, db);
    matmul_nt(a: [[[f32; 4]; 3]; 2], b: [[[f32; 4]; 5]; 2] => y: [[[f32; 5]; 3]; 2]) ops::matmul_nt(Portable, a, b, y);
    matmul_nt_backward(a: [[f32; 4]; 3], b: [[f32; 4]; 5], dy: [[f32; 5]; 3] => da: [[f32; 4]; 3], db: [[f32; 4]; 5])
        ops::matmul_nt_backward(Portable, a, b, dy, da, db);
    matmul_tn(a: [[[f32; 3]; 4]; 2], b: [[[f32; 5]; 4]; 2] => y: [[[f32; 5]; 3]; 2]) ops::matmul_tn(Portable, a, b, y);
    matmul_tn_backward(a: [[f32; 3]; 4], b: [[f32; 5]; 4], dy: [[f32; 5]; 3] => da: [[f32; 3]; 4], db: [[f32; 5]; 4])
        ops::matmul_tn_backward(Portable, a, b, dy, da, db);
    matmul_tt(a: [[f32; 3]; 4], b: [[f32; 4]; 5] => y: [[f32; 5]; 3]) ops::matmul_tt(Portable, a, b, y);
    matmul_tt_backward(a: [[f32; 3]; 4], b: [[f32; 4]; 5], dy: [[f32; 5]; 3] => da: [[f32; 3]; 4], db: [[f32; 4]; 5])
        ops::matmul_tt_backward(Portable, a, b, dy, da, db);
    matmul_of_vectors(a: [f32; 4], b: [f32; 4] => y: f32) ops::matmul(Portable, a, b, y);
    matmul_with_vector(a: [[[f32; 4]; 3]; 2], b: [f32; 4] => y: [[f32; 3]; 2]) ops::matmul(Portable, a, b, y);
    mm(a: [[f32; 4]; 3], b: [[f32; 5]; 4] => y: [[f32; 5]; 3]) ops::mm(Portable, a, b, y);
    bmm(a: [[[f32; 4]; 3]; 2], b: [[[f32; 5]; 4]; 2] => y: [[[f32; 5]; 3]; 2]) ops::bmm(Portable, a, b, y);
    mv(a: [[f32; 4]; 3], x: [f32; 4] => y: [f32; 3]) ops::mv(Portable, a, x, y);
    mv_backward(a: [[f32; 4]; 3], x: [f32; 4], dy: [f32; 3] => da: [[f32; 4]; 3], dx: [f32; 4])
        ops::mv_backward(Portable, a, x, dy, da, dx);
    dot(a: [f32; 7], b: [f32; 7] => y: f32) ops::dot(Portable, a, b, y);
    outer(a: [f32; 3], b: [f32; 5] => y: [[f32; 5]; 3]) ops::outer(Portable, a, b, y);
    outer_backward(a: [f32; 3], b: [f32; 5], dy: [[f32; 5]; 3] => da: [f32; 3], db: [f32; 5])
        ops::outer_backward(Portable, a, b, dy, da, db);
    addmm(c: [f32; 5], a: [[f32; 4]; 3], b: [[f32; 5]; 4], beta: f32, alpha: f32 => y: [[f32; 5]; 3])
        ops::addmm(Portable, c, a, b, *beta, *alpha, y);
    addmm_backward(a: [[f32; 4]; 3], b: [[f32; 5]; 4], dy: [[f32; 5]; 3], beta: f32, alpha: f32
        => dc: [f32; 5], da: [[f32; 4]; 3], db: [[f32; 5]; 4])
        ops::addmm_backward(Portable, a, b, dy, *beta, *alpha, dc, da, db);
}
