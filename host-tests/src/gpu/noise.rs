//! Random numbers on the device: the host's stream, drawn from many places at once.
//!
//! The generator is xoshiro128++ (Blackman & Vigna, 2019), whose state moves by a linear map of 128 bits. The n-th
//! number follows from the map's n-th power, which is made of the powers for 1, 2, 4, … numbers: each invocation jumps
//! to its own place, and draws [a few](EACH) numbers in a row from there. The state at the beginning of a step comes
//! from the host, as in [`Pass::generator`](tensorlet::layer::Pass::generator).

use rand_xoshiro::{
    SplitMix64,
    rand_core::{Rng, SeedableRng},
};
use tensorlet::layer::Pass;

use super::{
    graph::{Graph, Node, Noise},
    shader::Word,
    update::{FIRST_NOISE, NOISE_WORDS, numbers},
};

/// What numbers a layer draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Uniform in `[0, 1)`.
    Uniform,
    /// Standard normal.
    Normal,
}

/// Numbers that an invocation draws.
const EACH: u32 = 32;

/// The state of a generator.
type State = [u32; 4];

/// One step of the generator.
const fn advance([s0, s1, s2, s3]: State) -> State {
    let t = s1 << 9;
    let (s2, s3) = (s2 ^ s0, s3 ^ s1);
    [s0 ^ s3, s1 ^ s2, s2 ^ t, s3.rotate_left(11)]
}

/// What becomes of each bit of a state.
type Map = [State; 128];

fn apply(map: &Map, state: State) -> State {
    let mut to = [0; 4];
    for (bit, column) in map.iter().enumerate() {
        if state[bit / 32] >> (bit % 32) & 1 == 1 {
            to.iter_mut().zip(column).for_each(|(to, from)| *to ^= from);
        }
    }
    to
}

/// The maps that jump over 1, 2, 4, … times [`EACH`] numbers, so that every one below `numbers` can be reached.
fn jumps(numbers: u32) -> Vec<u32> {
    let mut map: Map = std::array::from_fn(|bit| {
        let mut state = [0; 4];
        state[bit / 32] = 1 << (bit % 32);
        (0..EACH).fold(state, |state, _| advance(state))
    });
    let mut words = Vec::new();
    for _ in 0..levels(numbers) {
        words.extend(map.iter().flatten());
        map = map.map(|column| apply(&map, column));
    }
    words
}

/// The number of those maps.
const fn levels(numbers: u32) -> u32 {
    u32::BITS - numbers.div_ceil(EACH).saturating_sub(1).leading_zeros()
}

/// The state in which the generator of a layer begins a step.
pub(super) fn state(noise: &Noise, step_seed: u64) -> State {
    let pass = Pass { seed: noise.seed.of(step_seed), ..Pass::NEW };
    let mut filler = SplitMix64::seed_from_u64(pass.generator_seed());
    let (low, high) = (filler.next_u64(), filler.next_u64());
    [low as u32, (low >> 32) as u32, high as u32, (high >> 32) as u32]
}

/// Random numbers of a layer, and the kernel that draws them unless they are given.
pub(super) fn draw(graph: &mut Graph<'_>, node: &Node, words: u32, kind: Kind) -> Noise {
    let noise = graph.noise(node, words);
    if graph.given_noise {
        return noise;
    }
    let jumps = jumps(words);
    let (levels, length) = (levels(words), jumps.len() as u32);
    let table = graph.buffer_of("jumps of the generator", Word::Integer, length.max(1), true);
    graph.uploads.push((table, jumps));
    let mut shader = graph.shader(node, "random numbers");
    shader.reads("jump_at", table);
    shader.writes("set_number", noise.region);
    numbers(graph, &mut shader);
    let first = FIRST_NOISE + noise.number * NOISE_WORDS;
    let value = match kind {
        Kind::Uniform => "f32(word >> 8u) * 5.9604644775390625e-8",
        Kind::Normal => {
            "normal_quantile_(min(f32(word >> 8u) * 5.9604644775390625e-8 + 2.98023223876953125e-8, 0.99999994039535522))"
        }
    };
    let body = format!(
        "var s = vec4<u32>(number({first}u), number({first}u + 1u), number({first}u + 2u), number({first}u + 3u));
for (var level = 0u; level < {levels}u; level++) {{
    if (i >> level & 1u) == 0u {{ continue; }}
    var to = vec4<u32>();
    for (var bit = 0u; bit < 128u; bit++) {{
        if (s[bit / 32u] >> (bit % 32u) & 1u) == 1u {{
            let column = (level * 128u + bit) * 4u;
            to ^= vec4<u32>(jump_at(column), jump_at(column + 1u), jump_at(column + 2u), jump_at(column + 3u));
        }}
    }}
    s = to;
}}
for (var q = i * {EACH}u; q < min({words}u, (i + 1u) * {EACH}u); q++) {{
    let sum = s.x + s.w;
    let word = (sum << 7u | sum >> 25u) + s.x;
    set_number(q, {value});
    let t = s.y << 9u;
    s.z ^= s.x;
    s.w ^= s.y;
    s.y ^= s.z;
    s.x ^= s.w;
    s.z ^= t;
    s.w = s.w << 11u | s.w >> 21u;
}}"
    );
    graph.kernels.push(shader.each(words.div_ceil(EACH), &body));
    noise
}

#[cfg(test)]
mod tests {
    use rand_xoshiro::rand_core::{Rng, SeedableRng};
    use tensorlet::random::Generator;

    use super::{EACH, Map, State, apply, jumps};

    fn output(state: State) -> u32 {
        state[0].wrapping_add(state[3]).rotate_left(7).wrapping_add(state[0])
    }

    #[test]
    fn a_jump_leads_to_the_number_that_is_drawn_there() {
        let state = [1, 2, 3, 4];
        let bytes: Vec<u8> = state.iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
        let mut generator = Generator::from_seed(bytes.try_into().expect("16 bytes"));
        let numbers: Vec<u32> = (0..5 * EACH).map(|_| generator.next_u32()).collect();
        let words = jumps(5 * EACH);
        let maps: Vec<Map> = words
            .chunks(512)
            .map(|map| std::array::from_fn(|bit| std::array::from_fn(|word| map[4 * bit + word])))
            .collect();
        for place in 0..5_usize {
            let begin =
                (0..maps.len()).filter(|level| place >> level & 1 == 1).fold(state, |s, level| apply(&maps[level], s));
            assert_eq!(output(begin), numbers[place * EACH as usize]);
        }
    }
}
