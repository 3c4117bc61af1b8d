//! Where each activation lies in the arena.
//!
//! An activation lives from the step that makes it to the last one that reads it. Each is placed at the lowest place
//! where it meets no other one that lives at the same time; in which order is tried in several ways, and the smallest
//! arena is taken. A view lies where its input lies, a sum where its first input lies unless that is read again. The
//! scratch of a layer lies behind all that lives while it runs.

use crate::{
    graph::Graph,
    operator::{Float, Kind},
};

/// The places of a network's activations, in words of the arena.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The place of each activation.
    pub(crate) places: Vec<usize>,
    /// Where the scratch of each step begins.
    pub(crate) scratch: Vec<usize>,
    /// Whether a step writes where its first input lies.
    pub(crate) in_place: Vec<bool>,
    /// Words of all activations.
    pub(crate) words: usize,
}

/// What lies at one place: an activation and its views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    words: usize,
    /// The first and the last step at which it lives; the input lives before all.
    lives: [usize; 2],
    place: usize,
}

impl Block {
    fn meets(&self, other: &Self) -> bool {
        self.lives[0] <= other.lives[1] && other.lives[0] <= self.lives[1]
    }

    fn end(&self) -> usize {
        self.place + self.words
    }
}

impl Plan {
    /// Places the activations of a network.
    pub(crate) fn new(graph: &Graph<'_>) -> Self {
        let (blocks, of, in_place) = blocks(graph);
        let blocks = best(blocks);
        let alive = |step: usize| blocks.iter().filter(move |block| (block.lives[0]..=block.lives[1]).contains(&step));
        let behind = |step| alive(step).map(Block::end).max().unwrap_or_default();
        Self {
            places: of.iter().map(|&block| blocks[block].place).collect(),
            in_place,
            scratch: (1..=graph.steps.len()).map(behind).collect(),
            words: words(&blocks),
        }
    }
}

/// The blocks of a network, not placed yet, the number of each activation's block, and which steps write in place.
/// Step `i` has time `i + 1`.
fn blocks(graph: &Graph<'_>) -> (Vec<Block>, Vec<usize>, Vec<bool>) {
    // When each activation is read for the last time; the output is read after all steps.
    let mut last = vec![0; graph.activations.len()];
    for (number, step) in graph.steps.iter().enumerate() {
        step.inputs.iter().for_each(|&input| last[input] = number + 1);
    }
    last[graph.output] = graph.steps.len() + 1;
    let block = |number: usize, time: usize| Block {
        words: graph.activations[number].words(),
        lives: [time, time.max(last[number])],
        place: 0,
    };
    let mut blocks = vec![block(graph.input, 0)];
    let mut of = vec![0; graph.activations.len()];
    let mut in_place = Vec::new();
    for (number, step) in graph.steps.iter().enumerate() {
        let time = number + 1;
        let onto = match step.inputs[..] {
            [a, b] if matches!(step.kind, Kind::Two { .. } | Kind::Float(Float::Add { .. })) => {
                // Neither input is broadcast.
                let same =
                    |input: usize| graph.activations[input].elements() == graph.activations[step.output].elements();
                same(a) && same(b) && of[a] != of[b] && blocks[of[a]].lives[1] == time
            }
            _ => false,
        };
        in_place.push(onto);
        of[step.output] = if onto || matches!(step.kind, Kind::View) {
            let block = of[step.inputs[0]];
            blocks[block].lives[1] = blocks[block].lives[1].max(last[step.output]);
            block
        } else {
            blocks.push(block(step.output, time));
            blocks.len() - 1
        };
    }
    (blocks, of, in_place)
}

/// The words that blocks take.
fn words(blocks: &[Block]) -> usize {
    blocks.iter().map(Block::end).max().unwrap_or_default()
}

/// Places the blocks in several orders, and takes the best: the largest first; as they are computed; those of the
/// fullest step first, then those of the next fullest.
fn best(blocks: Vec<Block>) -> Vec<Block> {
    let largest = |number: &usize| std::cmp::Reverse(blocks[*number].words);
    let steps = 0..=blocks.iter().map(|block| block.lives[1]).max().unwrap_or_default();
    // What lives at each step.
    let mut fullness = vec![0; steps.end() + 2];
    for block in &blocks {
        fullness[block.lives[0]] += block.words as i64;
        fullness[block.lives[1] + 1] -= block.words as i64;
    }
    let mut alive = 0;
    for words in &mut fullness {
        alive += *words;
        *words = alive;
    }
    let fullest = |number: &usize| {
        let [first, last] = blocks[*number].lives;
        let most = fullness[first..=last].iter().max().copied().unwrap_or_default();
        (std::cmp::Reverse(most), largest(number))
    };
    let numbers: Vec<usize> = (0..blocks.len()).collect();
    let (mut by_size, mut by_step) = (numbers.clone(), numbers.clone());
    by_size.sort_by_key(largest);
    by_step.sort_by_key(fullest);
    let plans = [by_size, by_step, numbers].map(|order| placed(blocks.clone(), &order));
    plans.into_iter().min_by_key(|plan| words(plan)).unwrap_or(blocks)
}

/// Places the blocks in this order.
fn placed(mut blocks: Vec<Block>, order: &[usize]) -> Vec<Block> {
    // Ordered by place.
    let mut done: Vec<Block> = Vec::new();
    for &number in order {
        let mut block = blocks[number];
        // The first gap that is wide enough.
        for other in done.iter().filter(|other| other.meets(&blocks[number])) {
            if block.place + block.words <= other.place {
                break;
            }
            block.place = block.place.max(other.end());
        }
        let at = done.partition_point(|other| other.place <= block.place);
        done.insert(at, block);
        blocks[number] = block;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words for blocks given as `(words, first step, last step)`.
    fn arena(blocks: &[(usize, usize, usize)]) -> usize {
        let blocks = blocks.iter().map(|&(words, first, last)| Block { words, lives: [first, last], place: 0 });
        let blocks = best(blocks.collect());
        for (i, a) in blocks.iter().enumerate() {
            for b in &blocks[..i] {
                assert!(!a.meets(b) || a.end() <= b.place || b.end() <= a.place, "{a:?} and {b:?}");
            }
        }
        words(&blocks)
    }

    #[test]
    fn a_chain_takes_its_two_largest_neighbours() {
        assert_eq!(arena(&[(10, 0, 1), (20, 1, 2), (5, 2, 3)]), 30);
        // With the largest first at the bottom, the third would lie above the gap that the first leaves.
        assert_eq!(arena(&[(27, 0, 1), (18, 1, 2), (18, 2, 3), (36, 3, 4), (9, 4, 5)]), 54);
    }

    #[test]
    fn what_is_read_later_stays() {
        // A residual: the first block is read again at the end.
        assert_eq!(arena(&[(8, 0, 3), (8, 1, 2), (8, 2, 3), (8, 3, 4)]), 24);
    }

    #[test]
    fn gaps_are_filled() {
        assert_eq!(arena(&[(4, 0, 9), (6, 0, 1), (6, 2, 3), (2, 2, 3), (7, 4, 5)]), 12);
    }
}
