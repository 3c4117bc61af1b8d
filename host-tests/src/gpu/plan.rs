//! Kernels compiled, buffers made, and everything bound: what a submission only has to name.

use std::collections::HashMap;

use super::{
    Gpu, OffloadError,
    graph::BufferSpec,
    shader::{BufferId, Kernel, Strides},
};

/// A kernel that is ready to run.
#[derive(Debug)]
struct Dispatch {
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
    groups: [u32; 3],
}

/// How the kernels of a submission are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// All steps in one command buffer and one compute pass.
    #[default]
    OnePass,
    /// A command buffer and a submission for each kernel, as who asks a GPU for one operation after the other does:
    /// to measure what [`OnePass`](Self::OnePass) saves.
    EachKernel,
}

/// Kernels in order, with their buffers.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) buffers: Vec<wgpu::Buffer>,
    dispatches: Vec<Dispatch>,
}

/// What all buffers can be used for.
const USAGES: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC).union(wgpu::BufferUsages::COPY_DST);

/// Makes a buffer of words.
///
/// # Errors
/// [`OffloadError::TooLarge`]; what the device says otherwise.
pub(super) fn buffer(
    gpu: &Gpu,
    what: &str,
    words: u64,
    usages: wgpu::BufferUsages,
) -> Result<wgpu::Buffer, OffloadError> {
    let size = 4 * u64::from(gpu.room(what, words.max(4))?);
    let descriptor = wgpu::BufferDescriptor { label: Some(what), size, usage: usages, mapped_at_creation: false };
    gpu.scoped(what, || gpu.device.create_buffer(&descriptor))
}

impl Plan {
    /// Compiles kernels for so many networks. `given` are buffers that are there already.
    ///
    /// # Errors
    /// What is larger than the device allows.
    pub(super) fn new(
        gpu: &Gpu,
        specs: &[BufferSpec],
        kernels: &[Kernel],
        (copies, strides): (u32, Strides),
        given: &HashMap<BufferId, wgpu::Buffer>,
    ) -> Result<Self, OffloadError> {
        let mut buffers = Vec::new();
        for (number, spec) in specs.iter().enumerate() {
            buffers.push(match given.get(&BufferId(number)) {
                Some(buffer) => buffer.clone(),
                None => {
                    let networks = if spec.shared { 1 } else { u64::from(copies) };
                    buffer(gpu, &spec.what, u64::from(spec.words) * networks, USAGES)?
                }
            });
        }
        let mut pipelines = HashMap::new();
        let mut dispatches = Vec::new();
        for kernel in kernels {
            check(gpu, kernel)?;
            let text = kernel.text(strides);
            let made = gpu.scoped(&kernel.label, || {
                let (pipeline, layout) =
                    pipelines.entry(text).or_insert_with_key(|text| compile(gpu, kernel, text)).clone();
                let entries: Vec<_> = kernel
                    .bindings
                    .iter()
                    .enumerate()
                    .map(|(binding, (buffer, _))| wgpu::BindGroupEntry {
                        binding: binding as u32,
                        resource: buffers[buffer.0].as_entire_binding(),
                    })
                    .collect();
                let descriptor =
                    wgpu::BindGroupDescriptor { label: Some(&kernel.label), layout: &layout, entries: &entries };
                Dispatch { pipeline, bindings: gpu.device.create_bind_group(&descriptor), groups: kernel.groups }
            });
            dispatches.push(made?);
        }
        Ok(Self { buffers, dispatches })
    }

    /// Records all kernels so many times, in the encoder that is returned or, in submissions of their own, before it.
    pub(super) fn recorded(&self, gpu: &Gpu, times: u32, recording: Recording) -> wgpu::CommandEncoder {
        let begin = || gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let pass = wgpu::ComputePassDescriptor::default();
        let dispatches = (0..times).flat_map(|_| &self.dispatches);
        let mut encoder = begin();
        match recording {
            Recording::OnePass => {
                let mut pass = encoder.begin_compute_pass(&pass);
                dispatches.for_each(|dispatch| dispatch.record(&mut pass));
            }
            Recording::EachKernel => dispatches.for_each(|dispatch| {
                let mut encoder = begin();
                dispatch.record(&mut encoder.begin_compute_pass(&pass));
                gpu.queue.submit([encoder.finish()]);
            }),
        }
        encoder
    }

    /// The number of kernels.
    pub(super) fn len(&self) -> usize {
        self.dispatches.len()
    }
}

impl Dispatch {
    fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        let [x, y, z] = self.groups;
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.dispatch_workgroups(x, y, z);
    }
}

/// Makes the pipeline of a kernel.
fn compile(gpu: &Gpu, kernel: &Kernel, text: &str) -> (wgpu::ComputePipeline, wgpu::BindGroupLayout) {
    let entries: Vec<_> = kernel
        .bindings
        .iter()
        .enumerate()
        .map(|(binding, (_, writes))| wgpu::BindGroupLayoutEntry {
            binding: binding as u32,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Storage { read_only: !writes },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect();
    let label = Some(kernel.label.as_str());
    let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label, entries: &entries });
    let layouts = wgpu::PipelineLayoutDescriptor { label, bind_group_layouts: &[Some(&layout)], immediate_size: 0 };
    let module = gpu
        .device
        .create_shader_module(wgpu::ShaderModuleDescriptor { label, source: wgpu::ShaderSource::Wgsl(text.into()) });
    let pipeline = gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label,
        layout: Some(&gpu.device.create_pipeline_layout(&layouts)),
        module: &module,
        entry_point: Some("main"),
        // Every word of workgroup memory is written before it is read.
        compilation_options: wgpu::PipelineCompilationOptions {
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        },
        cache: None,
    });
    (pipeline, layout)
}

/// Whether a kernel keeps the device's limits.
fn check(gpu: &Gpu, kernel: &Kernel) -> Result<(), OffloadError> {
    let limits = &gpu.limits;
    let within = |what: &str, needed: u64, most: u64| {
        if needed <= most {
            return Ok(());
        }
        Err(OffloadError::BeyondLimit {
            what: format!("the number of {what} of the kernel `{}`", kernel.label),
            needed,
            most,
        })
    };
    within("bindings", kernel.bindings.len() as u64, u64::from(limits.max_storage_buffers_per_shader_stage))?;
    within("invocations", u64::from(kernel.size), u64::from(limits.max_compute_invocations_per_workgroup))?;
    let groups = kernel.groups.into_iter().max().unwrap_or_default();
    within("workgroups", u64::from(groups), u64::from(limits.max_compute_workgroups_per_dimension))
}
