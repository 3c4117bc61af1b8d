//! Finding a GPU and opening it.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use super::OffloadError;

/// Which adapters will do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether an adapter that computes in software will do. It is slower than this library's own kernels on the
    /// same CPU, and is there for tests.
    pub software: bool,
}

/// A GPU that is open: what [`Offload`](super::Offload) plans for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) limits: wgpu::Limits,
    info: wgpu::AdapterInfo,
    lost: Arc<Mutex<Option<String>>>,
}

impl Gpu {
    /// Opens the fastest GPU of this machine.
    ///
    /// # Errors
    /// [`OffloadError::NoAdapter`] without a driver; [`OffloadError::SoftwareAdapter`] where there is one that
    /// computes in software and nothing else; [`OffloadError::NoDevice`] where the driver refuses.
    ///
    /// ```
    /// use tensorlet_host::gpu::{Gpu, OffloadError};
    /// match Gpu::new() {
    ///     Ok(gpu) => println!("{gpu}"),
    ///     Err(OffloadError::NoAdapter { .. } | OffloadError::SoftwareAdapter { .. }) => println!("no GPU here"),
    ///     Err(error) => panic!("{error}"),
    /// }
    /// ```
    pub fn new() -> Result<Self, OffloadError> {
        Self::with(Options::default())
    }

    /// Opens the fastest GPU that will do.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with(options: Options) -> Result<Self, OffloadError> {
        pollster::block_on(Self::open(options))
    }

    async fn open(options: Options) -> Result<Self, OffloadError> {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
        // Validation layers of some distributions complain of valid shaders, and wgpu checks all calls itself.
        descriptor.flags = wgpu::InstanceFlags::empty();
        let instance = wgpu::Instance::new(descriptor);
        let request = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter = instance
            .request_adapter(&request)
            .await
            .map_err(|error| OffloadError::NoAdapter { reason: error.to_string() })?;
        let info = adapter.get_info();
        if info.device_type == wgpu::DeviceType::Cpu && !options.software {
            return Err(OffloadError::SoftwareAdapter { name: info.name });
        }
        let limits = adapter.limits();
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("tensorlet"),
            required_limits: limits.clone(),
            memory_hints: wgpu::MemoryHints::Performance,
            ..Default::default()
        };
        let (device, queue) = adapter
            .request_device(&descriptor)
            .await
            .map_err(|error| OffloadError::NoDevice { name: info.name.clone(), reason: error.to_string() })?;
        let lost = Arc::new(Mutex::new(None));
        let note = Arc::clone(&lost);
        device.set_device_lost_callback(move |reason, message| {
            if let Ok(mut lost) = note.lock() {
                *lost = Some(format!("{reason:?}: {message}"));
            }
        });
        // Where no call waits for an error there is nobody to tell, and wgpu would panic.
        let note = Arc::clone(&lost);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            if let Ok(mut lost) = note.lock() {
                lost.get_or_insert_with(|| error.to_string());
            }
        }));
        Ok(Self { device, queue, limits, info, lost })
    }

    /// The adapter's name as its driver gives it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// The driver, with its version where it tells.
    #[must_use]
    pub fn driver(&self) -> String {
        format!("{} {}", self.info.driver, self.info.driver_info).trim().to_owned()
    }

    /// Whether it computes in software.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.info.device_type == wgpu::DeviceType::Cpu
    }

    /// The largest buffer that a kernel can be given, in bytes.
    #[must_use]
    pub fn largest_binding(&self) -> u64 {
        self.limits.max_storage_buffer_binding_size.min(self.limits.max_buffer_size)
    }

    /// So many 32-bit words, if a kernel can be given a buffer of them.
    ///
    /// # Errors
    /// [`OffloadError::TooLarge`].
    pub(super) fn room(&self, what: &str, words: u64) -> Result<u32, OffloadError> {
        let (bytes, most) = (words.saturating_mul(4), self.largest_binding());
        let words = u32::try_from(words).ok().filter(|_| bytes <= most);
        words.ok_or_else(|| OffloadError::TooLarge { what: what.to_owned(), bytes, most })
    }

    /// The limits that decide what can be planned, by name.
    #[must_use]
    pub fn limits(&self) -> [(&'static str, u64); 6] {
        let limits = &self.limits;
        [
            ("bytes of a buffer", limits.max_buffer_size),
            ("bytes of a binding", limits.max_storage_buffer_binding_size),
            ("bindings of a kernel", limits.max_storage_buffers_per_shader_stage.into()),
            ("invocations of a workgroup", limits.max_compute_invocations_per_workgroup.into()),
            ("bytes of workgroup memory", limits.max_compute_workgroup_storage_size.into()),
            ("workgroups in a dimension", limits.max_compute_workgroups_per_dimension.into()),
        ]
    }

    /// Closes the device: whatever is planned on it reports [`OffloadError::Lost`] from now on.
    pub fn destroy(&self) {
        self.device.destroy();
        if let Ok(mut lost) = self.lost.lock() {
            lost.get_or_insert_with(|| "it was closed".to_owned());
        }
    }

    /// An error if the device is lost.
    pub(super) fn check(&self) -> Result<(), OffloadError> {
        match self.lost.lock() {
            Ok(lost) => lost.as_ref().map_or(Ok(()), |reason| Err(OffloadError::Lost { reason: reason.clone() })),
            Err(_) => Err(OffloadError::Lost { reason: "its state is unknown after a panic".to_owned() }),
        }
    }

    /// Waits for a submission.
    pub(super) fn wait_for(&self, submission: wgpu::SubmissionIndex) -> Result<(), OffloadError> {
        let waited = self.device.poll(wgpu::PollType::Wait { submission_index: Some(submission), timeout: None });
        self.check()?;
        waited.map(|_| ()).map_err(|error| OffloadError::Lost { reason: error.to_string() })
    }

    /// Runs `f`; what the device refuses meanwhile is an error.
    pub(super) fn scoped<T>(&self, what: &str, f: impl FnOnce() -> T) -> Result<T, OffloadError> {
        let scopes = [wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Internal, wgpu::ErrorFilter::Validation]
            .map(|filter| self.device.push_error_scope(filter));
        let value = f();
        let mut refused = None;
        for scope in scopes.into_iter().rev() {
            refused = refused.or(pollster::block_on(scope.pop()));
        }
        self.check()?;
        match refused {
            None => Ok(value),
            Some(error) => Err(OffloadError::Refused { what: what.to_owned(), reason: error.to_string() }),
        }
    }
}

impl fmt::Display for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?}, driver {})", self.info.name, self.info.backend, self.driver())
    }
}
