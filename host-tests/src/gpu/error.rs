//! What can go wrong on the way to a GPU and on it.

/// Why a network cannot be offloaded, or stopped being so. After any of them the network on the host still
/// holds what was last [read back](super::Offload::read).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OffloadError {
    /// There is no driver, or it knows no adapter.
    #[error(
        "no GPU was found: {reason}. Install the driver of your GPU with its Vulkan part (on Debian \
         `libvulkan1` and, for a device in software, `mesa-vulkan-drivers`), or train on the CPU with `Trainer`"
    )]
    NoAdapter {
        /// What the loader said.
        reason: String,
    },
    /// The only adapter computes in software.
    #[error(
        "the only adapter is {name}, which computes in software and is slower than this library's own kernels on \
         the same CPU. Train with `Trainer`, or set `Options::software` where that is what you want, as in tests"
    )]
    SoftwareAdapter {
        /// Its name.
        name: String,
    },
    /// The adapter gave no device.
    #[error("{name} could not be opened: {reason}. Other programs may hold it; update its driver if that is not so")]
    NoDevice {
        /// The adapter's name.
        name: String,
        /// What the driver said.
        reason: String,
    },
    /// A buffer is larger than the device allows.
    #[error(
        "{what} takes {bytes} bytes, and this device binds at most {most} at once. Take a smaller batch or fewer \
         networks; a data set can be trained on part by part"
    )]
    TooLarge {
        /// What the buffer is for.
        what: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        most: u64,
    },
    /// A dispatch, a workgroup or a set of bindings is larger than the device allows.
    #[error("{what} needs {needed}, and this device allows {most}. Take a smaller batch or fewer networks")]
    BeyondLimit {
        /// Which limit of which kernel.
        what: String,
        /// What it needs.
        needed: u64,
        /// The limit.
        most: u64,
    },
    /// A layer that cannot be offloaded.
    #[error("layer `{path}` ({layer}) cannot be offloaded: {reason}. Train this network on the CPU with `Trainer`")]
    Unsupported {
        /// The path of the layer, such as `block1.conv2`.
        path: String,
        /// PyTorch's name of its kind.
        layer: String,
        /// What is missing.
        reason: String,
    },
    /// A loss or an optimiser that cannot be offloaded.
    #[error("{what} cannot be offloaded. Train with it on the CPU with `Trainer`")]
    UnsupportedRule {
        /// Which.
        what: String,
    },
    /// The same complaint as on the CPU: labels out of range, batches of different length.
    #[error(transparent)]
    Network(#[from] tensorlet::Error),
    /// The loss of a step was not finite: the weights of that network are those before the step.
    #[error(
        "the loss of step {step} of network {copy} is {loss}: its weights stay as they were before. Lower the learning rate, clip the gradient, or look for NaN in the data"
    )]
    NonFiniteLoss {
        /// The step, counted from 0 over all calls.
        step: u64,
        /// The network, from 0.
        copy: usize,
        /// The loss.
        loss: f32,
    },
    /// An order of samples that does not fill batches, or names samples that there are not.
    #[error("{0}")]
    Order(String),
    /// A number of things that have to agree and do not.
    #[error("{what}: {given} where {needed} are needed")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many there are.
        given: usize,
        /// How many there have to be.
        needed: usize,
    },
    /// The device stopped working.
    #[error("the GPU was lost: {reason}. Open it anew and plan again, from the weights that were last read back")]
    Lost {
        /// What the driver said.
        reason: String,
    },
    /// The device refused what this library gave it: a fault of this library or of the driver.
    #[error("the GPU refused {what}: {reason}. Please report this with the adapter's name and driver")]
    Refused {
        /// What.
        what: String,
        /// Why.
        reason: String,
    },
}
