// Functions of numbers. WGSL's own have error bounds that differ from device to device, up to 2⁻¹¹ relative for
// exp of large arguments and none for tanh of large ones; these are a few units in the last place everywhere.

// 2^n for whole n in -126 to 127.
fn power_of_two_(n: i32) -> f32 { return bitcast<f32>(u32(n + 127) << 23u); }

// e^x: reduced by multiples of ln 2, polynomial of Cephes' expf (Moshier).
fn exp_(x: f32) -> f32 {
    let c = clamp(x, -104.0, 89.0);
    let n = floor(c * 1.44269504 + 0.5);
    let r = (c - n * 0.693359375) + n * 2.12194440e-4;
    let p = ((((1.9875691500e-4 * r + 1.3981999507e-3) * r + 8.3334519073e-3) * r + 4.1665795894e-2) * r
        + 1.6666665459e-1) * r + 5.0000001201e-1;
    let y = p * r * r + r + 1.0;
    // In two steps, so that neither factor leaves the normal numbers.
    let half = i32(n) / 2;
    let z = y * power_of_two_(half) * power_of_two_(i32(n) - half);
    return select(z, x, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
}

// e^x - 1 without cancellation.
fn expm1_(x: f32) -> f32 {
    if abs(x) < 0.35 {
        let p = (((((1.9875691500e-4 * x + 1.3981999507e-3) * x + 8.3334519073e-3) * x + 4.1665795894e-2) * x
            + 1.6666665459e-1) * x + 5.0000001201e-1);
        return p * x * x + x;
    }
    return exp_(x) - 1.0;
}

// ln x: Cephes' logf. Negative numbers give NaN, 0 gives -infinity.
fn ln_(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    if bits == 0u || bits == 0x80000000u { return bitcast<f32>(0xff800000u | (bits & 0u)); }
    if bits > 0x7f800000u { return bitcast<f32>(0x7fc00000u | (bits & 0u)); }
    if bits == 0x7f800000u { return x; }
    var m = x;
    var e = 0;
    if bits < 0x00800000u {
        m = x * 8388608.0;
        e = -23;
    }
    let b = bitcast<u32>(m);
    e += i32(b >> 23u) - 126;
    m = bitcast<f32>((b & 0x007fffffu) | 0x3f000000u);
    if m < 0.70710678 {
        m = m + m - 1.0;
        e -= 1;
    } else {
        m = m - 1.0;
    }
    let z = m * m;
    var y = ((((((((7.0376836292e-2 * m - 1.1514610310e-1) * m + 1.1676998740e-1) * m - 1.2420140846e-1) * m
        + 1.4249322787e-1) * m - 1.6668057665e-1) * m + 2.0000714765e-1) * m - 2.4999993993e-1) * m
        + 3.3333331174e-1) * m * z;
    y += -2.12194440e-4 * f32(e) - 0.5 * z;
    return m + y + 0.693359375 * f32(e);
}

// ln(1 + x) without cancellation.
fn log1p_(x: f32) -> f32 {
    let u = 1.0 + x;
    if u == 1.0 { return x; }
    if x > 1e30 { return ln_(x); }
    return ln_(u) * (x / (u - 1.0));
}

fn sigmoid_(x: f32) -> f32 {
    let e = exp_(-abs(x));
    return select(e / (1.0 + e), 1.0 / (1.0 + e), x >= 0.0);
}

fn tanh_(x: f32) -> f32 {
    let e = expm1_(-2.0 * abs(x));
    let y = -e / (2.0 + e);
    return select(y, -y, x < 0.0);
}

fn softplus_(x: f32) -> f32 { return max(x, 0.0) + log1p_(exp_(-abs(x))); }

// The error function: Abramowitz and Stegun's series for small arguments, and a continued fraction's fit
// (W. J. Cody, 1969, rational approximations) beyond.
fn erf_(x: f32) -> f32 {
    let a = abs(x);
    if a < 0.5 {
        let z = x * x;
        let p = ((-3.5609843701815385e-2 * z + 6.9963834886191355) * z + 2.1979261618294152e1) * z + 2.4266795523053175e2;
        let q = ((z + 1.5082797630407787e1) * z + 9.1164905404514901e1) * z + 2.1505887586986120e2;
        return x * p / q;
    }
    var r = 0.0;
    if a < 4.0 {
        let p = ((((((-1.368648573827167067e-7 * a + 5.641955174789739711e-1) * a + 7.211758250883093659) * a
            + 4.316222722205673530e1) * a + 1.529892850469404039e2) * a + 3.393208167343436870e2) * a
            + 4.519189537118729422e2) * a + 3.004592610201616005e2;
        let q = ((((((a + 1.278272731962942351e1) * a + 7.700015293522947295e1) * a + 2.775854447439876434e2) * a
            + 6.389802644656311665e2) * a + 9.313540948506096211e2) * a + 7.909509253278980272e2) * a
            + 3.004592609569832933e2;
        r = exp_(-a * a) * p / q;
    }
    return select(1.0 - r, r - 1.0, x < 0.0);
}

// Whether a number is infinite or NaN, by its bits: compilers may take comparisons for granted.
fn not_finite_(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u; }

// The larger of two; NaN stays NaN.
fn at_least_(x: f32, least: f32) -> f32 { return select(x, least, x < least); }

// The number below which a standard normal variable lies with probability p: Wichura's PPND7 (AS 241, 1988), as on
// the host.
fn normal_quantile_(p: f32) -> f32 {
    let q = p - 0.5;
    if abs(q) <= 0.425 {
        let r = 0.180625 - q * q;
        return q * (((59.109374 * r + 159.29113) * r + 50.434273) * r + 3.3871327)
            / (((67.18756 * r + 78.757757) * r + 17.895169) * r + 1.0);
    }
    var r = sqrt(-ln_(select(1.0 - p, p, q < 0.0)));
    var x = 0.0;
    if r <= 5.0 {
        r -= 1.6;
        x = (((0.17023821 * r + 1.3067284) * r + 2.7568154) * r + 1.4234372) / ((0.12021132 * r + 0.73700164) * r + 1.0);
    } else {
        r -= 5.0;
        x = (((0.017337203 * r + 0.42868295) * r + 3.0812264) * r + 6.657905)
            / ((0.012258202 * r + 0.24197895) * r + 1.0);
    }
    return select(x, -x, q < 0.0);
}
