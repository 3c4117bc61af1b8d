//! Which instruction set a program runs on: asked once, by name or for the best.

use core::{fmt, str::FromStr};

use tensorlet::{Portable, kernel::Kernels};

/// Makes [`Isa`] and [`dispatch!`](crate::dispatch) from the instruction sets that a build can have
/// besides the portable one, in the order of [`Isa::NAMES`].
macro_rules! instruction_sets {
    ($d:tt $($(#[$about:meta])* $isa:ident $name:literal)*) => {
        $(use crate::isa::$isa;)*

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
            $($(#[$about])* $isa($isa),)*
        }

        impl Isa {
            /// The instruction sets of this processor, from the plainest to the widest.
            ///
            /// ```
            /// use tensorlet_simd::Isa;
            /// assert_eq!(Isa::available().next().unwrap().name(), "portable");
            /// ```
            pub fn available() -> impl DoubleEndedIterator<Item = Self> {
                [Some(Self::Portable(Portable)) $(, $isa::new().map(Self::$isa))*].into_iter().flatten()
            }

            /// The name by which [`by_name`](Self::by_name) finds it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    Self::Portable(_) => "portable",
                    $(Self::$isa(_) => $name,)*
                }
            }

            /// Runs code on the token of this instruction set. The whole of it, as far as it is inlined,
            /// is compiled for that instruction set, not the kernels alone.
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
                    $(Self::$isa(k) => k.run(f),)*
                }
            }
        }

        /// Evaluates an expression with the token of an [`Isa`]: `dispatch!(isa, |k| expression)`, or
        /// `dispatch!(|k| expression)` for the best one.
        ///
        /// The expression is compiled once for each instruction set and chosen by one branch; by none
        /// where the build is for the best one.
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
        #[macro_export]
        macro_rules! dispatch {
            (|$d k:ident| $d body:expr) => {
                $d crate::dispatch!($d crate::Isa::best(), |$d k| $d body)
            };
            ($d isa:expr, |$d k:ident| $d body:expr) => {
                match $d isa {
                    $d crate::Isa::Portable($d k) => $d body,
                    $($d crate::Isa::$isa($d k) => $d body,)*
                }
            };
        }
    };
}

#[cfg(target_arch = "x86_64")]
instruction_sets! { $
    /// AVX2 with FMA.
    Avx2 "avx2"
    /// AVX-512 F, VL, DQ and BW.
    Avx512 "avx512"
}
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
instruction_sets! { $
    /// NEON of 64-bit Arm.
    Neon "neon"
}
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
instruction_sets! { $
    /// The 128-bit vectors of WebAssembly.
    Simd128 "simd128"
}
#[cfg(dsp)]
instruction_sets! { $
    /// The DSP instructions of Armv7E-M.
    Dsp "dsp"
}
#[cfg(mve)]
instruction_sets! { $
    /// The vectors of Armv8.1-M.
    Mve "mve"
}
#[cfg(not(any(
    target_arch = "x86_64",
    dsp,
    mve,
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
instruction_sets! { $ }

/// Code that runs on a token of any instruction set.
pub trait WithKernels {
    /// What it returns.
    type Output;

    /// Runs it.
    fn with<K: Kernels>(self, k: K) -> Self::Output;
}

impl Isa {
    /// The names of all instruction sets, whatever the processor: from the plainest to the widest.
    pub const NAMES: [&'static str; 7] = ["portable", "dsp", "mve", "simd128", "neon", "avx2", "avx512"];

    /// The widest instruction set of this processor.
    ///
    /// Under `std` this asks the processor, the first time; without, it is what the crate was built
    /// for. In a build for the widest instruction set of all it is a constant; otherwise each call
    /// costs a load and a branch.
    #[inline]
    #[must_use]
    pub fn best() -> Self {
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        if const { !crate::Avx512::BUILT_FOR } {
            return found::best();
        }
        Self::widest()
    }

    /// As [`best`](Self::best), asked anew.
    fn widest() -> Self {
        Self::available().next_back().unwrap_or(Self::Portable(Portable))
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
        if name == "auto" {
            return Ok(Self::best());
        }
        let name = Self::NAMES.into_iter().find(|known| *known == name).ok_or(UnsupportedIsa::Unknown)?;
        Self::available().find(|isa| isa.name() == name).ok_or(UnsupportedIsa::Missing { name })
    }
}

/// What was found when the processor was first asked. The standard library remembers it too, feature
/// by feature: asking that for all features takes eight times as long.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod found {
    use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

    use super::{Avx2, Avx512, Isa, Portable};

    const PORTABLE: u8 = 1;
    const AVX2: u8 = 2;
    const AVX512: u8 = 3;

    /// One of these, or 0 as long as nobody has asked.
    static LEVEL: AtomicU8 = AtomicU8::new(0);

    #[inline]
    pub(super) fn best() -> Isa {
        match LEVEL.load(Relaxed) {
            // SAFETY: `ask` has stored this level when it had such a token.
            AVX512 => Isa::Avx512(unsafe { Avx512::assume() }),
            // SAFETY: as above.
            AVX2 => Isa::Avx2(unsafe { Avx2::assume() }),
            PORTABLE => Isa::Portable(Portable),
            _ => ask(),
        }
    }

    /// Asks and remembers. Threads that do so at once find the same.
    #[cold]
    #[inline(never)]
    fn ask() -> Isa {
        let isa = Isa::widest();
        let level = match isa {
            Isa::Portable(_) => PORTABLE,
            Isa::Avx2(_) => AVX2,
            Isa::Avx512(_) => AVX512,
        };
        LEVEL.store(level, Relaxed);
        isa
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
    /// This processor lacks the instruction set, or this build cannot have it: without the feature
    /// `std`, or for WebAssembly without the target feature `simd128`.
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
