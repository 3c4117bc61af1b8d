//! Operations that move elements.

use tensorlet::ops::{self, All, Batch, Circular, Constant, Dim, Pad, Reduce, Reflect, Replicate, Slice};

use super::cases::cases;

type X = [[[f32; 5]; 3]; 2];
const MIDDLE: Dim<1> = Dim;

cases! {
    expand(x: [[f32; 1]; 3] => y: X) ops::expand(x, y);
    expand_backward(dy: X => dx: [[f32; 1]; 3]) ops::expand_backward(dy, dx);
    repeat(x: [[f32; 5]; 3] => y: [[[f32; 10]; 3]; 2]) ops::repeat(x, y);
    repeat_backward(dy: [[[f32; 10]; 3]; 2] => dx: [[f32; 5]; 3]) ops::repeat_backward(dy, dx);
    repeat_interleave(x: X => y: [[[f32; 5]; 9]; 2]) ops::repeat_interleave(x, MIDDLE, y);
    repeat_interleave_backward(dy: [[[f32; 5]; 9]; 2] => dx: X) ops::repeat_interleave_backward(dy, MIDDLE, dx);

    gather(x: X, index: [[[u8; 4]; 5]; 2] => y: [[[f32; 4]; 5]; 2]) ops::gather(x, index, MIDDLE, y);
    gather_backward(index: [[[u8; 4]; 5]; 2], dy: [[[f32; 4]; 5]; 2] => dx: X)
        ops::gather_backward(index, dy, MIDDLE, dx);
    scatter(x: [[[f32; 4]; 3]; 2], index: [[[i16; 4]; 3]; 2] => y: X) ops::scatter(x, index, MIDDLE, y);
    scatter_backward(index: [[[i16; 4]; 3]; 2] => dy: X, dx: [[[f32; 4]; 3]; 2])
        ops::scatter_backward(index, MIDDLE, dy, dx);
    scatter_add(x: [[[f32; 4]; 3]; 2], index: [[[u8; 4]; 3]; 2] => y: X) ops::scatter_add(x, index, MIDDLE, y);
    scatter_add_backward(index: [[[u8; 4]; 3]; 2], dy: X => dx: [[[f32; 4]; 3]; 2])
        ops::scatter_add_backward(index, dy, MIDDLE, dx);
    scatter_reduce(x: [[[f32; 4]; 3]; 2], index: [[[u8; 4]; 3]; 2] => y: X, z: X, w: X) {
        let product = ops::scatter_reduce(x, index, MIDDLE, Reduce::Prod, y);
        let greatest = ops::scatter_reduce(x, index, MIDDLE, Reduce::Amax, z);
        let least = ops::scatter_reduce(x, index, MIDDLE, Reduce::Amin, w);
        (product, (greatest, least))
    };

    cat(a: X, b: [[[f32; 5]; 4]; 2] => y: [[[f32; 5]; 7]; 2]) ops::cat((a, b), MIDDLE, y);
    cat_backward(dy: [[[f32; 5]; 7]; 2] => da: X, db: [[[f32; 5]; 4]; 2]) ops::cat_backward(dy, MIDDLE, (da, db));
    split(x: [[[f32; 5]; 7]; 2] => a: X, b: [[[f32; 5]; 4]; 2]) ops::split(x, MIDDLE, (a, b));
    split_backward(da: X, db: [[[f32; 5]; 4]; 2] => dx: [[[f32; 5]; 7]; 2]) ops::split_backward((da, db), MIDDLE, dx);
    stack(a: [[f32; 5]; 2], b: [[f32; 5]; 2] => y: [[[f32; 5]; 2]; 2]) ops::stack([a, b], MIDDLE, y);
    stack_backward(dy: [[[f32; 5]; 2]; 2] => da: [[f32; 5]; 2], db: [[f32; 5]; 2])
        ops::stack_backward(dy, MIDDLE, [da, db]);
    unbind(x: [[[f32; 5]; 2]; 2] => a: [[f32; 5]; 2], b: [[f32; 5]; 2]) ops::unbind(x, MIDDLE, [a, b]);
    unbind_backward(da: [[f32; 5]; 2], db: [[f32; 5]; 2] => dx: [[[f32; 5]; 2]; 2])
        ops::unbind_backward([da, db], MIDDLE, dx);

    narrow(x: X, start: u8 => y: [[[f32; 5]; 2]; 2]) ops::narrow(x, MIDDLE, usize::from(*start), y);
    narrow_backward(dy: [[[f32; 5]; 2]; 2], start: u8 => dx: X) ops::narrow_backward(dy, MIDDLE, usize::from(*start), dx);
    slice(x: X => y: [[[f32; 3]; 2]; 2]) ops::slice(x, (All, Slice::<0, 3, 2>, Slice::<-1, { isize::MIN }, -2>), y);
    slice_backward(dy: [[[f32; 3]; 2]; 2] => dx: X)
        ops::slice_backward(dy, (All, Slice::<0, 3, 2>, Slice::<-1, { isize::MIN }, -2>), dx);
    pad(x: X => a: [[[f32; 8]; 4]; 2], b: [[[f32; 8]; 4]; 2], c: [[[f32; 8]; 4]; 2], d: [[[f32; 8]; 4]; 2]) {
        ops::pad(x, (Pad::<1, 2>, Pad::<0, 1>), Constant(0.5), a);
        ops::pad(x, (Pad::<1, 2>, Pad::<0, 1>), Reflect, b);
        ops::pad(x, (Pad::<1, 2>, Pad::<0, 1>), Replicate, c);
        ops::pad(x, (Pad::<1, 2>, Pad::<0, 1>), Circular, d);
    };
    pad_backward(dy: [[[f32; 8]; 4]; 2] => a: X, b: X, c: X, d: X) {
        ops::pad_backward(dy, (Pad::<1, 2>, Pad::<0, 1>), Constant(0.5), a);
        ops::pad_backward(dy, (Pad::<1, 2>, Pad::<0, 1>), Reflect, b);
        ops::pad_backward(dy, (Pad::<1, 2>, Pad::<0, 1>), Replicate, c);
        ops::pad_backward(dy, (Pad::<1, 2>, Pad::<0, 1>), Circular, d);
    };

    permute(x: X => y: [[[f32; 2]; 5]; 3]) ops::permute(x, (Dim::<1>, Dim::<2>, Dim::<0>), y);
    permute_backward(dy: [[[f32; 2]; 5]; 3] => dx: X) ops::permute_backward(dy, (Dim::<1>, Dim::<2>, Dim::<0>), dx);
    transpose(x: X => y: [[[f32; 3]; 5]; 2]) ops::transpose(x, Dim::<1>, Dim::<-1>, y);
    transpose_backward(dy: [[[f32; 3]; 5]; 2] => dx: X) ops::transpose_backward(dy, Dim::<1>, Dim::<-1>, dx);
    t(x: [[f32; 5]; 3] => y: [[f32; 3]; 5]) ops::t(x, y);
    t_backward(dy: [[f32; 3]; 5] => dx: [[f32; 5]; 3]) ops::t_backward(dy, dx);
    flip(x: X => y: X) ops::flip(x, (Dim::<0>, Dim::<2>), y);
    flip_backward(dy: X => dx: X) ops::flip_backward(dy, (Dim::<0>, Dim::<2>), dx);
    roll(x: X, shift: i8 = -9.0..9.0 => y: X) ops::roll(x, MIDDLE, isize::from(*shift), y);
    roll_backward(dy: X, shift: i8 = -9.0..9.0 => dx: X) ops::roll_backward(dy, MIDDLE, isize::from(*shift), dx);

    pixel_shuffle(x: [[[f32; 2]; 3]; 8] => y: [[[f32; 4]; 6]; 2]) ops::pixel_shuffle(x, y);
    pixel_shuffle_backward(dy: [[[f32; 4]; 6]; 2] => dx: [[[f32; 2]; 3]; 8]) ops::pixel_shuffle_backward(dy, dx);
    pixel_unshuffle(x: [[[f32; 4]; 6]; 2] => y: [[[f32; 2]; 3]; 8]) ops::pixel_unshuffle(x, y);
    pixel_unshuffle_backward(dy: [[[f32; 2]; 3]; 8] => dx: [[[f32; 4]; 6]; 2]) ops::pixel_unshuffle_backward(dy, dx);
    depth_to_space(x: [[[f32; 2]; 3]; 8] => y: [[[f32; 4]; 6]; 2]) ops::depth_to_space(x, y);
    depth_to_space_backward(dy: [[[f32; 4]; 6]; 2] => dx: [[[f32; 2]; 3]; 8]) ops::depth_to_space_backward(dy, dx);
    space_to_depth(x: [[[f32; 4]; 6]; 2] => y: [[[f32; 2]; 3]; 8]) ops::space_to_depth(x, y);
    space_to_depth_backward(dy: [[[f32; 2]; 3]; 8] => dx: [[[f32; 4]; 6]; 2]) ops::space_to_depth_backward(dy, dx);

    index_select(x: X, index: [u8; 4] => y: [[[f32; 5]; 4]; 2]) ops::index_select(x, index, MIDDLE, y);
    index_select_backward(index: [u8; 4], dy: [[[f32; 5]; 4]; 2] => dx: X)
        ops::index_select_backward(index, dy, MIDDLE, dx);
    gather_nd(x: [[f32; 5]; 3], index: [[u8; 2]; 4] => y: [f32; 4]) ops::gather_nd(x, index, Batch::<0>, y);
    gather_nd_backward(index: [[u8; 2]; 4], dy: [f32; 4] => dx: [[f32; 5]; 3])
        ops::gather_nd_backward(index, dy, Batch::<0>, dx);
    one_hot(index: [u8; 7] => y: [[f32; 3]; 7]) ops::one_hot(index, y);
    one_hot_along(index: [u8; 7], off: f32, on: f32 => y: [[f32; 7]; 3])
        ops::one_hot_along(index, Dim::<0>, [*off, *on], y);
    topk(x: X => y: [[[f32; 5]; 2]; 2], index: [[[u8; 5]; 2]; 2]) ops::topk(x, MIDDLE, true, y, index);
    topk_smallest(x: [[i16; 5]; 3] => y: [[i16; 3]; 3], index: [[u16; 3]; 3]) ops::topk(x, Dim::<-1>, false, y, index);
    topk_backward(index: [[[u8; 5]; 2]; 2], dy: [[[f32; 5]; 2]; 2] => dx: X) ops::topk_backward(index, dy, MIDDLE, dx);
    tril(x: X, diagonal: i8 = -3.0..3.0 => y: X) ops::tril(x, isize::from(*diagonal), y);
    tril_backward(dy: X, diagonal: i8 = -3.0..3.0 => dx: X) ops::tril_backward(dy, isize::from(*diagonal), dx);
    triu(x: X, diagonal: i8 = -3.0..3.0 => y: X) ops::triu(x, isize::from(*diagonal), y);
    triu_backward(dy: X, diagonal: i8 = -3.0..3.0 => dx: X) ops::triu_backward(dy, isize::from(*diagonal), dx);
    max_unpool2d(x: [[[f32; 2]; 3]; 2], index: [[[u8; 2]; 3]; 2] = 0.0..30.0 => y: [[[f32; 5]; 6]; 2])
        ops::max_unpool2d(x, index, y);
    max_unpool2d_backward(index: [[[u8; 2]; 3]; 2] = 0.0..30.0, dy: [[[f32; 5]; 6]; 2] => dx: [[[f32; 2]; 3]; 2])
        ops::max_unpool2d_backward(index, dy, dx);
    max_unpool1d(x: [[f32; 3]; 2], index: [[u8; 3]; 2] = 0.0..7.0 => y: [[f32; 7]; 2]) ops::max_unpool1d(x, index, y);
    max_unpool1d_backward(index: [[u8; 3]; 2] = 0.0..7.0, dy: [[f32; 7]; 2] => dx: [[f32; 3]; 2])
        ops::max_unpool1d_backward(index, dy, dx);

    reshape(x: X) *ops::reshape::<X, [[f32; 6]; 5]>(x);
    reshape_mut(=> x: X) ops::reshape_mut::<X, [f32; 30]>(x).reverse();
    flatten(x: X) *ops::flatten::<_, 0, 1, [[f32; 5]; 6]>(x, Dim, Dim);
    squeeze(x: [[[f32; 5]; 1]; 2]) *ops::squeeze::<_, 1, [[f32; 5]; 2]>(x, Dim);
    unsqueeze(x: [f32; 5]) *ops::unsqueeze::<_, 0, [[f32; 5]; 1]>(x, Dim);
    item(x: [[f32; 1]; 1]) (ops::item(x), ops::numel(x));
}
