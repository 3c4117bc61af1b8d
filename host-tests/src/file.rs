//! Files that are there whole or not at all.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;

/// Writes a file under a temporary name in the same folder, has it stored, and then gives it its
/// name: whoever opens `path` finds the old contents or the new, never a part.
///
/// # Errors
/// Whatever the file system answers; `path` is then as it was, and the temporary file is gone.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path.file_name().unwrap_or(OsStr::new("file"));
    let mut prefix = OsStr::new(".").to_owned();
    prefix.push(name);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    #[cfg(unix)]
    {
        // What any new file gets; less what the user's mask takes away.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
