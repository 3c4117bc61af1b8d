//! Names of parameters, as in PyTorch's `state_dict`.

use core::fmt;

/// The path of a parameter or layer: names joined by dots, `conv1.weight`.
///
/// A path is a linked list on the stack, so that naming needs no allocator.
///
/// ```
/// use tensorlet::Path;
/// let layer = Path::ROOT.join("conv1");
/// assert_eq!(layer.join("weight").to_string(), "conv1.weight");
/// assert!(layer.join("weight").is("conv1.weight"));
/// ```
#[derive(Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: &'a str,
}

impl<'a> Path<'a> {
    /// The path of the network itself: empty.
    pub const ROOT: Path<'static> = Path { parent: None, name: "" };

    /// The path of a part of this one.
    #[must_use]
    pub const fn join(&'a self, name: &'a str) -> Path<'a> {
        Path { parent: Some(self), name }
    }

    /// The last name of the path.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Whether the path is `prefix` or of something inside it.
    ///
    /// ```
    /// use tensorlet::Path;
    /// let (block, conv) = (Path::ROOT.join("block1"), Path::ROOT.join("block1"));
    /// let path = conv.join("conv");
    /// assert!(path.starts_with("block1") && path.starts_with("block1.conv") && path.starts_with(""));
    /// assert!(!path.starts_with("block") && !block.starts_with("block1.conv"));
    /// ```
    #[must_use]
    pub fn starts_with(&self, prefix: &str) -> bool {
        prefix.is_empty() || self.is(prefix) || self.parent.is_some_and(|parent| parent.starts_with(prefix))
    }

    /// Whether the path reads as `text`.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        let Some(rest) = text.strip_suffix(self.name) else { return false };
        match self.parent {
            Some(parent) if !parent.name.is_empty() => rest.strip_suffix('.').is_some_and(|rest| parent.is(rest)),
            _ => rest.is_empty(),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent
            && !parent.name.is_empty()
        {
            write!(f, "{parent}.")?;
        }
        f.write_str(self.name)
    }
}

impl fmt::Debug for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
