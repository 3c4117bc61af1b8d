//! Whether shapes fit each other. What does not fit would not compile, and keep all other cases from running.

use crate::entry::Entry;

/// Nothing, or what does not fit.
pub(crate) type Fit = Result<(), String>;

/// Says that these shapes do not fit, unless they do.
fn unless(fits: bool, what: &str, shapes: &[&[usize]]) -> Fit {
    if fits { Ok(()) } else { Err(format!("{what} of the shapes {shapes:?}")) }
}

/// The position of a dimension, negative ones counted from the end.
pub(crate) fn place(dim: i64, rank: usize) -> Result<usize, String> {
    let from = if dim < 0 { dim.saturating_add(rank as i64) } else { dim };
    let place = usize::try_from(from).ok().filter(|place| *place < rank);
    place.ok_or_else(|| format!("there is no dimension {dim} of {rank}"))
}

/// Whether a dimension is among some; all are if there are none.
pub(crate) fn holds(dims: &[i64], i: usize, rank: usize) -> bool {
    dims.is_empty() || dims.iter().any(|&dim| place(dim, rank) == Ok(i))
}

/// Tensors of equal shapes.
pub(crate) fn same(entry: &Entry, a: &str, b: &str) -> Fit {
    equal(entry.shape(a)?, entry.shape(b)?)
}

/// Equal shapes.
pub(crate) fn equal(a: &[usize], b: &[usize]) -> Fit {
    unless(a == b, "tensors", &[a, b])
}

/// One element for all.
pub(crate) fn same_element(types: &[&str]) -> Fit {
    let element = |ty: &str| ty.trim_start_matches('[').split(';').next().map(str::to_owned);
    let mut elements = types.iter().map(|ty| element(ty));
    let first = elements.next();
    if elements.all(|other| Some(other) == first) { Ok(()) } else { Err("tensors of different elements".to_owned()) }
}

/// Shapes that are broadcast to each other, and the result.
pub(crate) fn broadcast(shapes: &[&[usize]], to: &[usize]) -> Fit {
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let dim = |from_end: usize| {
        let dims = shapes.iter().filter_map(|shape| shape.get(shape.len().checked_sub(from_end)?));
        dims.copied().filter(|&dim| dim != 1).max().unwrap_or(1)
    };
    let whole: Vec<usize> = (1..=rank).rev().map(dim).collect();
    let fits = |shape: &[usize]| shape.iter().rev().zip(whole.iter().rev()).all(|(&a, &b)| a == b || a == 1);
    unless(whole == to && shapes.iter().all(|shape| fits(shape)), "broadcasting", &[shapes, &[to]].concat())
}

/// A shape that is expanded to another.
pub(crate) fn expanded(from: &[usize], to: &[usize]) -> Fit {
    broadcast(&[from, to], to)
}

/// A shape that is repeated to another.
pub(crate) fn repeated(from: &[usize], to: &[usize]) -> Fit {
    let times = from.iter().rev().zip(to.iter().rev()).all(|(&from, &to)| from > 0 && to.is_multiple_of(from));
    unless(from.len() <= to.len() && times, "repetition", &[from, to])
}

/// Dimensions (none for all) that are reduced to 1 or away.
pub(crate) fn reduced(from: &[usize], dims: &[i64], to: &[usize]) -> Fit {
    let mut places = dims.iter().map(|&dim| place(dim, from.len())).collect::<Result<Vec<_>, _>>()?;
    places.sort_unstable();
    let once = places.windows(2).all(|pair| pair[0] != pair[1]);
    let gone = |i: usize| holds(dims, i, from.len());
    let kept: Vec<usize> = from.iter().enumerate().map(|(i, &n)| if gone(i) { 1 } else { n }).collect();
    let left: Vec<usize> = from.iter().enumerate().filter(|(i, _)| !gone(*i)).map(|(_, &dim)| dim).collect();
    unless(once && (to == kept || to == left), "a reduction", &[from, to])
}

/// A permutation.
pub(crate) fn permuted(from: &[usize], perm: &[i64], to: &[usize]) -> Fit {
    let places = perm.iter().map(|&dim| place(dim, from.len())).collect::<Result<Vec<_>, _>>()?;
    let all = (0..from.len()).all(|i| places.contains(&i)) && places.len() == from.len();
    let turned: Vec<usize> = places.iter().map(|&place| from[place]).collect();
    unless(all && turned == to, "a permutation", &[from, to])
}

/// The same shape but for dimension `dim`, which is none to `change` where anything goes.
pub(crate) fn but_for(from: &[usize], dim: i64, change: impl Fn(usize, usize) -> bool, to: &[usize]) -> Fit {
    let place = place(dim, from.len())?;
    let mut others = from.iter().zip(to).enumerate().filter(|(i, _)| *i != place);
    let fits = from.len() == to.len() && others.all(|(_, (a, b))| a == b) && change(from[place], to[place]);
    unless(fits, "another size of one dimension", &[from, to])
}

/// Parts that stand behind each other in a whole.
pub(crate) fn joined(parts: &[&[usize]], dim: i64, whole: &[usize]) -> Fit {
    let place = place(dim, whole.len())?;
    for part in parts {
        but_for(part, dim, |_, _| true, whole)?;
    }
    unless(parts.iter().map(|part| part[place]).sum::<usize>() == whole[place], "parts", &[whole])
}

/// Parts in a new dimension of a whole.
pub(crate) fn stacked(parts: &[&[usize]], dim: i64, whole: &[usize]) -> Fit {
    let place = place(dim, whole.len())?;
    let mut rest = whole.to_vec();
    let n = rest.remove(place);
    unless(parts.len() == n && n > 0 && parts.iter().all(|part| *part == rest), "parts", &[whole])
}

/// The slices of `x` that an index names, in its place.
pub(crate) fn selected(x: &[usize], index: &[usize], dim: i64, y: &[usize]) -> Fit {
    let place = place(dim, x.len())?;
    unless(y == [&x[..place], index, &x[place + 1..]].concat(), "a selection", &[x, index, y])
}

/// Elements of `x` that an index names along a dimension.
pub(crate) fn gathered(x: &[usize], index: &[usize], dim: i64, y: &[usize]) -> Fit {
    let place = place(dim, x.len())?;
    let within = index.iter().zip(x).enumerate().all(|(i, (index, x))| i == place || index <= x);
    unless(x.len() == index.len() && within && index == y, "an index", &[x, index, y])
}

/// A product of matrices or vectors, the last two dimensions of those `swapped` exchanged.
pub(crate) fn multiplied(a: &[usize], b: &[usize], swapped: [bool; 2], y: &[usize]) -> Fit {
    let factor = |shape: &[usize], swapped: bool, vector: fn(usize) -> [usize; 2]| match *shape {
        [len] if !swapped => Some((Vec::new(), vector(len))),
        [ref batch @ .., rows, columns] => {
            Some((batch.to_vec(), if swapped { [columns, rows] } else { [rows, columns] }))
        }
        _ => None,
    };
    let factors = factor(a, swapped[0], |len| [1, len]).zip(factor(b, swapped[1], |len| [len, 1]));
    let product = factors.filter(|((_, [_, inner]), (_, [other, _]))| inner == other);
    let Some(((batch_a, [rows, _]), (batch_b, [_, columns]))) = product else {
        return unless(false, "a product", &[a, b]);
    };
    // What a vector has not, its product has not.
    let matrix = [(a, rows), (b, columns)].into_iter().filter(|(shape, _)| shape.len() > 1);
    let matrix: Vec<usize> = matrix.map(|(_, size)| size).collect();
    let batch = y.strip_suffix(&matrix[..]);
    unless(batch.is_some(), "a product", &[a, b, y])?;
    broadcast(&[&batch_a, &batch_b], batch.unwrap_or_default())
}
