//! What the compiler says about shapes that do not fit: the checks, called while tests run.

use super::{
    expand, gather, join, matmul, narrow, nest, pad, permute, pixel, reduce, select, slice, topk, triangle, view,
};
use crate::ops::{All, Dim, Pad, Slice};

type A = [[f32; 3]; 2];

/// A test for each line: a call, and what its message is.
macro_rules! messages {
    ($($name:ident: $call:expr => $message:literal;)+) => {$(
        #[test]
        #[should_panic(expected = $message)]
        fn $name() {
            let _ = $call;
        }
    )+};
}

messages! {
    no_such_dimension: permute::transposed::<A, A>(0, 2)
        => "shape mismatch: `transpose` has no such dimension of a tensor of shape [2, 3]";
    wrong_result: permute::transposed::<A, A>(0, 1)
        => "shape mismatch: `transpose` of a tensor of shape [2, 3] gives shape [3, 2], not [2, 3]";
    not_all_dimensions: permute::permuted::<A, (Dim<1>,), A>()
        => "shape mismatch: `permute` must name each dimension of a tensor of shape [2, 3]";
    twice_the_same_dimension: permute::permuted::<A, (Dim<1>, Dim<-1>), [[f32; 3]; 3]>()
        => "shape mismatch: `permute` of a tensor of shape [2, 3] names a dimension twice";
    no_expansion: expand::expanded::<A, [[f32; 6]; 2]>()
        => "shape mismatch: `expand` of a tensor of shape [2, 3] cannot give shape [2, 6]";
    no_multiple: expand::repeated::<A, [[f32; 7]; 2]>()
        => "shape mismatch: `repeat` of a tensor of shape [2, 3] cannot give shape [2, 7]";
    nothing_left: slice::sliced::<A, Slice<2>, A>()
        => "shape mismatch: `slice` takes nothing of a tensor of shape [2, 3]";
    wrong_slice: slice::sliced::<A, Slice<1>, A>()
        => "shape mismatch: `slice` of a tensor of shape [2, 3] gives shape [1, 3], not [2, 3]";
    too_wide: narrow::narrowed::<A, [[f32; 4]; 2]>(1)
        => "shape mismatch: `narrow` of a tensor of shape [2, 3] gives shape [2, 3], not [2, 4]";
    parts_too_few: join::joint("cat", 1, &[shape::<A>()], shape::<[[f32; 4]; 2]>())
        => "shape mismatch: the parts of `cat` have 3 places, but the whole of shape [2, 4] has 4";
    part_too_high: join::joint("cat", -1, &[shape::<[[f32; 3]; 3]>()], shape::<A>())
        => "shape mismatch: `cat`: a part of shape [3, 3] does not fit into shape [2, 3] along dimension -1";
    stack_too_small: join::joint_of_new("stack", 0, &[shape::<[f32; 3]>()], shape::<A>())
        => "shape mismatch: `stack` has 1 parts, but the whole of shape [2, 3] has room for 2";
    index_too_large: gather::named::<A, [[u8; 4]; 1]>("gather", 0)
        => "shape mismatch: an index of shape [1, 4] does not fit `gather` of a tensor of shape [2, 3]";
    wrong_selection: select::selected::<A, [u8; 4], A>(0)
        => "shape mismatch: `index_select` of a tensor of shape [2, 3] gives shape [4, 3], not [2, 3]";
    too_deep: select::Nested::of::<A, [[u8; 3]; 1], A>(0)
        => "shape mismatch: an index of shape [1, 3] does not fit `gather_nd` of a tensor of shape [2, 3]";
    more_than_all: topk::lanes::<A, [[f32; 4]; 2], [[u8; 4]; 2]>(1)
        => "shape mismatch: `topk` of a tensor of shape [2, 3] gives shape [2, 3], not [2, 4]";
    index_type_too_small: topk::lanes::<[f32; 129], [f32; 1], [i8; 1]>(0)
        => "`topk` has indices of type I8, too small for 129 places";
    reflected_too_far: pad::margins(shape::<A>(), &[[3, 0]], pad::Source::Reflected, shape::<A>())
        => "shape mismatch: a margin of `pad` is too large for a tensor of shape [2, 3]";
    wrong_margin: pad::margins(shape::<A>(), <Pad<1, 1> as pad::Pads>::MARGINS, pad::Source::Edge, shape::<A>())
        => "shape mismatch: `pad` of a tensor of shape [2, 3] gives shape [2, 5], not [2, 3]";
    no_matrix: triangle::matrices("tril", shape::<[f32; 3]>())
        => "shape mismatch: `tril` takes matrices, not a tensor of shape [3]";
    no_square: pixel::to_space("pixel_shuffle", shape::<[A; 4]>(), shape::<[[[f32; 6]; 2]; 1]>(), pixel::Order::ChannelFirst)
        => "shape mismatch: `pixel_shuffle` between shapes [4, 2, 3] and [1, 2, 6]";
    other_elements: view::same_elements("reshape", shape::<A>(), shape::<[f32; 5]>())
        => "shape mismatch: `reshape` of a tensor of shape [2, 3] cannot give shape [5], which has another number of elements";
}

messages! {
    no_broadcast: nest::binary::<A, [f32; 2], A>("add")
        => "shape mismatch: `add` cannot broadcast tensors of shapes [2, 3] and [2]";
    wrong_broadcast: nest::binary::<A, [f32; 3], [f32; 3]>("add")
        => "shape mismatch: `add` broadcasts its arguments to shape [2, 3], not [3]";
    wrong_gradient: nest::gradient::<A, [f32; 3]>("mul_backward")
        => "shape mismatch: the gradient in `mul_backward` of an argument of shape [2, 3] cannot have shape [3]";
    never_broadcast: nest::spread::<[f32; 3], A>("add_backward")
        => "shape mismatch: `add_backward` broadcasts its arguments to shape [2, 3], not [3]";
    wrong_sum: reduce::reduction::<A, [f32; 2], Dim<0>>("sum")
        => "shape mismatch: `sum` of a tensor of shape [2, 3] gives shape [3] or [1, 3], not [2]";
    wrong_total: reduce::reduction::<A, [f32; 1], All>("mean")
        => "shape mismatch: `mean` of a tensor of shape [2, 3] gives shape [] or [1, 1], not [1]";
    dimension_twice: reduce::reduction::<A, f32, (Dim<0>, Dim<-2>)>("sum")
        => "shape mismatch: `sum` names dimension 0 of a tensor of shape [2, 3] twice";
    no_dimension: reduce::reduction::<A, f32, Dim<2>>("sum")
        => "shape mismatch: `sum` has no such dimension of a tensor of shape [2, 3]";
    places_of_another_shape: reduce::choice::<A, [f32; 3], [u8; 2], Dim<0>>("max")
        => "shape mismatch: the indices of `max` have shape [2], the results [3]";
    places_without_names: reduce::choice::<[f32; 129], f32, i8, All>("argmax")
        => "`argmax` chooses among 129 places, more than an index of type I8 can name";
    factors_that_do_not_fit: matmul::product::<A, A, A>("matmul", matmul::Form::Plain)
        => "shape mismatch: `matmul` cannot multiply tensors of shapes [2, 3] and [2, 3]";
    wrong_product: matmul::product::<A, A, A>("matmul_nt", matmul::Form::Second)
        => "shape mismatch: `matmul_nt` of tensors of shapes [2, 3] and [2, 3] gives shape [2, 2], not [2, 3]";
}

const fn shape<X: crate::Tensor>() -> crate::Shape {
    X::SHAPE
}
