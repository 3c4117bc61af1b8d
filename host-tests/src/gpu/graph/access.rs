//! What a layer's kernels read and write: outputs, gradients, parameters, settings, random numbers.

use super::{Gradient, Graph, Node, Noise, Premise, Run, Value, ValueId, join, unsupported};
use crate::gpu::{
    OffloadError,
    shader::{Region, Shader, Word},
    weights::aligned,
};

impl Graph<'_> {
    /// Gives the text `store_y(i, v)`: the node's output, behind what is added and its function.
    pub(in crate::gpu) fn output(&self, shader: &mut Shader, node: &Node) {
        shader.writes("set_y", self.values[node.y.0].region);
        let mut value = "v".to_owned();
        if let Some(add) = node.add {
            shader.reads("add_at", self.values[add.0].region);
            value = format!("({value} + add_at(i))");
        }
        if let Some(function) = node.function {
            function.value(shader);
            value = format!("activate({value})");
        }
        shader.push(format!("fn store_y(i: u32, v: f32) {{ set_y(i, {value}); }}"));
    }

    /// Where the gradient of a value lies; none if nobody uses the value.
    pub(in crate::gpu) fn gradient(&self, value: ValueId) -> Option<Region> {
        match self.values[value.0].gradient {
            Gradient::Nothing => None,
            Gradient::Alias(region) | Gradient::Own(region) => Some(region),
        }
    }

    /// Gives the text `store_dx(i, v)`, which adds to the gradient of a value, and says so; nothing where it is
    /// not wanted. Whoever uses a value calls this once.
    pub(in crate::gpu) fn gradient_of(&mut self, shader: &mut Shader, value: ValueId) -> bool {
        self.gradient_as(shader, value, "store_dx")
    }

    /// [`gradient_of`](Self::gradient_of) by another name.
    pub(in crate::gpu) fn gradient_as(&mut self, shader: &mut Shader, value: ValueId, name: &str) -> bool {
        let Value { wanted, uses, function, gradient, words, region, .. } = self.values[value.0];
        self.values[value.0].uses = uses.saturating_sub(1);
        if !wanted {
            return false;
        }
        let own = match gradient {
            Gradient::Own(region) => region,
            _ => self.buffer("a gradient", words),
        };
        shader.writes(&format!("{name}_set"), own);
        let mut text = "v".to_owned();
        match gradient {
            Gradient::Nothing => {}
            Gradient::Alias(before) | Gradient::Own(before) => {
                shader.reads(&format!("{name}_before"), before);
                text = format!("(v + {name}_before(i))");
            }
        }
        if let (Some(function), 1) = (function, uses) {
            shader.reads(&format!("{name}_value"), region);
            function.slope(shader, &format!("{name}_slope"));
            text = format!("{name}_slope({text}, {name}_value(i))");
        }
        shader.push(format!("fn {name}(i: u32, v: f32) {{ {name}_set(i, {text}); }}"));
        self.values[value.0].gradient = Gradient::Own(own);
        true
    }

    /// Adds a gradient that lies somewhere else to that of a value: what a sum does for each of its terms.
    pub(in crate::gpu) fn pass_on(&mut self, value: ValueId, dy: Region, path: &str) {
        let Value { wanted, uses, gradient, words, .. } = self.values[value.0];
        if wanted && matches!(gradient, Gradient::Nothing) {
            self.values[value.0].uses = uses.saturating_sub(1);
            self.values[value.0].gradient = Gradient::Alias(dy);
            return;
        }
        let mut shader = Shader::new(format!("{path} sum backward"), self.copies);
        shader.reads("dy_at", dy);
        if self.gradient_of(&mut shader, value) {
            let kernel = shader.each(words, "store_dx(i, dy_at(i));");
            self.kernels.push(kernel);
        }
    }

    /// Multiplies a value's gradient by the derivative of its function where nobody has done so: where it is
    /// another one's as it stands.
    pub(super) fn complete(&mut self, value: ValueId, path: &str) {
        let Value { function: Some(function), gradient: Gradient::Alias(dy), words, region, .. } = self.values[value.0]
        else {
            return;
        };
        let own = self.buffer("a gradient", words);
        let mut shader = Shader::new(format!("{path} function backward"), self.copies);
        shader.reads("dy_at", dy);
        shader.reads("y_at", region);
        shader.writes("set_dx", own);
        function.slope(&mut shader, "slope");
        let kernel = shader.each(words, "set_dx(i, slope(dy_at(i), y_at(i)));");
        self.kernels.push(kernel);
        self.values[value.0].gradient = Gradient::Own(own);
    }

    /// Gives the text a function that reads a parameter of a layer, and says whether there is one.
    pub(in crate::gpu) fn parameter(&self, shader: &mut Shader, node: &Node, name: &str) -> bool {
        let region = self.parameter_region(node, name);
        if let Some(region) = region {
            shader.reads(&format!("{}_at", short(name)), region);
        }
        region.is_some()
    }

    /// Where a parameter of a layer lies, if there is one.
    pub(in crate::gpu) fn parameter_region(&self, node: &Node, name: &str) -> Option<Region> {
        let slot = self.weights.find(&join(&node.path, name))?;
        Some(self.weights.region(slot, self.fixed.parameters))
    }

    /// Where the gradient of a layer's parameter goes, in `count` sums; none if it is not trained.
    pub(in crate::gpu) fn parameter_gradient(&mut self, node: &Node, name: &str, count: u32) -> Option<Region> {
        let slot = self.weights.find(&join(&node.path, name))?;
        (node.trained && self.weights.slots[slot].trained).then(|| self.run(slot, count))
    }

    /// Where a running statistic of a batch goes; it moves by the share that the setting `share` is.
    ///
    /// # Errors
    /// [`OffloadError::Unsupported`] where it would move twice in a step, or is an average over all batches.
    pub(in crate::gpu) fn running_statistic(
        &mut self,
        node: &Node,
        name: &str,
        share: &str,
    ) -> Result<Option<Region>, OffloadError> {
        let places = self.weights.find(&join(&node.path, name)).zip(self.place(&node.path, share));
        let Some((slot, place)) = places else { return Ok(None) };
        if self.running.iter().any(|(at, _)| *at == slot) {
            return Err(unsupported(node.info, &node.path, "its statistics move more than once in a step"));
        }
        let reason = format!("its {share} is None: statistics as the average over all batches. Give it a number");
        let otherwise = unsupported(node.info, &node.path, &reason);
        let premise = Premise { place, value: None, otherwise };
        premise.check(&self.weights.first)?;
        self.premises.push(premise);
        self.running.push((slot, place));
        Ok(Some(self.run(slot, 1)))
    }

    /// The place of a setting among all of them.
    fn place(&self, path: &str, name: &str) -> Option<u32> {
        self.weights.settings.get(&join(path, name)).copied()
    }

    /// A setting that becomes part of the plan: all networks have that of the first.
    pub(in crate::gpu) fn planned_setting(&mut self, node: &Node, name: &str) -> f32 {
        let Some(place) = self.place(&node.path, name) else { return f32::NAN };
        let value = self.weights.first[place as usize];
        let reason = format!("its {name} is another one than when this was planned, which it cannot be");
        let otherwise = unsupported(node.info, &node.path, &reason);
        self.premises.push(Premise { place, value: Some(value), otherwise });
        value
    }

    fn run(&mut self, slot: usize, count: u32) -> Region {
        let offset = self.gradient_words;
        self.runs.push(Run { slot, offset, count });
        self.gradient_words += count * aligned(self.weights.slots[slot].len);
        Region { buffer: self.fixed.gradients, word: Word::Float, offset, stride: Region::OF_GRADIENTS }
    }

    /// Gives the text a function that reads a setting of a layer.
    pub(in crate::gpu) fn setting(&self, shader: &mut Shader, path: &str, name: &str) {
        let place = self.place(path, name).unwrap_or_default();
        let stride = self.buffers[self.fixed.settings.0].words;
        let region = Region { buffer: self.fixed.settings, word: Word::Float, offset: place, stride };
        shader.reads(&format!("{name}_words"), region);
        shader.push(format!("fn {name}() -> f32 {{ return {name}_words(0u); }}"));
    }

    /// A buffer for random numbers of a layer.
    pub(in crate::gpu) fn noise(&mut self, node: &Node, words: u32) -> Noise {
        let region = self.buffer(&format!("the random numbers of `{}`", node.path), words);
        let noise = Noise { path: node.path.clone(), seed: node.seed, region, words, number: self.noises.len() as u32 };
        self.noises.push(noise.clone());
        noise
    }
}

/// A parameter's name as a part of a function's: `out_proj.weight` is `out_proj_weight`.
fn short(name: &str) -> String {
    name.replace('.', "_")
}
