//! Moving elements, from the formulas: which place of the arguments each place of the result is.

/// All places of a shape, in memory order.
#[must_use]
pub fn places(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |places, &n| {
        places.iter().flat_map(|place| (0..n).map(move |i| [&place[..], &[i]].concat())).collect()
    })
}

/// Where a place lies in memory.
#[must_use]
pub fn position(shape: &[usize], place: &[usize]) -> usize {
    assert_eq!(shape.len(), place.len());
    shape.iter().zip(place).fold(0, |position, (&n, &i)| {
        assert!(i < n, "{place:?} is no place of {shape:?}");
        position * n + i
    })
}

/// `y[place] = x[from(place)]`, or `otherwise` where there is no such place.
#[must_use]
pub fn pick(
    x: &[f64],
    x_shape: &[usize],
    y_shape: &[usize],
    otherwise: f64,
    from: impl Fn(&[usize]) -> Option<Vec<usize>>,
) -> Vec<f64> {
    places(y_shape).iter().map(|place| from(place).map_or(otherwise, |from| x[position(x_shape, &from)])).collect()
}

/// A place with another number in dimension `d`.
#[must_use]
pub fn with(place: &[usize], d: usize, i: usize) -> Vec<usize> {
    let mut place = place.to_vec();
    place[d] = i;
    place
}

/// What stands in a margin.
#[derive(Clone, Copy, Debug)]
pub enum Margin {
    /// A value.
    Constant(f64),
    /// The mirror image.
    Reflect,
    /// The edge.
    Replicate,
    /// The other end.
    Circular,
}

/// Padding by `before` places in each dimension.
#[must_use]
pub fn pad(x: &[f64], x_shape: &[usize], y_shape: &[usize], before: &[isize], margin: Margin) -> Vec<f64> {
    let otherwise = if let Margin::Constant(value) = margin { value } else { f64::NAN };
    pick(x, x_shape, y_shape, otherwise, |place| {
        let mut from = Vec::new();
        for (d, &n) in x_shape.iter().enumerate() {
            let (mut i, n) = (place[d] as isize - before[d], n as isize);
            // One step at a time, as the margin grows.
            while !(0..n).contains(&i) {
                i = match margin {
                    Margin::Constant(_) => return None,
                    Margin::Reflect if i < 0 => -i,
                    Margin::Reflect => n - 1 - (i - (n - 1)),
                    Margin::Replicate if i < 0 => 0,
                    Margin::Replicate => n - 1,
                    // What the other margin cuts off is not gone on with.
                    Margin::Circular if i < 0 => i + n.min(y_shape[d] as isize - before[d]),
                    Margin::Circular => i - n - before[d].min(0),
                };
            }
            from.push(i as usize);
        }
        Some(from)
    })
}

/// The places of the `k` largest or smallest numbers in order, the first of equal ones first.
#[must_use]
pub fn topk(x: &[f64], k: usize, largest: bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    // NaN is above everything; a stable sort keeps the order of equals.
    let key = |i: usize| if x[i].is_nan() { f64::INFINITY } else { x[i] };
    order.sort_by(|&a, &b| {
        let order = key(a).total_cmp(&key(b)).then(x[a].is_nan().cmp(&x[b].is_nan()));
        if largest { order.reverse() } else { order }
    });
    order.truncate(k);
    order
}
