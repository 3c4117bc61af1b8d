//! Damaged copies of sound bytes, for tests of everything that reads files.

/// A change to a file, its place given as a part of the length: 0 is the start, `u16::MAX` nearly the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Another byte at this place.
    Replace(u16, u8),
    /// A byte more at this place.
    Insert(u16, u8),
    /// A byte less at this place.
    Remove(u16),
    /// Nothing from this place on.
    Cut(u16),
}

/// A copy with these changes, one after the other.
///
/// ```
/// use tensorlet_host::damage::{Damage, damaged};
/// assert_eq!(damaged(b"abcd", &[Damage::Replace(0, b'x'), Damage::Cut(u16::MAX / 2 + 1)]), b"xb");
/// ```
#[must_use]
pub fn damaged(bytes: &[u8], damage: &[Damage]) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    for damage in damage {
        let (Damage::Replace(part, _) | Damage::Insert(part, _) | Damage::Remove(part) | Damage::Cut(part)) = *damage;
        let place = usize::from(part) * copy.len() / 65_536;
        match *damage {
            Damage::Replace(_, byte) => copy.iter_mut().skip(place).take(1).for_each(|old| *old = byte),
            Damage::Insert(_, byte) => copy.insert(place, byte),
            Damage::Remove(_) if !copy.is_empty() => drop(copy.remove(place)),
            Damage::Remove(_) => {}
            Damage::Cut(_) => copy.truncate(place),
        }
    }
    copy
}
