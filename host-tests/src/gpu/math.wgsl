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
    return ln_near_1_(m, f32(e));
}

// ln(1 + m) + e ln 2 for m from √½ - 1 to √2 - 1.
fn ln_near_1_(m: f32, e: f32) -> f32 {
    let z = m * m;
    var y = ((((((((7.0376836292e-2 * m - 1.1514610310e-1) * m + 1.1676998740e-1) * m - 1.2420140846e-1) * m
        + 1.4249322787e-1) * m - 1.6668057665e-1) * m + 2.0000714765e-1) * m - 2.4999993993e-1) * m
        + 3.3333331174e-1) * m * z;
    y += -2.12194440e-4 * e - 0.5 * z;
    return m + y + 0.693359375 * e;
}

// ln(1 + x) without cancellation. Nothing here may be a sum whose rounding is found again by a difference:
// compilers for GPUs take that for 0.
fn log1p_(x: f32) -> f32 {
    if x > -0.29289322 && x < 0.41421356 { return ln_near_1_(x, 0.0); }
    return ln_(1.0 + x);
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

// The probability with which a standard normal variable is below x, ½ erfc(-x/√2): the host's
// polynomial for negative x, 1 less it for others.
fn normal_distribution_(x: f32) -> f32 {
    let a = abs(x);
    let t = 1.0 / (1.0 + 0.35 * a);
    let p = (((((((-0.029157871 * t + 0.14403086) * t - 0.25583887) * t + 0.15931955) * t - 0.02321225) * t
        + 0.10555246) * t + 0.119821295) * t + 0.13986352) * t + 0.1396213;
    let tail = t * p * exp_(-0.5 * x * x);
    return select(tail, 1.0 - tail, x > 0.0);
}

// The error function: fdlibm's rational function for small arguments, by the normal distribution beyond.
fn erf_(x: f32) -> f32 {
    if abs(x) < 0.84375 {
        let z = x * x;
        let p = (((-2.3763017452e-5 * z - 5.7702702470e-3) * z - 2.8481749818e-2) * z - 3.2504209876e-1) * z
            + 1.2837916613e-1;
        let q = ((((-3.9602282413e-6 * z + 1.3249473704e-4) * z + 5.0813062117e-3) * z + 6.5022252500e-2) * z
            + 3.9791721106e-1) * z + 1.0;
        return x + x * (p / q);
    }
    let y = 1.0 - 2.0 * normal_distribution_(abs(x) * -1.41421356);
    return select(y, -y, x < 0.0);
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
