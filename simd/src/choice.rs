//! Which instruction set a program runs on: asked once, by name or for the best.

use core::{fmt, str::FromStr};

use tensorlet::{Portable, kernel::Kernels};

#[cfg(target_arch = "x86_64")]
use crate::{Avx2, Avx512};

/// An instruction set that this processor has, with its token.
///
/// Choose one per program, or per call of a network, and let [`dispatch!`](crate::dispatch) or
/// [`run`](Self::run) hand the token to the code; a kernel never asks again.
///
/// ```
/// use tensorlet_simd::Isa;
/// println!("running on {}", Isa::best());
/// assert_eq!(Isa::by_name("portable")?.name(), "portable");
/// # Ok::<(), tensorlet_simd::UnsupportedIsa>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Isa {
    /// Plain Rust, on any processor; the same bits everywhere.
    Portable(Portable),
    /// AVX2 with FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// AVX-512 F, VL, DQ and BW.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

/// Code that runs on a token of any instruction set.
pub trait WithKernels {
    /// What it returns.
    type Output;

    /// Runs it.
    fn with<K: Kernels>(self, k: K) -> Self::Output;
}

impl Isa {
    /// The names of all instruction sets, from the plainest to the widest.
    pub const NAMES: [&'static str; 3] = ["portable", "avx2", "avx512"];

    /// The widest instruction set of this processor.
    ///
    /// Under `std` this asks the processor, the first time; without, it is what the crate was built
    /// for.
    #[inline]
    #[must_use]
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(k) = Avx512::new() {
                return Self::Avx512(k);
            }
            if let Some(k) = Avx2::new() {
                return Self::Avx2(k);
            }
        }
        Self::Portable(Portable)
    }

    /// The instruction set of this name: one of [`NAMES`](Self::NAMES), or `auto` for the best.
    ///
    /// # Errors
    /// [`UnsupportedIsa`] for a name that is not known, and for an instruction set that this
    /// processor lacks.
    ///
    /// ```
    /// use tensorlet_simd::{Isa, UnsupportedIsa};
    /// assert!(Isa::by_name("auto").is_ok());
    /// assert_eq!(Isa::by_name("mmx").unwrap_err(), UnsupportedIsa::Unknown);
    /// ```
    pub fn by_name(name: &str) -> Result<Self, UnsupportedIsa> {
        match name {
            "auto" => Ok(Self::best()),
            "portable" => Ok(Self::Portable(Portable)),
            #[cfg(target_arch = "x86_64")]
            "avx2" => Avx2::new().map(Self::Avx2).ok_or(UnsupportedIsa::Missing { name: "avx2" }),
            #[cfg(target_arch = "x86_64")]
            "avx512" => Avx512::new().map(Self::Avx512).ok_or(UnsupportedIsa::Missing { name: "avx512" }),
            _ => match Self::NAMES.into_iter().find(|known| *known == name) {
                Some(name) => Err(UnsupportedIsa::Missing { name }),
                None => Err(UnsupportedIsa::Unknown),
            },
        }
    }

    /// The instruction sets of this processor, from the plainest to the widest.
    ///
    /// ```
    /// use tensorlet_simd::Isa;
    /// assert_eq!(Isa::available().next().unwrap().name(), "portable");
    /// ```
    pub fn available() -> impl Iterator<Item = Self> {
        Self::NAMES.into_iter().filter_map(|name| Self::by_name(name).ok())
    }

    /// The name by which [`by_name`](Self::by_name) finds it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable(_) => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
        }
    }

    /// Runs code on the token of this instruction set. The whole of it, as far as it is inlined, is
    /// compiled for that instruction set, not the kernels alone.
    ///
    /// ```
    /// use tensorlet::kernel::Kernels;
    /// use tensorlet_simd::{Isa, WithKernels};
    /// struct Sum<'a>(&'a [f32]);
    /// impl WithKernels for Sum<'_> {
    ///     type Output = f32;
    ///     fn with<K: Kernels>(self, k: K) -> f32 {
    ///         k.sum(self.0)
    ///     }
    /// }
    /// assert_eq!(Isa::best().run(Sum(&[1.0, 2.0])), 3.0);
    /// ```
    #[inline]
    pub fn run<F: WithKernels>(self, f: F) -> F::Output {
        match self {
            Self::Portable(k) => f.with(k),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(k) => k.run(f),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(k) => k.run(f),
        }
    }
}

/// The best instruction set.
impl Default for Isa {
    fn default() -> Self {
        Self::best()
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// As [`Isa::by_name`].
impl FromStr for Isa {
    type Err = UnsupportedIsa;

    fn from_str(name: &str) -> Result<Self, UnsupportedIsa> {
        Self::by_name(name)
    }
}

/// Why an instruction set cannot be had; the message lists those that can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnsupportedIsa {
    /// No instruction set has that name.
    Unknown,
    /// This processor, or a build without the feature `std` for it, lacks the instruction set.
    Missing {
        /// Its name.
        name: &'static str,
    },
}

impl fmt::Display for UnsupportedIsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(f, "unknown instruction set")?,
            Self::Missing { name } => write!(f, "this processor lacks the instruction set `{name}`")?,
        }
        write!(f, "; available here: auto")?;
        for isa in Isa::available() {
            write!(f, ", {isa}")?;
        }
        Ok(())
    }
}

impl core::error::Error for UnsupportedIsa {}

/// Evaluates an expression with the token of an [`Isa`]: `dispatch!(isa, |k| expression)`, or
/// `dispatch!(|k| expression)` for the best one.
///
/// The expression is compiled once for each instruction set and chosen by one branch.
///
/// ```
/// use tensorlet::kernel::ReduceKernels;
/// use tensorlet_simd::{Isa, dispatch};
/// let x = [1.0, 2.0, 3.0];
/// assert_eq!(dispatch!(|k| k.sum(&x)), 6.0);
/// for isa in Isa::available() {
///     assert_eq!(dispatch!(isa, |k| k.max(&x)), 3.0);
/// }
/// ```
#[cfg(target_arch = "x86_64")]
#[macro_export]
macro_rules! dispatch {
    (|$k:ident| $body:expr) => {
        $crate::dispatch!($crate::Isa::best(), |$k| $body)
    };
    ($isa:expr, |$k:ident| $body:expr) => {
        match $isa {
            $crate::Isa::Portable($k) => $body,
            $crate::Isa::Avx2($k) => $body,
            $crate::Isa::Avx512($k) => $body,
        }
    };
}

/// Evaluates an expression with the token of an [`Isa`]: `dispatch!(isa, |k| expression)`, or
/// `dispatch!(|k| expression)` for the best one.
#[cfg(not(target_arch = "x86_64"))]
#[macro_export]
macro_rules! dispatch {
    (|$k:ident| $body:expr) => {
        $crate::dispatch!($crate::Isa::best(), |$k| $body)
    };
    ($isa:expr, |$k:ident| $body:expr) => {
        match $isa {
            $crate::Isa::Portable($k) => $body,
        }
    };
}
