//! The parameters and settings of a network, and where they lie in the device's buffers.

use std::collections::BTreeMap;

use tensorlet::{Module, Parameter, Path, Visitor, VisitorMut};

use super::shader::{BufferId, Region, Word};

/// A parameter, or a running statistic.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) path: String,
    /// Words of it.
    pub(super) len: u32,
    /// Where its words begin in the buffer of all parameters.
    pub(super) offset: u32,
    pub(super) trained: bool,
}

/// What a network holds, as its layers show it.
#[derive(Clone, Debug, Default)]
pub(super) struct Weights {
    pub(super) slots: Vec<Slot>,
    /// Each setting's place in the buffer of all settings.
    pub(super) settings: BTreeMap<String, u32>,
    /// The first network's, in the order of their places.
    pub(super) first: Vec<f32>,
    /// Words of all parameters, each beginning at a multiple of four.
    pub(super) words: u32,
    /// Paths of parameters that are trained in part or hold integers, which a device does not train.
    pub(super) unusual: Vec<String>,
}

/// Parameters begin at multiples of this many words.
const ALIGN: u32 = 4;

pub(super) const fn aligned(words: u32) -> u32 {
    words.next_multiple_of(ALIGN)
}

impl Visitor for Weights {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
        let len = values.len() as u32;
        self.slots.push(Slot { path: parameter.path.to_string(), len, offset: self.words, trained: parameter.trained });
        self.words += aligned(len);
    }

    fn setting(&mut self, path: Path<'_>, value: f32) {
        let place = self.settings.len() as u32;
        self.settings.entry(path.to_string()).or_insert_with(|| {
            self.first.push(value);
            place
        });
    }

    fn partly_trained(&mut self, parameter: Parameter<'_>, _: &[u16], values: &[f32]) {
        self.unusual.push(parameter.path.to_string());
        self.parameter(parameter, values);
    }

    fn int8(&mut self, parameter: Parameter<'_>, _: &[i8]) {
        self.unusual.push(parameter.path.to_string());
    }
}

impl Weights {
    pub(super) fn of<N: Module>(net: &N) -> Self {
        let mut weights = Self::default();
        net.parameters(Path::ROOT, &mut weights);
        weights.words = aligned(weights.words.max(1));
        weights
    }

    /// The number of a parameter.
    pub(super) fn find(&self, path: &str) -> Option<usize> {
        self.slots.iter().position(|slot| slot.path == path)
    }

    /// The words of a parameter in the buffer of all of them.
    pub(super) fn region(&self, slot: usize, buffer: BufferId) -> Region {
        Region { buffer, word: Word::Float, offset: self.slots[slot].offset, stride: self.words }
    }

    /// All words and all settings of a network.
    pub(super) fn values<N: Module>(&self, net: &N) -> (Vec<f32>, Vec<f32>) {
        let mut values = Values {
            weights: self,
            words: vec![0.0; self.words as usize],
            settings: vec![0.0; self.settings.len().max(1)],
            next: 0,
        };
        net.parameters(Path::ROOT, &mut values);
        (values.words, values.settings)
    }

    /// Puts words that came back into a network.
    pub(super) fn put<N: Module>(&self, words: &[f32], net: &mut N) {
        net.parameters_mut(Path::ROOT, &mut Put { weights: self, words, next: 0 });
    }
}

struct Values<'a> {
    weights: &'a Weights,
    words: Vec<f32>,
    settings: Vec<f32>,
    next: usize,
}

impl Visitor for Values<'_> {
    fn parameter(&mut self, _: Parameter<'_>, values: &[f32]) {
        let from = self.weights.slots[self.next].offset as usize;
        self.words[from..from + values.len()].copy_from_slice(values);
        self.next += 1;
    }

    fn setting(&mut self, path: Path<'_>, value: f32) {
        if let Some(&place) = self.weights.settings.get(&path.to_string()) {
            self.settings[place as usize] = value;
        }
    }
}

struct Put<'a> {
    weights: &'a Weights,
    words: &'a [f32],
    next: usize,
}

impl VisitorMut for Put<'_> {
    fn parameter(&mut self, _: Parameter<'_>, values: &mut [f32]) {
        let from = self.weights.slots[self.next].offset as usize;
        values.copy_from_slice(&self.words[from..from + values.len()]);
        self.next += 1;
    }
}
