//! A planned training: its buffers on the device, submissions, and what comes back.

use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
    time::{Duration, Instant},
};

use tensorlet::{Description, optim::Rule};

use super::{
    Clip, Gpu, OffloadError,
    graph::{Graph, Mode, Noise, Premise},
    loss::{self, LossRule},
    noise,
    plan::{Plan, Recording, buffer},
    shader::{BufferId, Kernel, Region, Shader, Strides, Word},
    update::{self, FIRST_NOISE, Layout, NOISE_WORDS, RULE_WORDS},
    weights::Weights,
};

/// What is to be trained, without its types.
#[derive(Debug)]
pub(super) struct Spec<'a> {
    pub(super) description: &'static Description,
    pub(super) copies: u32,
    pub(super) batch: u32,
    /// Steps of a submission at most.
    pub(super) steps: u32,
    /// The type and number of an input's words, and those of all inputs.
    pub(super) input: (Word, u32),
    pub(super) inputs: &'a [u32],
    /// The number of a target's words, and those of all targets.
    pub(super) target: u32,
    pub(super) targets: &'a [u32],
    pub(super) loss: LossRule,
    pub(super) rule: Rule,
    /// Whether each parameter has an optimiser of its own.
    pub(super) grouped: bool,
    pub(super) clip: Clip,
    pub(super) given_noise: bool,
    pub(super) recording: Recording,
}

/// A planned training.
#[derive(Debug)]
pub(super) struct Engine {
    gpu: Gpu,
    pub(super) weights: Weights,
    pub(super) copies: u32,
    pub(super) batch: u32,
    steps: u32,
    plan: Plan,
    layout: Layout,
    noises: Vec<Noise>,
    premises: Vec<Premise>,
    strides: Strides,
    runs: Vec<super::graph::Run>,
    named: Named,
    /// The index of the last loss in its buffer, if there was one.
    last: Option<u32>,
    clip: Clip,
    recording: Recording,
    /// Where losses come back to.
    staging: Vec<wgpu::Buffer>,
}

/// Buffers by what they are for.
#[derive(Clone, Copy, Debug)]
struct Named {
    parameters: BufferId,
    settings: BufferId,
    gradients: BufferId,
    numbers: BufferId,
    control: BufferId,
    order: BufferId,
    states: BufferId,
    losses: BufferId,
    status: BufferId,
}

/// Submissions that may be under way at once: the host prepares one while the device works on the other.
const AHEAD: usize = 2;

impl Engine {
    /// Plans: writes and compiles all kernels, makes all buffers.
    ///
    /// # Errors
    /// What cannot be offloaded, and what is too large for the device.
    pub(super) fn new(gpu: &Gpu, weights: Weights, spec: &Spec<'_>) -> Result<Self, OffloadError> {
        let Spec { copies, batch, steps, .. } = *spec;
        let mode = Mode { training: true, given_noise: spec.given_noise };
        let mut graph = Graph::new(spec.description, &weights, (copies, batch), spec.input, mode)?;
        let targets = graph.buffer_of("the targets of a batch", Word::Integer, batch * spec.target, true);
        let order = graph.buffer_of("the order of the samples", Word::Integer, steps * batch, true);
        let losses = graph.buffer("losses", steps);
        let status = graph.buffer("the state of each network", 1);
        let states = graph.buffer("the optimiser's state", update::states_of(&spec.rule).max(1) * weights.words);
        gather(&mut graph, spec, (targets, order), (losses, status));
        graph.forward()?;
        let sums = loss::kernel(&mut graph, &spec.loss, (targets, spec.target));
        graph.backward()?;
        let table = update::table(&graph);
        let region = graph.buffer_of("the table of parameters", Word::Integer, table.len() as u32, true);
        graph.uploads.push((region, table));
        let buffers = update::Buffers { table: region, states, losses, status };
        update::kernels(&mut graph, (&spec.rule, spec.grouped), spec.clip, sums, &buffers);

        let rules = if spec.grouped { weights.slots.len() as u32 } else { 1 };
        let layout = Layout { noises: graph.noises.len() as u32, rules };
        let strides = Strides { gradients: graph.gradient_words.max(4), numbers: layout.words() };
        graph.buffers[graph.fixed.gradients.0].words = strides.gradients;
        let numbers = u64::from(steps) * u64::from(copies) * u64::from(strides.numbers);
        graph.buffers[graph.fixed.numbers.0].words = gpu.room("the numbers of each step", numbers)?;
        let plan = Plan::new(gpu, &graph.buffers, &graph.kernels, (copies, strides), &HashMap::new())?;
        for (region, words) in &graph.uploads {
            gpu.queue.write_buffer(&plan.buffers[region.buffer.0], 0, bytemuck::cast_slice(words));
        }
        let named = Named {
            parameters: graph.fixed.parameters,
            settings: graph.fixed.settings,
            gradients: graph.fixed.gradients,
            numbers: graph.fixed.numbers,
            control: graph.fixed.control,
            order: order.buffer,
            states: states.buffer,
            losses: losses.buffer,
            status: status.buffer,
        };
        let (noises, runs, premises) = (graph.noises.clone(), graph.runs.clone(), graph.premises.clone());
        let staging = (0..AHEAD)
            .map(|_| {
                let usages = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
                buffer(gpu, "losses on their way back", u64::from(losses.stride * copies), usages)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            gpu: gpu.clone(),
            copies,
            batch,
            steps,
            plan,
            layout,
            noises,
            premises,
            strides,
            runs,
            named,
            last: None,
            clip: spec.clip,
            recording: spec.recording,
            staging,
            weights,
        })
    }

    fn buffer(&self, id: BufferId) -> &wgpu::Buffer {
        &self.plan.buffers[id.0]
    }

    /// The number of kernels of a step.
    pub(super) fn dispatches(&self) -> usize {
        self.plan.len()
    }

    /// Records so many steps as a submission does and throws them away: how long that takes the host.
    pub(super) fn recording_time(&self, steps: u32) -> Result<Duration, OffloadError> {
        self.gpu.check()?;
        self.gpu.scoped("a recording", || {
            let start = Instant::now();
            let commands = self.plan.recorded(&self.gpu, steps, Recording::OnePass).finish();
            let took = start.elapsed();
            drop(commands);
            took
        })
    }

    /// Puts the words of a network's parameters and settings on the device; its optimiser begins anew.
    pub(super) fn write(&mut self, copy: u32, words: &[f32], settings: &[f32]) -> Result<(), OffloadError> {
        self.gpu.check()?;
        self.premises.iter().try_for_each(|premise| premise.check(settings))?;
        let at = |words: usize| u64::from(copy) * 4 * words as u64;
        let write = |id, words: &[f32]| {
            self.gpu.queue.write_buffer(self.buffer(id), at(words.len()), bytemuck::cast_slice(words));
        };
        write(self.named.parameters, words);
        write(self.named.settings, settings);
        // Its last loss, too, which may have stopped it.
        for id in [self.named.states, self.named.status, self.named.losses] {
            let words = self.buffer(id).size() / u64::from(self.copies) / 4;
            write(id, &vec![0.0; words as usize]);
        }
        Ok(())
    }

    /// Changes the settings of a network and leaves all else as it is.
    pub(super) fn write_settings(&self, copy: u32, settings: &[f32]) -> Result<(), OffloadError> {
        self.gpu.check()?;
        self.premises.iter().try_for_each(|premise| premise.check(settings))?;
        let at = u64::from(copy) * 4 * settings.len() as u64;
        self.gpu.queue.write_buffer(self.buffer(self.named.settings), at, bytemuck::cast_slice(settings));
        Ok(())
    }

    /// Gives a layer the random numbers of the next step.
    pub(super) fn write_noise(&self, path: &str, values: &[f32]) -> Result<(), OffloadError> {
        self.gpu.check()?;
        let Some(noise) = self.noises.iter().find(|noise| noise.path == path) else {
            return Err(OffloadError::Order(format!("no layer `{path}` draws random numbers")));
        };
        if values.len() != noise.words as usize {
            return Err(OffloadError::Count {
                what: "random numbers",
                given: values.len(),
                needed: noise.words as usize,
            });
        }
        for copy in 0..self.copies {
            let at = u64::from(copy * noise.region.stride) * 4;
            self.gpu.queue.write_buffer(self.buffer(noise.region.buffer), at, bytemuck::cast_slice(values));
        }
        Ok(())
    }

    /// Trains along an order of samples, `batch` of them in a step. `numbers(step, copy, words)` sets the rules of the
    /// optimiser and returns the factor of the loss and the seed of the step; `done(step, losses)` gets the losses of
    /// all networks.
    pub(super) fn train(
        &mut self,
        order: &[u32],
        mut numbers: impl FnMut(usize, usize, &mut [u32]) -> Result<(f32, u64), OffloadError>,
        mut done: impl FnMut(usize, &[f32]),
    ) -> Result<(), OffloadError> {
        let batch = self.batch as usize;
        let mut under_way: VecDeque<(usize, usize, usize, wgpu::SubmissionIndex)> = VecDeque::new();
        let mut failed = None;
        for (number, part) in order.chunks(self.steps as usize * batch).enumerate() {
            let (first, steps) = (number * self.steps as usize, part.len() / batch);
            let words = match self.numbers(first..first + steps, &mut numbers) {
                Ok(words) => words,
                Err(error) => {
                    // What was submitted before still comes back.
                    failed = Some(error);
                    break;
                }
            };
            let slot = number % AHEAD;
            if under_way.len() == AHEAD
                && let Some(oldest) = under_way.pop_front()
            {
                self.finish(oldest, &mut done)?;
            }
            let submission = self.submit(part, &words, steps as u32, slot)?;
            under_way.push_back((first, steps, slot, submission));
        }
        while let Some(oldest) = under_way.pop_front() {
            self.finish(oldest, &mut done)?;
        }
        failed.map_or(Ok(()), Err)
    }

    /// The numbers of some steps, of all networks in each.
    fn numbers(
        &self,
        steps: Range<usize>,
        numbers: &mut impl FnMut(usize, usize, &mut [u32]) -> Result<(f32, u64), OffloadError>,
    ) -> Result<Vec<u32>, OffloadError> {
        let (copies, first_rule) = (self.copies as usize, self.layout.first_rule() as usize);
        let mut all = vec![0; steps.len() * copies * self.strides.numbers as usize];
        for (at, words) in all.chunks_exact_mut(self.strides.numbers as usize).enumerate() {
            let (head, rules) = words.split_at_mut(first_rule);
            let (scale, seed) = numbers(steps.start + at / copies, at % copies, rules)?;
            head[0] = scale.to_bits();
            head[1] = update::bound(self.clip).to_bits();
            let states = head[FIRST_NOISE as usize..].chunks_exact_mut(NOISE_WORDS as usize);
            self.noises.iter().zip(states).for_each(|(noise, words)| words.copy_from_slice(&noise::state(noise, seed)));
        }
        Ok(all)
    }

    /// Records some steps and submits them.
    fn submit(
        &mut self,
        order: &[u32],
        numbers: &[u32],
        steps: u32,
        slot: usize,
    ) -> Result<wgpu::SubmissionIndex, OffloadError> {
        self.gpu.check()?;
        let queue = &self.gpu.queue;
        queue.write_buffer(self.buffer(self.named.order), 0, bytemuck::cast_slice(order));
        queue.write_buffer(self.buffer(self.named.numbers), 0, bytemuck::cast_slice(numbers));
        let control = [0, 0, self.last.unwrap_or(u32::MAX), 0];
        queue.write_buffer(self.buffer(self.named.control), 0, bytemuck::cast_slice(&control));
        let submission = self.gpu.scoped("a submission", || {
            let mut encoder = self.plan.recorded(&self.gpu, steps, self.recording);
            let (losses, staging) = (self.buffer(self.named.losses), &self.staging[slot]);
            encoder.copy_buffer_to_buffer(losses, 0, staging, 0, losses.size());
            let submission = queue.submit([encoder.finish()]);
            staging.slice(..).map_async(wgpu::MapMode::Read, |_| ());
            submission
        })?;
        self.last = Some(steps - 1);
        Ok(submission)
    }

    /// Waits for a submission and hands out its losses.
    fn finish(
        &self,
        (first, steps, slot, submission): (usize, usize, usize, wgpu::SubmissionIndex),
        done: &mut impl FnMut(usize, &[f32]),
    ) -> Result<(), OffloadError> {
        self.gpu.wait_for(submission)?;
        let staging = &self.staging[slot];
        let words = mapped(&self.gpu, staging)?;
        let stride = words.len() / self.copies as usize;
        for step in 0..steps {
            let losses: Vec<f32> = words.chunks_exact(stride).map(|losses| losses[step]).collect();
            done(first + step, &losses);
        }
        Ok(())
    }

    /// All parameters of a network.
    pub(super) fn read(&self, copy: u32) -> Result<Vec<f32>, OffloadError> {
        self.fetch(self.named.parameters, copy, self.weights.words)
    }

    /// The gradients of the last step of a network, by parameter, in the order in which its values are stored.
    pub(super) fn gradients(&self, copy: u32) -> Result<Vec<(String, Vec<f32>)>, OffloadError> {
        let words = self.fetch(self.named.gradients, copy, self.strides.gradients)?;
        let trained = self.weights.slots.iter().enumerate().filter(|(_, slot)| slot.trained);
        let gradient = |(number, slot): (usize, &super::weights::Slot)| {
            let len = slot.len as usize;
            let mut sum = vec![0.0; len];
            for run in self.runs.iter().filter(|run| run.slot == number) {
                let parts = words[run.offset as usize..].chunks(len.next_multiple_of(4)).take(run.count as usize);
                parts.for_each(|part| sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part));
            }
            (slot.path.clone(), sum)
        };
        Ok(trained.map(gradient).collect())
    }

    fn fetch(&self, id: BufferId, copy: u32, words: u32) -> Result<Vec<f32>, OffloadError> {
        let from = u64::from(copy) * 4 * u64::from(words);
        fetch(&self.gpu, self.buffer(id), from, words)
    }

    /// The buffers that inference shares with training.
    pub(super) fn shared(&self) -> [wgpu::Buffer; 2] {
        [self.named.parameters, self.named.settings].map(|id| self.buffer(id).clone())
    }
}

/// The first kernel of a step: the samples of the batch and their targets, and what became of the last step.
fn gather(
    graph: &mut Graph<'_>,
    spec: &Spec<'_>,
    (targets, order): (Region, Region),
    (losses, status): (Region, Region),
) {
    let ((word, width), target) = (spec.input, spec.target);
    let upload = |graph: &mut Graph<'_>, what, word, words: &[u32]| {
        let region = graph.buffer_of(what, word, words.len() as u32, true);
        graph.uploads.push((region, words.to_vec()));
        region
    };
    let data = upload(graph, "the data set's inputs", word, spec.inputs);
    let labels = upload(graph, "the data set's targets", Word::Integer, spec.targets);
    let mut shader = Shader::new("gather", 1);
    shader.reads("data_at", data);
    shader.reads("label_at", labels);
    shader.reads("order_at", order);
    shader.writes("set_x", graph.values[graph.input.0].region);
    shader.writes("set_t", targets);
    let control = Region { buffer: graph.fixed.control, word: Word::Integer, offset: 0, stride: 0 };
    shader.reads("control_at", control);
    shader.writes("set_control", control);
    let flat = |region: Region| Region { stride: 0, ..region };
    shader.reads("loss_at", flat(losses));
    shader.writes("set_status", flat(status));
    let (batch, copies) = (spec.batch, spec.copies);
    let (inputs, labels) = (batch * width, batch * target);
    // Losses of the output alone have targets without words.
    let set_label = if target == 0 {
        String::new()
    } else {
        format!(
            "if i < {labels}u {{ set_t(i, label_at(order_at(step * {batch}u + i / {target}u) * {target}u + i % {target}u)); }}"
        )
    };
    // Neighbours of a sample share the way to it.
    let each = if width.is_multiple_of(4) { 4 } else { 1 };
    let copies_of_x: String = (0..each).map(|e| format!("set_x(x + {e}u, data_at(source + {e}u));\n")).collect();
    let body = format!(
        "let step = control_at(0u);\nif i == 0u {{ set_control(1u, step + 1u); }}\n\
         let x = i * {each}u;\nif x < {inputs}u {{\n\
         let source = order_at(step * {batch}u + x / {width}u) * {width}u + x % {width}u;\n{copies_of_x}}}\n\
         {set_label}\n\
         if i < {copies}u {{\n\
         var last = control_at(2u);\nif step > 0u {{ last = step - 1u; }}\n\
         if last != 0xffffffffu {{ let loss = loss_at(i * {}u + last); if not_finite_(loss) {{ set_status(i * {}u, loss); }} }}\n}}",
        losses.stride, status.stride
    );
    let items = (inputs / each).max(labels).max(copies);
    let kernel: Kernel = shader.each(items, &body);
    graph.kernels.push(kernel);
}

/// Reads words of a buffer.
pub(super) fn fetch(gpu: &Gpu, buffer: &wgpu::Buffer, from: u64, words: u32) -> Result<Vec<f32>, OffloadError> {
    gpu.check()?;
    let size = u64::from(words) * 4;
    let usages = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    let staging = self::buffer(gpu, "numbers on their way back", u64::from(words), usages)?;
    let submission = gpu.scoped("reading back", || {
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(buffer, from, &staging, 0, size);
        let submission = gpu.queue.submit([encoder.finish()]);
        staging.slice(..).map_async(wgpu::MapMode::Read, |_| ());
        submission
    })?;
    gpu.wait_for(submission)?;
    let mut all = mapped(gpu, &staging)?;
    all.truncate(words as usize);
    Ok(all)
}

/// The words of a buffer that is mapped, which is then given back.
fn mapped(gpu: &Gpu, staging: &wgpu::Buffer) -> Result<Vec<f32>, OffloadError> {
    let view = staging.slice(..).get_mapped_range();
    let words = match view {
        Ok(view) => bytemuck::pod_collect_to_vec(&view),
        Err(error) => {
            gpu.check()?;
            return Err(OffloadError::Lost { reason: error.to_string() });
        }
    };
    staging.unmap();
    Ok(words)
}

/// Words of a rule, for those who fill them.
pub(super) const RULE: usize = RULE_WORDS as usize;
