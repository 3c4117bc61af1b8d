//! Tables of vectors, and positions.

/// The row of each token.
#[must_use]
pub fn look_up(table: &[f64], len: usize, tokens: &[f64]) -> Vec<f64> {
    tokens.iter().flat_map(|&token| table[token as usize * len..][..len].to_vec()).collect()
}

/// Sum (0), mean (1) or maximum (2) of the rows of the tokens of a bag that are not `padding`.
#[must_use]
pub fn bag(table: &[f64], len: usize, tokens: &[f64], mode: f64, padding: f64) -> Vec<f64> {
    let rows: Vec<Vec<f64>> =
        tokens.iter().filter(|&&token| token != padding).map(|&token| look_up(table, len, &[token])).collect();
    let place = |i: usize| {
        let values = rows.iter().map(|row| row[i]);
        match (rows.is_empty(), mode as usize) {
            (true, _) => 0.0,
            (_, 0) => values.sum(),
            (_, 1) => values.sum::<f64>() / rows.len() as f64,
            (_, 2) => values.fold(f64::NEG_INFINITY, f64::max),
            (_, other) => panic!("there is no mode {other}"),
        }
    };
    (0..len).map(place).collect()
}

/// The angle of pair `i` of `pairs` at a position.
fn angle(base: f64, position: usize, i: usize, features: usize) -> f64 {
    position as f64 / base.powf(2.0 * i as f64 / features as f64)
}

/// The sinusoidal encoding of a sequence of rows of `features`, added.
#[must_use]
pub fn sinusoids(x: &[f64], features: usize, base: f64) -> Vec<f64> {
    let encoding = |i: usize| {
        let (position, feature) = (i / features, i % features);
        let angle = angle(base, position, feature / 2, features);
        if feature % 2 == 0 { angle.sin() } else { angle.cos() }
    };
    x.iter().enumerate().map(|(i, x)| x + encoding(i)).collect()
}

/// Every pair of the last dimension turned by its angle; positions are the dimension `axis`.
#[must_use]
pub fn rotated(x: &[f64], dims: &[usize], axis: usize, base: f64, interleaved: bool) -> Vec<f64> {
    let features = dims[dims.len() - 1];
    let behind: usize = dims[axis + 1..].iter().product();
    let mut y = x.to_vec();
    for row in 0..x.len() / features {
        let position = row * features / behind % dims[axis];
        for i in 0..features / 2 {
            let (a, b) = if interleaved { (2 * i, 2 * i + 1) } else { (i, i + features / 2) };
            let (sin, cos) = angle(base, position, i, features).sin_cos();
            let (first, second) = (x[row * features + a], x[row * features + b]);
            y[row * features + a] = first * cos - second * sin;
            y[row * features + b] = second * cos + first * sin;
        }
    }
    y
}
